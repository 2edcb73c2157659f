"""Exercises: a question about a passage, the reasoning that leads to the answer, and the answer, in this order.

Phi-4 technical report, section 2.2 ("rewrite and augment", and the deduction chains of "Q&A from organic
sources"): useful content of a passage becomes an exercise. Up to TRIES answers are drawn, each cooler than
the one before, until one passes the checks.
"""

import dataclasses
import re
from dataclasses import dataclass
from typing import Any, Literal

from schemas.synthesis import Model, RecipeUse
from synth.asking import Ask, Prompt, Sampling
from synth.llm.structured import ask_json
from synth.recipes import templates
from synth.recipes.provenance import provenance
from synth.recipes.recipe import Draft, Rejected, Seed
from synth.seeds import sentences
from synth.validators.exercise import unworkable
from synth.validators.grounding import shared_share, ungrounded
from synth.validators.language import foreign
from synth.validators.loops import looping
from synth.validators.talk import out_of_role

NAME = "exercise"
VERSION = 1
TRIES = 4
COOLER = 0.7  # temperature of a try, as a share of the one before
FACT_WORDS = range(6, 41)  # of the sentence that a few-shot exercise is about

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "question": {"type": "string", "minLength": 1},
        "self_contained": {"type": "boolean"},
        "steps": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
        "answer": {"type": "string", "minLength": 1},
    },
    "required": ["question", "self_contained", "steps", "answer"],
    "additionalProperties": False,
}
_FIELDS = re.compile(
    r"\s*(?P<question>[^\n]+)\nReasoning: *(?P<solution>[^\n]+)\nAnswer: *(?P<answer>[^\n]+)\s*"
)
_MEANS_THE_PASSAGE = re.compile(
    r"\b(?:passage|text|author|excerpt|paragraph|article|above|according to)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class _Exercise:
    question: str
    solution: str
    answer: str
    self_contained: bool


class Exercise:
    bucket: Literal["synthetic"] = "synthetic"

    def __init__(self, use: RecipeUse, model: Model):
        self._use = use
        self._endpoint = model.endpoint
        self._metadata = provenance(NAME, VERSION, model)

    def fingerprint(self) -> str:
        return templates.fingerprint(NAME, VERSION)

    async def write(self, seed: Seed, ask: Ask) -> Draft | Rejected:
        keys: list[str] = []
        fault = ""
        facts = _facts(seed.text)
        if self._endpoint == "completion" and not facts:
            return Rejected("no_fact", ())
        for attempt in range(TRIES):
            exercise, key = await (
                self._told(seed, ask, attempt)
                if self._endpoint == "chat"
                else self._shown(seed, facts[attempt % len(facts)], ask, attempt)
            )
            keys.append(key)
            fault = exercise if isinstance(exercise, str) else _fault(exercise, seed.text) or ""
            if isinstance(exercise, _Exercise) and not fault:
                return Draft(_laid_out(exercise, seed.text), tuple(keys), self._metadata)
        return Rejected(fault, tuple(keys))

    async def _told(self, seed: Seed, ask: Ask, attempt: int) -> tuple[_Exercise | str, str]:
        """From a model that follows instructions: JSON."""
        prompt = self._prompt(seed, attempt, schema=SCHEMA)
        # An answer that can't be read is asked for again, as the attempt between this and the next one.
        prompt = dataclasses.replace(prompt, attempt=2 * attempt)
        value, answer = await ask_json(ask, prompt)
        steps = [step.strip() for step in value["steps"]]
        solution = steps[0] if len(steps) == 1 else "\n".join(f"{k}. {s}" for k, s in enumerate(steps, 1))
        exercise = _Exercise(
            value["question"].strip(), solution, value["answer"].strip(), value["self_contained"]
        )
        return exercise, answer.key

    async def _shown(self, seed: Seed, fact: str, ask: Ask, attempt: int) -> tuple[_Exercise | str, str]:
        """From a model that goes on with examples: three lines about a sentence of the passage, another each time."""
        answer = await ask(
            self._prompt(seed, attempt, fact=fact, stop=("\n###", "\nPassage:", "\nFact:", "\n\n"))
        )
        if answer.finish == "length":
            return "cut", answer.key
        fields = _FIELDS.fullmatch(answer.text)
        if fields is None:
            return "no_exercise", answer.key
        if not shared_share(fields["answer"], fact):
            return "beside_the_fact", answer.key
        exercise = _Exercise(fields["question"], fields["solution"], fields["answer"], self_contained=False)
        said = " ".join((exercise.question, exercise.solution, exercise.answer))
        return ungrounded(said, seed.text) or exercise, answer.key

    def _prompt(
        self,
        seed: Seed,
        attempt: int,
        *,
        fact: str = "",
        stop: tuple[str, ...] = (),
        schema: dict[str, Any] | None = None,
    ) -> Prompt:
        temperature = self._use.temperature * COOLER**attempt
        sampling = Sampling(self._use.max_tokens, temperature, self._use.top_p, stop=stop)
        content = templates.content(NAME, self._endpoint, passage=seed.text, fact=fact)
        return Prompt(content, sampling, schema, attempt)


def _facts(passage: str) -> list[str]:
    """Sentences that an exercise can be about, the longest first."""
    found = [sentence for sentence in sentences(passage) if len(sentence.split()) in FACT_WORDS]
    return sorted(found, key=len, reverse=True)


def _fault(exercise: _Exercise, seed: str) -> str | None:
    said = "\n".join((exercise.question, exercise.solution, exercise.answer))
    return (
        unworkable(exercise.question, exercise.solution, exercise.answer)
        or looping(exercise.solution)
        or looping(exercise.answer)
        or out_of_role(said)
        or foreign(said, seed)
    )


def _laid_out(exercise: _Exercise, passage: str) -> str:
    needed = not exercise.self_contained or _MEANS_THE_PASSAGE.search(exercise.question)
    return "\n\n".join(
        (
            *([passage] if needed else []),
            f"Question: {exercise.question}",
            f"Solution: {exercise.solution}",
            f"Answer: {exercise.answer}",
        )
    )
