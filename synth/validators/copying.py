"""Texts that are their seed over again."""

from typing import Literal

import numpy as np
import pyarrow as pa

from textkernels.ngrams import ngram_hashes
from textkernels.words import word_hashes

GRAM = 5


def copied_share(text: str, seed: str) -> float:
    """The share of the text's word 5-grams (with repeats) that the seed has too; 0 where it has none."""
    grams, offsets = ngram_hashes(*word_hashes(pa.array([text, seed])), GRAM)
    own, theirs = grams[: offsets[1]], grams[offsets[1] :]
    return float(np.isin(own, theirs).mean()) if own.size else 0.0


def copied(text: str, seed: str, most: float) -> Literal["copy"] | None:
    """Whether more than the share `most` of the text's 5-grams stand in the seed."""
    return "copy" if copied_share(text, seed) > most else None
