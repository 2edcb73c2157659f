"""The words of text that is not plain ASCII: folding, canonical order, hashing.

Arrays are given by their addresses, see `simd`.
"""

import numpy as np
from numba import njit

from textkernels.mixing import mix64
from textkernels.simd import load8, load16, load64, low_bytes, masks16, store64, trailing_zeros
from textkernels.unicode_tables import (
    COMPOSED,
    HANGUL,
    IGNORED,
    MARK,
    RUN,
    SEPARATOR,
    SEQUENCE,
    SINGLE,
)
from textkernels.utf8 import bytes_ahead, decode, is_pair, is_triple, pair_code, triple_code

_ZERO = np.uint64(0)
_S8, _S24, _S32, _S40, _S48 = (np.uint64(bits) for bits in (8, 24, 32, 40, 48))
_U8, _U16, _U24, _U32 = (np.uint64(2**bits - 1) for bits in (8, 16, 24, 32))
_NOT_ASCII = np.uint64(0x80)
_LOWER = np.uint64(0x2020202020202020)
_RUN_ENTRY = np.uint64(RUN) << _S48 | np.uint64(3) << _S32
# Kind and class of what an open word just goes on with: RUN and MARK without a class.
_GOES_ON, _EITHER = np.uint64(MARK << 8), np.uint64((RUN ^ MARK) << 8)
_STANDS_ALONE = np.uint64(SINGLE << 8)


@njit(forceinline=True)
def _kind(entry):
    return np.int64(entry >> _S48)


@njit(forceinline=True)
def _order(entry):
    return np.int64(entry >> _S40 & _U8)


@njit(forceinline=True)
def _number(entry):
    """Length of the spelling, or number of elements."""
    return np.int64(entry >> _S32 & _U8)


@njit(forceinline=True)
def _entry(code, block_of, entries):
    block = load16(block_of + (code >> 7) * 2)
    return load64(entries + (block << 10 | (code & 127) << 3))


@njit(forceinline=True)
def _sequence(entry, sequences):
    """Address of what a COMPOSED or SEQUENCE stands for."""
    return sequences + np.int64(entry & _U32) * 8


@njit(forceinline=True)
def _with_spelling(entry, length, spelling):
    return entry ^ (np.uint64(length) << _S32 | spelling)


@njit(forceinline=True)
def _jamo(code):
    return np.uint64(0xE1 | (0x80 | code >> 6 & 0x3F) << 8 | (0x80 | code & 0x3F) << 16)


@njit(forceinline=True)
def _syllable(code):
    """Spellings of a Hangul syllable's leading consonant and vowel, and of its trailing consonant.

    The Unicode Standard, section 3.12, Hangul syllable decomposition. 0 for no trailing consonant.
    """
    index = np.uint32(code - 0xAC00)
    leading, vowel = np.int64(index // np.uint32(588)), np.int64(index % np.uint32(588) // 28)
    trailing = np.int64(index % np.uint32(28))
    body = _jamo(0x1100 + leading) | _jamo(0x1161 + vowel) << _S24
    return body, _jamo(0x11A7 + trailing) if trailing else _ZERO


@njit(forceinline=True)
def _size(entry, code):
    """How many elements a character stands for."""
    kind = _kind(entry)
    if kind == HANGUL:
        return 3 if _syllable(code)[1] else 2
    return _number(entry) if kind in (COMPOSED, SEQUENCE) else 1


@njit(forceinline=True)
def _element(entry, code, length, spelling, place, sequences):
    """Element `place` of a character."""
    kind = _kind(entry)
    if kind == HANGUL:
        body, trailing = _syllable(code)
        if place == 2:
            return _RUN_ENTRY | trailing
        return _RUN_ENTRY | (body >> _S24 if place else body & _U24)
    if kind == SEQUENCE:
        return load64(_sequence(entry, sequences) + place * 8)
    if kind == COMPOSED:
        return load64(_sequence(entry, sequences) + place * 8 + 16)
    return _with_spelling(entry, length, spelling)


@njit(forceinline=True)
def _append(state, chunk, filled, spelling, length):
    """Hash up to 8 bytes more of a word: its full chunks, the one being filled, the bytes in that."""
    chunk |= spelling << np.uint64(8 * filled)
    filled += length
    if filled >= 8:
        state = mix64(state ^ chunk)
        filled -= 8
        # In two shifts, for a shift by 64 is undefined.
        chunk = spelling >> np.uint64(8 * (length - filled - 1)) >> _S8
    return state, chunk, filled


@njit(forceinline=True)
def _store(state, chunk, filled, start, stop, hashes, starts, ends, n):
    """Write word number n. Returns the number of words."""
    store64(hashes + n * 8, mix64(state ^ chunk) if filled else state)
    if starts:
        store64(starts + n * 8, np.uint64(start))
        store64(ends + n * 8, np.uint64(stop))
    return n + 1


@njit(forceinline=True)
def _ends_word(kind, single):
    """Whether the open word ends before text of a kind."""
    return kind in (SEPARATOR, SINGLE) or (kind == RUN and single)


@njit(forceinline=True)
def _take_run(data, at, far_end, end, block_of, entries, state, chunk, filled):
    """More of the open word, of what is not SINGLE, as long as it has no marks that need order."""
    while at < far_end:
        ahead = load64(data + at)
        if is_pair(ahead):
            code, length, spelling = pair_code(ahead), 2, ahead & _U16
        elif is_triple(ahead):
            code, length, spelling = triple_code(ahead), 3, ahead & _U24
        else:
            break
        entry = _entry(code, block_of, entries)
        if code < 0x80 or (length == 3 and code < 0x800) or at + length > end:
            break
        if entry >> _S48 == HANGUL:
            spelling, tail = _syllable(code)
            state, chunk, filled = _append(state, chunk, filled, spelling, 6)
            if tail:
                state, chunk, filled = _append(state, chunk, filled, tail, 3)
        elif entry >> _S40 | _EITHER == _GOES_ON:
            entry = _with_spelling(entry, length, spelling)
            state, chunk, filled = _append(state, chunk, filled, entry & _U32, _number(entry))
        else:
            break
        at += length
    return at, state, chunk, filled


@njit(forceinline=True)
def _take_singles(
    data, at, far_end, end, block_of, entries, state, chunk, filled, start, stop,
    hashes, starts, ends, n,
):  # fmt: skip
    """More SINGLE characters of 3 bytes behind an open one, the last of which stays open."""
    while at < far_end:
        ahead = load64(data + at)
        code = triple_code(ahead)
        entry = _entry(code, block_of, entries)
        if not is_triple(ahead) or entry >> _S40 != _STANDS_ALONE or code < 0x800 or at + 3 > end:
            break
        n = _store(state, chunk, filled, start, stop, hashes, starts, ends, n)
        entry = _with_spelling(entry, 3, ahead & _U24)
        state, chunk, filled = _ZERO, entry & _U32, _number(entry)
        start, stop = at, at + 3
        at = stop
    return at, n, state, chunk, filled, start, stop


@njit(nogil=True)
def _take_in_order(data, at, end, size, block_of, entries, sequences, word, hashes, starts, ends, n):
    """Take the code point at `at` and all marks up to the next base, in canonical order.

    Stable by combining class, one pass over the run for each class that occurs in it.

    Returns:
        The open word, the number of words, and where the run ends.
    """
    state, chunk, filled, start, stop, single = word
    order, run_end = 0, at
    while order < 256:
        next_order, here = 256, at
        while here < end:
            code, length, spelling = decode(bytes_ahead(data, here, size), end - here)
            entry = _entry(code, block_of, entries)
            before, after = here, here + length
            if _kind(entry) == IGNORED:
                here = after
                continue
            first = _element(entry, code, length, spelling, 0, sequences)
            if here > at and _order(first) == 0:
                break
            here = after
            for place in range(_size(entry, code)):
                element = _element(entry, code, length, spelling, place, sequences)
                if _order(element) != order:
                    if _order(element) > order:
                        next_order = min(next_order, _order(element))
                    continue
                kind = _kind(element)
                if start >= 0 and _ends_word(kind, single):
                    n = _store(state, chunk, filled, start, stop, hashes, starts, ends, n)
                    start = -1
                if kind == SEPARATOR:
                    continue
                if start < 0:
                    state, chunk, filled = _ZERO, _ZERO, 0
                    start, stop, single = before, after, kind == SINGLE
                state, chunk, filled = _append(state, chunk, filled, element & _U32, _number(element))
                stop = max(stop, after)
        order, run_end = next_order, here
    return (state, chunk, filled, start, stop, single), n, run_end


@njit(nogil=True)
def fold_words(data, at, end, size, block_of, entries, sequences, hashes, starts, ends, n):
    """Find words from byte `at`, where none is open, of a document that ends at `end`.

    Args:
        data: address of all documents, of `size` bytes.
        block_of, entries, sequences: addresses of the `UnicodeTables`.
        hashes, starts, ends: addresses of where words go, 8 bytes each, with room for all; starts
            is 0 where spans are not wanted.
        n: number of words found before.

    Returns:
        A byte behind which plain ASCII goes on and where no word is open, or `end`; and the number
        of words.
    """
    state, chunk, filled = _ZERO, _ZERO, 0
    start, stop, single = -1, -1, False
    last_order = 0  # combining class of the last character
    run_at, run_n = at, n  # the character its run of marks began in, and the words before that
    run_word = (state, chunk, filled, start, stop, single)
    far_end = min(end, size - 8)  # up to here 8 bytes are readable
    while at < end:
        ahead = bytes_ahead(data, at, size)
        ascii_ahead = False
        tail = _ZERO
        if ahead & _NOT_ASCII == _ZERO:
            if at + 16 <= size:
                alnum, beyond = masks16(data + at)
                ascii_ahead = beyond == _ZERO
                length = min(trailing_zeros(~alnum), 8, end - at)
            else:
                lower = (ahead | _LOWER) & _U8
                length = np.int64(0x61 <= lower <= 0x7A or 0x30 <= ahead & _U8 <= 0x39)
            spelling = (ahead | _LOWER) & low_bytes(length)
            kind = RUN if length else SEPARATOR
            after = at + max(length, 1)
            last_order = 0
        else:
            code, length, spelling = decode(ahead, end - at)
            entry = _entry(code, block_of, entries)
            kind, order, after = _kind(entry), _order(entry), at + length
            if kind == IGNORED:
                at = after
                continue
            if kind == COMPOSED and after < end and load8(data + after) < 0x80:
                order = 0  # no more marks can follow
            if order or kind == SEQUENCE:
                begins = kind == COMPOSED or last_order == 0 or order == 0
                if begins:
                    run_at, run_n = at, n
                    run_word = (state, chunk, filled, start, stop, single)
                if kind == SEQUENCE or (order < last_order and not begins):
                    (state, chunk, filled, start, stop, single), n, at = _take_in_order(
                        data, run_at, end, size, block_of, entries, sequences, run_word,
                        hashes, starts, ends, run_n,
                    )  # fmt: skip
                    last_order = 0
                    continue
            last_order = order
            if kind == COMPOSED:
                place = _sequence(entry, sequences)
                spelling, whole = load64(place), load64(place + 8)
                kind, length = _kind(whole), _number(whole)
            elif kind == HANGUL:
                spelling, tail = _syllable(code)
                kind, length = RUN, 6
            else:
                entry = _with_spelling(entry, length, spelling)
                spelling, length = entry & _U32, _number(entry)
        if start >= 0 and _ends_word(kind, single):
            n = _store(state, chunk, filled, start, stop, hashes, starts, ends, n)
            start = -1
        if kind == SEPARATOR:
            at = after
            if ascii_ahead:
                return at, n
            continue
        if start < 0:
            state, chunk, filled = _ZERO, _ZERO, 0
            start, single = at, kind == SINGLE
        state, chunk, filled = _append(state, chunk, filled, spelling, length)
        if tail:
            state, chunk, filled = _append(state, chunk, filled, tail, 3)
        at = stop = after
        if last_order:
            continue
        # What most text goes on with, in short loops: more of a word, or words of one character.
        if single:
            at, n, state, chunk, filled, start, stop = _take_singles(
                data, at, far_end, end, block_of, entries, state, chunk, filled, start, stop,
                hashes, starts, ends, n,
            )  # fmt: skip
        else:
            at, state, chunk, filled = _take_run(
                data, at, far_end, end, block_of, entries, state, chunk, filled
            )
            stop = at
    if start >= 0:
        n = _store(state, chunk, filled, start, stop, hashes, starts, ends, n)
    return end, n
