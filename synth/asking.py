"""What recipes and clients say to each other."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True)
class Sampling:
    """How an answer is drawn. `max_tokens` counts completion tokens; `stop` texts end the answer."""

    max_tokens: int
    temperature: float = 0.7
    top_p: float = 0.95
    seed: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True)
class Message:
    role: Role
    content: str


@dataclass(frozen=True)
class Prompt:
    """What a model is asked: messages for a chat endpoint, a text to go on with for a completion endpoint.

    schema: JSON schema of the answer, None for plain text.
    attempt: counts the times that a recipe asks the same again, from 0; it is part of the answer's key.
    """

    content: tuple[Message, ...] | str
    sampling: Sampling
    schema: dict[str, Any] | None = None
    attempt: int = 0


@dataclass(frozen=True)
class Answer:
    """A model's answer, as stored.

    key: 32 hex digits over everything that shaped the answer; names it in the answer store.
    finish: the server's word, `stop` or `length` as a rule.
    """

    key: str
    text: str
    finish: str
    prompt_tokens: int
    completion_tokens: int


class AskError(Exception):
    """A request ended without an answer: `reason` is a short slug for the funnel, the message is for people.

    key: names the request in the answer store, where its last failure is stored too.
    """

    def __init__(self, reason: str, key: str, message: str):
        super().__init__(message)
        self.reason = reason
        self.key = key


Ask = Callable[[Prompt], Awaitable[Answer]]
