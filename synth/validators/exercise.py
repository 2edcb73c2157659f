"""Whether an exercise can be worked: a question that asks, a solution, an answer that answers."""

import re
from typing import Literal

from synth.validators.length import word_count

Fault = Literal[
    "no_question", "no_options", "no_solution", "no_answer", "answer_is_question", "answer_evades"
]

_OPTIONS_MEANT = re.compile(
    r"\b(?:which|what) (?:one )?of (?:the following|these)\b|\bwhich (?:option|statement|sentence)\b",
    re.IGNORECASE,
)
_EVADES = re.compile(
    r"\b(?:the (?:passage|text) (?:does not|doesn't) |not (?:mentioned|stated|known)\b|I don['’]t know|n/a\b)",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\?|^\s*(?:explain|describe|calculate|compute|find|show|prove|determine|list|name|compare|write|give|state"
    r"|estimate|derive|discuss)\b",
    re.IGNORECASE,
)
_FILLERS = frozenset("a an the is are was were be because by of to it that they he she this".split())
LEAST_QUESTION_WORDS = 4


def unworkable(question: str, solution: str, answer: str) -> Fault | None:
    """The first fault of an exercise, or None.

    no_solution: there is none, or it is the answer over again.
    no_options: the question lets choose among options that nobody gave.
    answer_is_question: the answer asks, or has no word of its own (unless the question says "or").
    """
    if word_count(question) < LEAST_QUESTION_WORDS or not _ASKS.search(question):
        return "no_question"
    if _OPTIONS_MEANT.search(question) and "\n" not in question.strip():
        return "no_options"
    if not word_count(answer):
        return "no_answer"
    if not word_count(solution) or _plain(solution) == _plain(answer):
        return "no_solution"
    if answer.rstrip().endswith("?") or _adds_nothing(answer, question):
        return "answer_is_question"
    return "answer_evades" if _EVADES.search(answer) else None


def _adds_nothing(answer: str, question: str) -> bool:
    """Whether every word of the answer stands in the question, which is no fault where that names alternatives."""
    alternatives = "\n" in question.strip() or re.search(r"\b(?:or|oder|ou|o)\b", question)
    return not alternatives and set(_plain(answer).split()) - _FILLERS <= set(_plain(question).split())


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
