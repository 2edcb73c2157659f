"""The words and pairs of words that linear models read, as hashes.

Unlike the words that documents are compared by (`textkernels.words`) these keep what tells prose from lists,
menus and code: marks of punctuation are words of their own, and how a number is written counts, not which it
is. Signs are the other visible characters of ASCII, U+0080 to U+00BF and U+2000 to U+207F, and everything
from U+3000 on (scripts without spaces, emoji): each is a word of its own. Blanks and controls of ASCII and
U+00A0 separate. Any other run of characters is a word, in which letters of ASCII are taken in lower case and
digits as ``0``.

A gram is a word or two that follow one another. With the bytes b of a word, modulo 2^64,

    word: h = 0; for b: h = (h XOR b) * 0x100000001B3; h = mix64(h + bytes of the word)
    gram: h >> 32 of a word, mix64(h * 0x9E3779B97F4A7C15 XOR h') >> 32 of a word h and the next, h'
"""

import numpy as np
import pyarrow as pa
from numba import njit

from textkernels.arrays import as_input
from textkernels.columns import text_buffers
from textkernels.mixing import mix64

RULE = "grams-1"

_PRIME, _PAIR, _S32 = np.uint64(0x100000001B3), np.uint64(0x9E3779B97F4A7C15), np.uint64(32)
_BLANK, _WORD, _SIGN = 0, 1, 2


def _classes() -> tuple[np.ndarray, np.ndarray]:
    """Class and folded form of every byte that is not decided by what follows it."""
    kinds = np.full(256, _WORD, np.uint8)
    kinds[:33], kinds[127] = _BLANK, _BLANK
    for byte in range(33, 127):
        if not chr(byte).isalnum():
            kinds[byte] = _SIGN
    folded = np.frombuffer(
        bytes(range(256)).lower().translate(bytes.maketrans(b"123456789", b"0" * 9)), np.uint8
    )
    return kinds, folded


_KINDS, _FOLDED = _classes()


def grams(pieces: pa.Array | pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Hash the grams of each of n pieces of text.

    Args:
        pieces: string, large_string, binary or large_binary; a null has no grams.

    Returns:
        hashes, uint32[m], in the order of the words, each behind the pair that it ends, and offsets,
        int64[n + 1]: those of piece i are ``hashes[offsets[i]:offsets[i + 1]]``.

    Raises:
        TypeError: the column is of another type.
    """
    data, piece_offsets = text_buffers(pieces)
    hashes = np.empty(2 * len(data), np.uint32)
    offsets = np.zeros(len(piece_offsets), np.int64)
    n = _hash_grams(data, as_input(piece_offsets, np.int64, "offsets"), _KINDS, _FOLDED, hashes, offsets)
    return hashes[:n], offsets


@njit(cache=True, nogil=True)
def _hash_grams(data, piece_offsets, kinds, folded, hashes, offsets):
    n = 0
    for piece in range(piece_offsets.size - 1):
        at, end = piece_offsets[piece], piece_offsets[piece + 1]
        before = np.uint64(0)
        has_before = False
        h, size = np.uint64(0), 0  # of the word that is open
        while at <= end:
            # The end of a piece is a blank.
            byte = data[at] if at < end else np.uint8(0)
            kind, length = kinds[byte], 1
            if byte >= 0xC2:
                after = data[at + 1] if at + 1 < end else np.uint8(0)
                if byte == 0xC2:
                    kind = _BLANK if after == 0xA0 else _SIGN
                    length = 2
                elif byte >= 0xE3 or (byte == 0xE2 and after <= 0x81):
                    kind = _SIGN
                    length = 4 if byte >= 0xF0 else 3
            if kind == _WORD:
                h = (h ^ np.uint64(folded[byte])) * _PRIME
                size += 1
                at += 1
                continue
            for sign in (False, True):
                if sign:
                    if kind != _SIGN:
                        break
                    h, size = np.uint64(0), 0
                    for k in range(at, min(at + length, end)):
                        h = (h ^ np.uint64(data[k])) * _PRIME
                        size += 1
                if size:
                    word = mix64(h + np.uint64(size))
                    if has_before:
                        hashes[n] = mix64((before * _PAIR) ^ word) >> _S32
                        n += 1
                    hashes[n] = word >> _S32
                    n += 1
                    before, has_before = word, True
            h, size = np.uint64(0), 0
            at += length
        offsets[piece + 1] = n
    return n
