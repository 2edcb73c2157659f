"""Whether a text stays with its source: numbers, names and words that the source does not have."""

import re
from typing import Literal

import numpy as np
import pyarrow as pa

from textkernels.words import word_hashes

MOST_NEW_NAMES = 1
LEAST_SHARED_WORDS = 0.5

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_NAME = re.compile(r"(?<=[\w,;] )[A-ZÀ-ÖØ-Þ][\w’'-]+")
_PLAIN = frozenset("I I'm I’m I'll I’ll I've I’ve".split())


def ungrounded(text: str, source: str) -> Literal["new_numbers", "new_names", "drift"] | None:
    """What a text says that its source does not bear out, as far as words alone can tell.

    new_numbers: a number that the source does not have, however it is punctuated.
    new_names: more than MOST_NEW_NAMES capitalised words inside sentences that the source does not have.
    drift: fewer than LEAST_SHARED_WORDS of its words of 4 letters and more stand in the source.
    """
    if _numbers(text) - _numbers(source):
        return "new_numbers"
    known = source.casefold()
    names = {name for name in _NAME.findall(text) if name not in _PLAIN}
    if sum(_stem(name) not in known for name in names) > MOST_NEW_NAMES:
        return "new_names"
    return "drift" if shared_share(text, source) < LEAST_SHARED_WORDS else None


def shared_share(text: str, source: str) -> float:
    """The share of the text's distinct words of 4 letters and more that the source has; 1 where it has none."""
    long_words = [" ".join(word for word in t.split() if len(word) > 3) for t in (text, source)]
    hashes, offsets = word_hashes(pa.array(long_words))
    own = np.unique(hashes[: offsets[1]])
    return float(np.isin(own, hashes[offsets[1] :]).mean()) if own.size else 1.0


def _numbers(text: str) -> set[str]:
    return {re.sub(r"\D", "", number) for number in _NUMBER.findall(text)}


def _stem(name: str) -> str:
    return re.sub(r"['’]s$", "", name).casefold()
