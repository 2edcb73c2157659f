"""The models of a run: what they are, and servers for those that it serves itself."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import RunError
from schemas.synthesis import Model
from synth.llm.embedded import EmbeddedError, find_gguf, identity, require_server, serving


class MissingModel(RunError):
    """A model of the config is not on this machine."""


@dataclass(frozen=True)
class FoundModel:
    """A model that can be asked. `identity` tells it from every other, wherever and however it is served."""

    model: Model
    identity: str
    file: Path | None

    @property
    def named(self) -> Model:
        """The model as answers are stored under: a file by what it holds, not by where it lies."""
        return self.model if self.file is None else self.model.model_copy(update={"gguf": self.identity})


def find_models(models: Mapping[str, Model]) -> dict[str, FoundModel]:
    """Raises MissingModel where a file, or the package that serves it, is not there."""
    found = {}
    for name, model in models.items():
        try:
            if model.gguf is None:
                found[name] = FoundModel(model, f"{model.model} at {model.url}", None)
            else:
                file = find_gguf(model.gguf)
                found[name] = FoundModel(model, identity(file), file)
        except EmbeddedError as error:
            raise MissingModel(f"synthesize.models.{name}: {error}") from error
    return found


def check_servable(models: Mapping[str, FoundModel]) -> None:
    """Raises MissingModel where what serves the models in files is not installed."""
    for name, found in models.items():
        if found.file is not None:
            try:
                require_server()
            except EmbeddedError as error:
                raise MissingModel(f"synthesize.models.{name}: {error}") from error


@contextmanager
def served(models: Mapping[str, FoundModel]) -> Iterator[dict[str, str]]:
    """Base URLs of all models; those in files are served while the block runs.

    Raises MissingModel where a server can't be started.
    """
    with ExitStack() as servers:
        urls = {}
        for name, found in models.items():
            if found.file is None:
                assert found.model.url is not None
                urls[name] = found.model.url
                continue
            try:
                urls[name] = servers.enter_context(
                    serving(found.file, context=found.model.context, slots=found.model.slots)
                )
            except EmbeddedError as error:
                raise MissingModel(f"synthesize.models.{name}: {error}") from error
        yield urls
