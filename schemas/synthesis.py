"""The section `synthesize` of the configuration: which models write what, out of which seeds, within which limits."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.section import Section

Positive = Annotated[int, Field(ge=1)]
EMBEDDED = "embedded"


class Price(Section):
    """What a model's tokens cost, in the currency of `Budget.money`."""

    input: float = Field(ge=0, description="A million prompt tokens.")
    output: float = Field(ge=0, description="A million completion tokens.")


class Model(Section):
    """A model behind an OpenAI-compatible server, or a GGUF file that the run serves itself."""

    gguf: str | None = Field(
        None,
        description="A GGUF file's path, `hf:owner/name/file.gguf`, or the name of an installed package that "
        "carries one. The run starts and stops its server.",
    )
    url: str | None = Field(None, description="Base URL of an OpenAI-compatible server, up to `/v1`.")
    model: str | None = Field(None, description="The model's name on the server.")
    api_key_env: str | None = Field(
        None, description="Environment variable that holds the API key. The key itself is stored nowhere."
    )
    endpoint: Literal["chat", "completion"] = Field(
        "chat", description="`completion` for base models: prompts are few-shot texts, not messages."
    )
    structured: bool = Field(True, description="Whether the server takes a JSON schema for its answer.")
    context: Positive = Field(4096, description="Tokens of prompt and answer together.")
    slots: Positive = Field(4, description="Requests that an embedded model works on at a time.")
    price: Price | None = Field(
        None, description="Needed where the budget caps money; an embedded model is free."
    )

    @model_validator(mode="after")
    def _one_place(self) -> "Model":
        if (self.gguf is None) == (self.url is None):
            raise ValueError("give either `gguf` or `url`")
        if self.url is not None and self.model is None:
            raise ValueError("`url` needs `model`, the model's name on that server")
        return self


class RecipeUse(Section):
    """One recipe at work: what it is given and how much it may write."""

    recipe: str = Field(description="Name of the recipe: `rewrite_web` or `exercise`.")
    model: str = Field(description="Name of a model under `models`.")
    where: str = Field(
        "true", description="SQL condition over the columns of the view `signals` that seed documents meet."
    )
    seeds: Positive = Field(description="Most seeds (passages) taken.")
    seed_words: Positive = Field(
        250, description="Most words of a seed: longer documents give several passages."
    )
    max_tokens: Positive = Field(512, description="Most tokens of one answer.")
    temperature: float = Field(0.7, ge=0, le=2, description="Sampling temperature.")
    top_p: float = Field(0.95, gt=0, le=1, description="Nucleus of the sampling.")


class Budget(Section):
    """Limits of the whole run, divided over the lanes."""

    connections: Positive = Field(64, description="Requests in flight.")
    requests_per_minute: Positive | None = Field(None, description="Requests begun in a minute.")
    tokens_per_minute: Positive | None = Field(None, description="Prompt and completion tokens.")
    money: float | None = Field(
        None, gt=0, description="Most that the run may cost; every model needs a price."
    )
    tokens: Positive | None = Field(None, description="Most completion tokens that the run may ask for.")
    timeout: float = Field(300.0, gt=0, description="Seconds that a request may take.")
    tries: Positive = Field(6, description="Attempts at a request that fails for the server's reasons.")


class Synthesize(Section):
    """Text written by models out of the run's own documents."""

    models: dict[str, Model] = Field(min_length=1, description="Models by a name of your choice.")
    recipes: dict[str, RecipeUse] = Field(
        min_length=1, description="Recipes at work, by a name of your choice."
    )
    budget: Budget = Field(Budget(), description="Limits of the whole run.")
    on_missing: Literal["fail", "skip"] = Field(
        "fail",
        description="When a model's file, or the package that serves it, is not there: end the run, or go on without.",
    )
    lanes: Positive = Field(1, description="Processes that ask; each gets its share of every limit.")

    @model_validator(mode="after")
    def _models_are_there(self) -> "Synthesize":
        for name, use in self.recipes.items():
            if use.model not in self.models:
                raise ValueError(
                    f"recipes.{name} names the model {use.model}; known: {', '.join(self.models)}"
                )
        if self.budget.money is not None:
            for name, model in self.models.items():
                if model.url is not None and model.price is None:
                    raise ValueError(
                        f"budget.money needs models.{name}.price: an unknown price can't be capped"
                    )
        if self.lanes > self.budget.connections:
            raise ValueError("more lanes than connections")
        return self
