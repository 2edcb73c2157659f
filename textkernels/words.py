"""The words of text and their hashes: the ground all comparison of documents stands on.

Text is taken as its normal form: soft hyphens, joiners and variation selectors are left out,
fullwidth and halfwidth characters become the ordinary ones (the compatibility decompositions
``<wide>`` and ``<narrow>``), and the rest is NFD(casefold(NFD(text))), canonical caseless matching
of the Unicode Standard, section 3.13. A word is then a maximal run of letters, numbers and
combining marks (general categories L, N and M), except that each letter or number of the scripts
Han, Hiragana and Katakana, the prolonged sound mark and the iteration marks among them, makes a
word of its own with the marks that follow it. A byte that is not part of valid UTF-8 separates
words. On ASCII this comes to: lower-case it and split at everything outside a-z and 0-9.

The hash of a word, over the UTF-8 bytes of its normal form cut into chunks of 8, the last one
filled up with zeros:

    h = 0; for chunk: h = mix64(h XOR chunk as a little-endian integer)

with `mixing.mix64`. Words of up to 8 bytes never collide with one another.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numba import njit

from textkernels.columns import text_buffers
from textkernels.mixing import mix64
from textkernels.simd import load8, load64, low_bits, low_bytes, masks64, ones, trailing_zeros
from textkernels.unicode_tables import TABLES
from textkernels.word_folding import fold_words

NORMALISER = "words-1"

_ZERO, _ONE = np.uint64(0), np.uint64(1)
_LOWER = np.uint64(0x2020202020202020)
_BLOCK = 64


@dataclass(frozen=True)
class Words:
    """The words of a column of n_documents.

    hashes: uint64[n_words], of the normal form.
    starts, ends: int64[n_words], byte span in the data `columns.text_buffers` gives for the column.
    offsets: int64[n_documents + 1]; the words of document i are ``offsets[i]:offsets[i + 1]``.
    """

    hashes: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    offsets: np.ndarray


def words(column: pa.Array | pa.ChunkedArray) -> Words:
    """Find the words of a text column, with their places.

    Args:
        column: string, large_string, binary or large_binary; a null has no words.

    Raises:
        TypeError: the column is of another type.
    """
    data, text_offsets = text_buffers(column)
    most = _most_words(data, len(text_offsets))
    hashes = np.empty(most, np.uint64)
    starts, ends = np.empty(most, np.int64), np.empty(most, np.int64)
    offsets = np.empty(len(text_offsets), np.int64)
    n = _find_words(data, text_offsets, *TABLES, hashes, starts, ends, offsets)
    return Words(hashes[:n], starts[:n], ends[:n], offsets)


def word_hashes(column: pa.Array | pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """The same words without their places: hashes uint64[n_words], offsets int64[n_documents + 1].

    Raises:
        TypeError: the column is not of text.
    """
    data, text_offsets = text_buffers(column)
    hashes = np.empty(_most_words(data, len(text_offsets)), np.uint64)
    offsets = np.empty(len(text_offsets), np.int64)
    no_spans = np.empty(0, np.int64)
    n = _find_words(data, text_offsets, *TABLES, hashes, no_spans, no_spans, offsets)
    return hashes[:n], offsets


@njit(forceinline=True)
def _hash_ascii(data, start, end, readable):
    """Hash of the ASCII word start:end, behind which 8 bytes are readable or may not be."""
    h = _ZERO
    while True:
        size = min(end - start, 8)
        if readable:
            chunk = (load64(data + start) | _LOWER) & low_bytes(size)
        else:
            chunk = _ZERO
            for k in range(size):
                chunk |= np.uint64(load8(data + start + k) | 0x20) << np.uint64(8 * k)
        h = mix64(h ^ chunk)
        start += 8
        if start >= end:
            return h


@njit(cache=True, nogil=True)
def _most_words(data, documents):
    """How many words there are at most: exact, but for text that is not ASCII and for edges.

    A word begins with an ASCII letter or digit behind something else, or with another character, of
    2 bytes or more.
    """
    address = data.ctypes.data
    n, beyond_bytes, carry = documents, 0, _ZERO
    tail = np.zeros(_BLOCK, np.uint8)
    for at in range(0, data.size, _BLOCK):
        if at + _BLOCK <= data.size:
            alnum, beyond = masks64(address + at)
        else:
            for k in range(data.size - at):
                tail[k] = data[at + k]
            alnum, beyond = masks64(tail.ctypes.data)
        n += ones(alnum & ~(alnum << _ONE | carry))
        beyond_bytes += ones(beyond)
        carry = alnum >> np.uint64(_BLOCK - 1)
    return n + beyond_bytes // 2


@njit(cache=True, nogil=True)
def _find_words(data, text_offsets, block_of, entries, sequences, hashes, starts, ends, offsets):
    address = data.ctypes.data
    spans = starts.size > 0
    tail = np.zeros(_BLOCK, np.uint8)
    n = 0
    offsets[0] = 0
    for document in range(text_offsets.size - 1):
        at, end = text_offsets[document], text_offsets[document + 1]
        start = -1  # of the word that goes on from the block before
        while at < end:
            size = min(_BLOCK, end - at)
            readable = at + _BLOCK + 8 <= data.size
            if readable:
                alnum, beyond = masks64(address + at)
            else:
                for k in range(size):
                    tail[k] = data[at + k]
                alnum, beyond = masks64(tail.ctypes.data)
            inside = low_bits(size)
            alnum &= inside
            beyond &= inside
            before = alnum << _ONE | np.uint64(start >= 0)
            first = alnum & ~before
            last = before & ~alnum & inside
            if beyond:
                ascii_part = (beyond & (~beyond + _ONE)) - _ONE
                first &= ascii_part
                last &= ascii_part
            n_ended = ones(last)
            if n_ended and start >= 0:
                stop = at + trailing_zeros(last)
                last &= last - _ONE
                hashes[n] = _hash_ascii(address, start, stop, readable)
                if spans:
                    starts[n], ends[n] = start, stop
                n += 1
                n_ended -= 1
                start = -1
            for _ in range(n_ended):
                start, stop = at + trailing_zeros(first), at + trailing_zeros(last)
                first &= first - _ONE
                last &= last - _ONE
                hashes[n] = _hash_ascii(address, start, stop, readable)
                if spans:
                    starts[n], ends[n] = start, stop
                n += 1
                start = -1
            if first:
                start = at + trailing_zeros(first)
            if beyond:
                at = start if start >= 0 else at + trailing_zeros(beyond)
                at, n = fold_words(
                    address, at, end, data.size,
                    block_of.ctypes.data, entries.ctypes.data, sequences.ctypes.data,
                    hashes.ctypes.data, starts.ctypes.data if spans else 0, ends.ctypes.data, n,
                )  # fmt: skip
                start = -1
            else:
                at += size
        if start >= 0:
            hashes[n] = _hash_ascii(address, start, end, end + 8 <= data.size)
            if spans:
                starts[n], ends[n] = start, end
            n += 1
        offsets[document + 1] = n
    return n
