"""What a recipe is: a seed in, a draft or a refusal out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from schemas.synthesis import Model, RecipeUse
from synth.asking import Ask


@dataclass(frozen=True)
class Seed:
    """A passage of a document: bytes `start` to `end` of the UTF-8 of its text."""

    doc: int
    id: str
    text: str
    start: int
    end: int
    language: str | None = None


@dataclass(frozen=True)
class Draft:
    """A document as a recipe made it. `answers`: keys of the answers that it rests on, in order."""

    text: str
    answers: tuple[str, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rejected:
    """Why a seed gave no document; `reason` is a short slug, counted in the funnel."""

    reason: str
    answers: tuple[str, ...]
    detail: str = ""


class Recipe(Protocol):
    """A recipe for one model and one use. Given the same seed and answers it makes the same outcome."""

    bucket: Literal["web_rewrites", "synthetic"]

    def __init__(self, use: RecipeUse, model: Model): ...

    def fingerprint(self) -> str:
        """Hex digits that change with the recipe's version and its prompts."""
        ...

    async def write(self, seed: Seed, ask: Ask) -> Draft | Rejected:
        """Raises AskError where a question stays without an answer."""
        ...
