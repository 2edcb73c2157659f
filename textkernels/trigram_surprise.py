"""How unlike any language the bytes of a text are: gibberish, in one pass and for any script.

The surprise of a text is the mean of -log2 p over its byte trigrams, p being the share of the trigram in
real text: the mean of its shares in `languages()`, code being one of them. Shares are kept by SLOTS hashes
of trigrams, in steps of UNIT bits, and none is less than 10^-7. The idea is that of character n-gram
models for gibberish and language identification (Cavnar and Trenkle 1994), one for all languages:
languages differ among themselves, so values are to be compared with those of the same language.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from numba import njit

from textkernels.columns import text_buffers
from textkernels.simd import load8, load64

SLOT_BITS = 16
SLOTS = 1 << SLOT_BITS
UNIT = 0.1  # bits

_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_TRIGRAM = np.uint64(0xFFFFFF)
_SHIFT = np.uint64(64 - SLOT_BITS)
_S8, _S16 = np.uint64(8), np.uint64(16)


def trigram_surprise(column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Mean surprise of the byte trigrams of each document, in bits: float64[n].

    NaN for a document of fewer than three bytes. Sums are of integers, so the same on any machine.

    Raises:
        TypeError: the column is not of text.
    """
    data, offsets = text_buffers(column)
    sums = np.empty(len(offsets) - 1, np.int64)
    _sum_surprise(data, offsets, _stored()[0], sums)
    trigrams = np.diff(offsets) - 2
    return np.divide(sums * UNIT, trigrams, out=np.full(len(sums), np.nan), where=trigrams > 0)


def languages() -> tuple[str, ...]:
    """What real text is, by ISO 639-1 code, and "code"."""
    return _stored()[1]


@cache
def _stored() -> tuple[np.ndarray, tuple[str, ...]]:
    with np.load(Path(__file__).with_name("trigram_surprise.npz")) as stored:
        surprise, languages = stored["surprise"], tuple(stored["languages"].tolist())
    surprise.flags.writeable = False
    return surprise, languages


def slots_of(text: bytes) -> np.ndarray:
    """Slots of the trigrams of a text, in order, int64[max(0, bytes - 2)]."""
    codes = np.frombuffer(text, np.uint8).astype(np.uint64)
    trigrams = codes[:-2] | codes[1:-1] << _S8 | codes[2:] << _S16
    return (trigrams * _FACTOR >> _SHIFT).astype(np.int64)


@njit(cache=True, nogil=True)
def _sum_surprise(data, offsets, surprise, sums):
    base, table, size = data.ctypes.data, surprise.ctypes.data, data.size
    for document in range(offsets.size - 1):
        at, end = offsets[document], offsets[document + 1]
        total = 0
        last = min(end - 2, size - 7)  # before this 8 bytes are readable
        # Six trigrams of one load at a time.
        while at + 6 <= last:
            ahead = load64(base + at)
            for k in range(6):
                trigram = ahead >> np.uint64(8 * k) & _TRIGRAM
                total += load8(table + np.int64(trigram * _FACTOR >> _SHIFT))
            at += 6
        while at < end - 2:
            trigram = np.uint64(load8(base + at) | load8(base + at + 1) << 8 | load8(base + at + 2) << 16)
            total += load8(table + np.int64(trigram * _FACTOR >> _SHIFT))
            at += 1
        sums[document] = total
