"""How long a text is, and where an answer that was cut off can end."""

import re
from typing import Literal

import pyarrow as pa

from textkernels.words import word_hashes

_SENTENCE_END = re.compile(r"(?:(?<!\b[A-Z])[.!?…؟।][\"'”’»)\]]*(?=\s|\Z)|[。！？｡][」』）]*)")


def word_count(text: str) -> int:
    return len(word_hashes(pa.array([text]))[0])


def misfit(text: str, least: int, most: int) -> Literal["short", "long"] | None:
    """Whether the text has fewer than `least` or more than `most` words."""
    size = word_count(text)
    return "short" if size < least else "long" if size > most else None


def whole_sentences(text: str) -> str:
    """The text up to the end of its last whole sentence; empty where there is none."""
    end = 0
    for match in _SENTENCE_END.finditer(text):
        end = match.end()
    return text[:end]
