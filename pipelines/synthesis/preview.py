"""`syllabus run CONFIG --preview N`: what models make of the first seeds, and what the whole would cost."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import RunError
from pipelines.inspection.excerpts import readable
from pipelines.inspection.plain_json import json_line
from pipelines.storage.run_directory import RunDirectory
from pipelines.synthesis.lanes import ANSWERS, Lanes, Written, prompt_text, work
from pipelines.synthesis.models import FoundModel, served
from pipelines.synthesis.seeding import read_seeds
from schemas.synthesis import Synthesize
from synth.llm.charge import PICO, Tariff
from synth.llm.store import next_generation
from synth.recipes.recipe import Draft, Seed

_PROMPT_CHARACTERS, _TEXT_CHARACTERS = 1_500, 1_500


@dataclass(frozen=True)
class Estimate:
    """One recipe's part of the whole, by the seeds that were tried: requests, tokens and documents of all seeds.

    money: None where the model has no price.
    """

    recipe: str
    tried: int
    kept: int
    seeds: int
    requests: int
    prompt_tokens: int
    completion_tokens: int
    documents: int
    money: float | None

    def as_text(self) -> str:
        cost = "no price given" if self.money is None else f"cost {self.money:,.4f}"
        return (
            f"{self.recipe}: {self.kept} of {self.tried} kept; {self.seeds:,} seeds would take about "
            f"{self.requests:,} requests, {self.prompt_tokens:,} prompt and {self.completion_tokens:,} completion tokens, "
            f"{cost}, and give about {self.documents:,} documents"
        )


def _end_of(prompt: str) -> str:
    """The end of a prompt, where the seed stands."""
    end = readable(prompt[-_PROMPT_CHARACTERS:], _PROMPT_CHARACTERS)
    return f":\n{end}" if len(prompt) <= _PROMPT_CHARACTERS else f", its end:\n…{end}"


@dataclass(frozen=True)
class Preview:
    """Seeds that were tried, and the estimate of the whole."""

    tried: list[dict[str, Any]]
    estimates: list[Estimate]

    def as_json(self) -> str:
        """JSON, one object a line: the seeds, then the estimates."""
        return "\n".join(json_line(row) for row in [*self.tried, *map(asdict, self.estimates)])

    def as_text(self) -> str:
        lines = []
        for one in self.tried:
            lines += [
                f"--- {one['recipe']}, {readable(one['seed_id'], 200)}, from byte {one['seed_start']:,}"
            ]
            lines += [f"seed:\n{readable(one['seed'], _TEXT_CHARACTERS)}"]
            for number, asked in enumerate(one["asked"], 1):
                said = asked["answer"] if asked["failure"] is None else f"no answer: {asked['failure']}"
                lines += [f"prompt {number}{_end_of(asked['prompt'])}"]
                lines += [f"answer {number}:\n{readable(said, _TEXT_CHARACTERS)}"]
            lines += [
                f"kept as:\n{readable(one['text'], _TEXT_CHARACTERS)}"
                if one["reason"] is None
                else f"rejected: {one['reason']} {readable(one['detail'], 500)}"
            ]
        return "\n".join([*lines, "---", *(estimate.as_text() for estimate in self.estimates)])


def preview_synthesis(
    run: RunDirectory, synthesize: Synthesize, models: dict[str, FoundModel], seeds: int
) -> Preview:
    """Have the first seeds written, dealt over the recipes in turn. The answers are stored: the run itself does not
    ask for them again. Raises RunError where a model can't be asked, or where there are no seeds.
    """
    items, totals = _first_seeds(run, list(synthesize.recipes), seeds)
    if not items:
        raise RunError("no document gives a seed; look at synthesize.recipes.*.where and at what is kept")
    tried: list[Written] = []
    with served(models) as urls:
        answers = Path(run.path(ANSWERS))
        lanes = Lanes(synthesize, models, urls, next_generation(answers))
        work(lanes, answers, 0, items, tried.append)
    estimates = [
        _estimate(name, [one for one in tried if one.recipe == name], totals[name], synthesize)
        for name in synthesize.recipes
        if any(one.recipe == name for one in tried)
    ]
    return Preview([_shown(one) for one in tried], estimates)


def _first_seeds(
    run: RunDirectory, recipes: list[str], most: int
) -> tuple[list[tuple[int, str, Seed]], dict[str, int]]:
    """The first seeds of each recipe, `most` in all, and how many seeds every recipe has."""
    totals = dict.fromkeys(recipes, 0)
    first: dict[str, list[tuple[int, str, Seed]]] = {name: [] for name in recipes}
    for ordinal, name, seed in read_seeds(run):
        totals[name] += 1
        if len(first[name]) < most:
            first[name].append((ordinal, name, seed))
    turns: Iterator[tuple[int, str, Seed]] = (
        own[turn] for turn in range(most) for own in first.values() if turn < len(own)
    )
    return [item for _, item in zip(range(most), turns, strict=False)], totals


def _estimate(name: str, tried: list[Written], seeds: int, synthesize: Synthesize) -> Estimate:
    asked = [one for written in tried for one in written.asked]
    answers = [one.answer for one in asked if one.answer is not None]
    prompt = sum(answer.prompt_tokens for answer in answers)
    completion = sum(answer.completion_tokens for answer in answers)
    kept = sum(isinstance(one.outcome, Draft) for one in tried)
    times = seeds / len(tried)
    model = synthesize.models[synthesize.recipes[name].model]
    money = None
    if model.gguf is not None or model.price is not None:
        money = times * Tariff(model.price).of(prompt, completion).money / PICO
    return Estimate(
        name,
        len(tried),
        kept,
        seeds,
        round(times * len(asked)),
        round(times * prompt),
        round(times * completion),
        round(times * kept),
        money,
    )


def _shown(one: Written) -> dict[str, Any]:
    kept = isinstance(one.outcome, Draft)
    return {
        "ordinal": one.ordinal,
        "recipe": one.recipe,
        "seed_id": one.seed.id,
        "seed_doc": one.seed.doc,
        "seed_start": one.seed.start,
        "seed": one.seed.text,
        "asked": [
            {
                "model": asked.model,
                "key": asked.key,
                "prompt": prompt_text(asked.prompt),
                "answer": None if asked.answer is None else asked.answer.text,
                "failure": asked.failure,
            }
            for asked in one.asked
        ],
        "text": one.outcome.text if kept else None,
        "reason": None if kept else one.outcome.reason,
        "detail": None if kept else one.outcome.detail,
    }
