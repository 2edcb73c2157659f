"""How much of a text repeats itself: the n-gram rules of Gopher (Rae et al. 2021, table A1)."""

import numpy as np
from numba import njit

from textkernels.mixing import mix64
from textkernels.simd import load64
from textkernels.span_hashes import find_slot, hash_span, new_table, shift_for

TOP_GRAMS = (2, 3, 4)
DUPLICATE_GRAMS = (5, 6, 7, 8, 9, 10)

_B = np.uint64(0x9E3779B97F4A7C15)
_K1, _K2 = np.uint64(0xD6E8FEB86659FD93), np.uint64(0xA0761D6478BD642F)
_ONE, _S29, _S32 = np.uint64(1), np.uint64(29), np.uint64(32)
_SIX, _LOW6 = np.uint64(6), np.uint64(63)
_BITS_A_GRAM = 16
_PREFIX, _LONG_PREFIX = 16, 32  # bytes


@njit(forceinline=True)
def _filter_shift(n):
    bits = 10
    while 1 << bits < _BITS_A_GRAM * n:
        bits += 1
    return np.uint64(64 - bits)


@njit(forceinline=True)
def _clear(seen, twice, shift):
    words = np.int64(_ONE << (np.uint64(58) - shift))
    seen[:words] = 0
    twice[:words] = 0


@njit(forceinline=True)
def _note(seen, twice, bit):
    """Set a bit in `seen`, and in `twice` if it was set."""
    place, mask = np.int64(bit >> _SIX), _ONE << (bit & _LOW6)
    before = seen[place]
    seen[place] = before | mask
    twice[place] |= before & mask


@njit(forceinline=True)
def _noted_twice(twice, bit):
    return np.int64(twice[np.int64(bit >> _SIX)] >> (bit & _LOW6) & _ONE)


@njit(forceinline=True)
def _pair(hashes, k):
    return hashes[k] * _B + hashes[k + 1]


@njit(forceinline=True)
def _prefix(stream, at):
    """A hash of 16 bytes, by its leading bits."""
    x = load64(stream + at) * _K1
    x = (x ^ x >> _S29 ^ load64(stream + at + 8)) * _K2
    return (x ^ x >> _S32) * _B


@njit(forceinline=True)
def _long_prefix(stream, at):
    """The same of 32 bytes."""
    x = (_prefix(stream, at) ^ load64(stream + at + 16)) * _K1
    x = (x ^ x >> _S29 ^ load64(stream + at + 24)) * _K2
    return (x ^ x >> _S32) * _B


@njit(forceinline=True)
def _gram(hashes, k, n):
    h = np.uint64(n)
    for i in range(k, k + n):
        h = h * _B + hashes[i]
    return mix64(h)


@njit(nogil=True)
def top_gram_chars(hashes, chars_at, n_words, seen, twice, candidates, slots, table, stamp, salt, out):
    """Characters of all copies of the most frequent 2-gram, 3-gram and 4-gram of words.

    A gram's characters are those of its words and of n - 1 spaces; of grams that are equally
    frequent the one that comes first counts. 64-bit hashes stand for grams: in a document of a
    million words two differing ones are taken for equal with a probability of 3 * 10^-8.

    Args:
        hashes, chars_at: of the n_words words, see `whitespace_words.take_words`.
        seen, twice: uint64, at least `filter_words(n_words)`.
        candidates, slots: int32[n_words].
        table: of `span_hashes.new_table`; tallies holds how often a gram was met.
        stamp: of the last use of the table.
        out: int64[3]; -1 for an n of which there are no grams.

    Returns:
        The table, another one if it was too small, and the stamp used last.
    """
    out[:] = -1
    if n_words < 2:
        return table, stamp
    shift = _filter_shift(n_words)
    _clear(seen, twice, shift)
    for k in range(n_words - 1):
        _note(seen, twice, _pair(hashes, k) >> shift)
    n_candidates = 0
    for k in range(n_words - 1):
        candidates[n_candidates] = k
        n_candidates += _noted_twice(twice, _pair(hashes, k) >> shift)
    table_shift = shift_for(n_candidates)
    if table[0].size < np.int64(_ONE << np.uint64(64) - table_shift):
        table, stamp = new_table(n_candidates), 0
    keys, stamps, tallies = table
    for place in range(3):
        n = place + 2
        if n_words < n:
            break
        stamp += 1
        for c in range(n_candidates):
            h = _gram(hashes, candidates[c], n)
            slot = find_slot(keys, stamps, table_shift, stamp, salt, h)
            if stamps[slot] != stamp:
                stamps[slot], keys[slot], tallies[slot] = stamp, h, 0
            tallies[slot] += 1
            slots[c] = slot
        best, most, kept = 0, 1, 0
        for c in range(n_candidates):
            tally = tallies[slots[c]]
            if tally > most:
                best, most = candidates[c], tally
            candidates[kept] = candidates[c]
            kept += np.int64(tally > 1)
        out[place] = most * (chars_at[best + n] - chars_at[best] + n - 1)
        # Only where two repeated grams overlap may a longer one be repeated.
        n_candidates = 0
        for c in range(kept - 1):
            k = candidates[c]
            candidates[n_candidates] = k
            n_candidates += np.int64(candidates[c + 1] == k + 1)
    return table, stamp


@njit(nogil=True)
def duplicate_gram_chars(
    stream_at, chars_at, n_words, stream, seen, twice, candidates, repeats, table, stamp, salt, out
):
    """Characters in repeated n-grams of words, for n of 5 to 10, counted without overlap.

    From the first word on: a gram that was met before counts with the characters of its words, and
    the search goes on behind it; one that was not is remembered, and the search goes on at the next
    word. Grams are equal when the words written without spaces are, as datatrove has it.

    Two equal grams of 16 bytes or more have equal first 16 bytes, those of 32 or more equal first 32:
    only where these occur twice, or where a gram is shorter, are grams compared by their hashes.

    Args:
        stream_at, chars_at, stream: see `whitespace_words.take_words`.
        repeats: int32[n_words], to work with; all others are as in `top_gram_chars`.
        out: int64[6].

    Returns:
        The table, another one if it was too small, and the stamp used last.
    """
    out[:] = 0
    grams = n_words - 4
    if grams < 2:
        return table, stamp
    base = stream.ctypes.data
    size = stream.size
    shift = _filter_shift(grams)
    _clear(seen, twice, shift)
    for k in range(grams):
        _note(seen, twice, _prefix(base, stream_at[k]) >> shift)
    n_candidates = 0
    for k in range(grams):
        candidates[n_candidates] = k
        short = np.int64(stream_at[k + 5] - stream_at[k] < _PREFIX)
        n_candidates += _noted_twice(twice, _prefix(base, stream_at[k]) >> shift) | short
    if not n_candidates:
        return table, stamp
    shift = _filter_shift(n_candidates)
    _clear(seen, twice, shift)
    for c in range(n_candidates):
        _note(seen, twice, _long_prefix(base, stream_at[candidates[c]]) >> shift)
    for c in range(n_candidates):
        repeats[c] = _noted_twice(twice, _long_prefix(base, stream_at[candidates[c]]) >> shift)
    table_shift = shift_for(n_candidates)
    if table[0].size < np.int64(_ONE << np.uint64(64) - table_shift):
        table, stamp = new_table(n_candidates), 0
    keys, stamps, _ = table
    for place in range(6):
        n = place + 5
        stamp += 1
        repeated, free = 0, 0
        for c in range(n_candidates):
            k = candidates[c]
            if k + n > n_words:
                break
            start, end = stream_at[k], stream_at[k + n]
            if k < free or (end - start >= _LONG_PREFIX and not repeats[c]):
                continue
            h = hash_span(base, start, end, size)
            slot = find_slot(keys, stamps, table_shift, stamp, salt, h)
            if stamps[slot] == stamp:
                repeated += chars_at[k + n] - chars_at[k]
                free = k + n
            else:
                stamps[slot], keys[slot] = stamp, h
        out[place] = repeated
    return table, stamp


@njit(nogil=True)
def filter_words(n_words):
    """Size of `seen` and `twice` for documents of so many words."""
    return np.int64(_ONE << np.uint64(58) - _filter_shift(n_words))
