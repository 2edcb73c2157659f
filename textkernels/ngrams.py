"""Word n-grams of documents, as 64-bit hashes."""

import numpy as np
from numba import njit

from textkernels.arrays import as_input, as_offsets
from textkernels.mixing import mix64
from textkernels.sorting import sort_hashes

_BASE = np.uint64(0x9E3779B97F4A7C15)
_ZERO = np.uint64(0)


def ngram_hashes(hashes: np.ndarray, offsets: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Hash every n words in a row, in text order.

    A gram of the words w[0] to w[n - 1] has the hash

        mix64((w[0] * B^(n-1) + w[1] * B^(n-2) + ... + w[n-1]) mod 2^64)

    with B = 0x9E3779B97F4A7C15 and `mixing.mix64`: the rolling hash of Karp and Rabin (1987) over
    word hashes. It is the same wherever in whatever document the words stand.

    Args:
        hashes: uint64[n_words].
        offsets: int64[n_documents + 1]; the words of document i are ``offsets[i]:offsets[i + 1]``.
        n: words in a gram, at least 1.

    Returns:
        Hashes uint64[n_grams] and offsets int64[n_documents + 1]. A document of w words has
        max(0, w - n + 1) grams; gram k of document i begins at its word ``offsets[i] + k``.

    Raises:
        TypeError: an array is of another type.
        ValueError: n < 1, or the offsets do not fit the hashes.
    """
    return _grams(hashes, offsets, n, short=False)


def shingles(hashes: np.ndarray, offsets: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """As `ngram_hashes`, but a document of 1 to n - 1 words has one gram, of all its words.

    So short documents can be compared; its hash is that of its words as a gram of their number.
    """
    return _grams(hashes, offsets, n, short=True)


def distinct(hashes: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each document's hashes in ascending order, without repeats.

    Args:
        hashes: uint64[n].
        offsets: int64[n_documents + 1].

    Returns:
        Hashes uint64[at most n] and offsets int64[n_documents + 1].

    Raises:
        TypeError: an array is of another type.
        ValueError: the offsets do not fit the hashes.
    """
    hashes = as_input(hashes, np.uint64, "hashes")
    offsets = as_offsets(offsets, hashes.size)
    out = np.empty(hashes.size, np.uint64)
    out_offsets = np.empty(offsets.size, np.int64)
    size = _distinct(hashes, offsets, out, out_offsets)
    return out[:size], out_offsets


def _grams(hashes: np.ndarray, offsets: np.ndarray, n: int, *, short: bool) -> tuple[np.ndarray, np.ndarray]:
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    hashes = as_input(hashes, np.uint64, "hashes")
    offsets = as_offsets(offsets, hashes.size)
    counts = np.diff(offsets)
    grams = np.maximum(counts - (n - 1), 0)
    if short:
        np.maximum(grams, counts > 0, out=grams)
    out_offsets = np.zeros(offsets.size, np.int64)
    np.cumsum(grams, out=out_offsets[1:])
    out = np.empty(out_offsets[-1], np.uint64)
    _roll(hashes, offsets, n, out, out_offsets)
    return out, out_offsets


@njit(cache=True, nogil=True)
def _roll(hashes, offsets, n, out, out_offsets):
    leaving = np.uint64(1)  # B^(n-1)
    for _ in range(n - 1):
        leaving *= _BASE
    for document in range(offsets.size - 1):
        first, end = offsets[document], offsets[document + 1]
        gram, gram_end = out_offsets[document], out_offsets[document + 1]
        if gram == gram_end:
            continue
        ahead = min(first + n, end)
        h = _ZERO
        for k in range(first, ahead):
            h = h * _BASE + hashes[k]
        out[gram] = mix64(h)
        for k in range(gram_end - gram - 1):
            h = (h - hashes[first + k] * leaving) * _BASE + hashes[ahead + k]
            out[gram + 1 + k] = mix64(h)


@njit(cache=True, nogil=True)
def _distinct(hashes, offsets, out, out_offsets):
    size = 0
    out_offsets[0] = 0
    for document in range(offsets.size - 1):
        first, end = offsets[document], offsets[document + 1]
        # Sorted where they will stand at the latest, then moved up over the repeats.
        sort_hashes(hashes[first:end], out[first:end])
        for k in range(first, end):
            if k == first or out[k] != out[size - 1]:
                out[size] = out[k]
                size += 1
        out_offsets[document + 1] = size
    return size
