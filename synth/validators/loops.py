"""Models that fell into a loop."""

import zlib
from collections import Counter
from typing import Literal

import numpy as np
import pyarrow as pa

from textkernels.ngrams import ngram_hashes
from textkernels.words import word_hashes

GRAM = 4
MOST_REPEATED_GRAMS = 0.2
MOST_OF_ONE_LINE = 3
MOST_COMPRESSION = 4.0
COMPRESSIBLE = 400  # bytes: shorter text says nothing by its compression


def looping(text: str) -> Literal["loop"] | None:
    """Whether a text repeats itself: its word 4-grams, a line, a sentence in a row, or bytes as zlib sees them."""
    return "loop" if _repeats_grams(text) or _repeats_lines(text) or _compresses(text) else None


def _repeats_grams(text: str) -> bool:
    grams, _ = ngram_hashes(*word_hashes(pa.array([text])), GRAM)
    return grams.size > 0 and 1 - np.unique(grams).size / grams.size > MOST_REPEATED_GRAMS


def _repeats_lines(text: str) -> bool:
    lines = Counter(line.strip() for line in text.split("\n") if len(line.strip()) > 3)
    return max(lines.values(), default=0) > MOST_OF_ONE_LINE


def _compresses(text: str) -> bool:
    data = text.encode()
    return len(data) >= COMPRESSIBLE and len(data) / len(zlib.compress(data)) > MOST_COMPRESSION
