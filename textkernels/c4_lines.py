"""The lines that C4 keeps of a text, and why it drops the others (Raffel et al. 2020, section 2.2).

As datatrove 0.10 has it, C4QualityFilter: text is taken by the lines of str.splitlines.
"""

import numpy as np
from numba import njit

from textkernels.byte_masks import BLOCK, between64, block_address, equal64, letter64
from textkernels.character_classes import (
    DIGIT,
    SPACE,
    TERMINAL,
    UPPER,
    classes_at,
    last_character,
    skip_space,
    skip_space_back,
)
from textkernels.line_breaks import behind_line_break, ends_with_dots, find_byte, find_line_break
from textkernels.simd import load8, low_bits, trailing_zeros
from textkernels.white_space import count_words

C4_COUNTS = (
    "lines",
    "long_word_lines",
    "unpunctuated_lines",
    "short_lines",
    "javascript_lines",
    "policy_lines",
    "lorem_ipsum_lines",
    "curly_bracket_lines",
    "lines_kept",
    "words_kept",
    "sentences_kept",
)
"""Columns of `count_c4_lines`. The two after `policy_lines` are lines for which C4 drops the page; they
are looked at further all the same, so a line may count twice. The others add up to `lines`."""

MOST_WORD_CHARS = 1000
FEWEST_WORDS = 3

_ONE = np.uint64(1)


def _needle(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), np.uint8)


_JAVASCRIPT, _LOREM_IPSUM = _needle("javascript"), _needle("lorem ipsum")
_TERMS, _PRIVACY, _COOKIE = _needle("terms of use"), _needle("privacy policy"), _needle("cookie policy")
_USES, _USE_OF, _USE = _needle("uses cookies"), _needle("use of cookies"), _needle("use cookies")
_CITED, _EDIT = _needle("[citation needed]"), _needle("[edit]")
_FOUND_JAVASCRIPT, _FOUND_LOREM, _FOUND_POLICY, _FOUND_CURLY = 1, 2, 4, 8


@njit(forceinline=True)
def _begins_lower(base, at, end, needle):
    """Whether the text at `at` in lower case begins with an ASCII needle."""
    for k in range(needle.size):
        if at >= end:
            return False
        byte = load8(base + at)
        if 0x41 <= byte <= 0x5A:
            byte |= 0x20
        elif byte == 0xE2 and needle[k] == 0x6B:
            # The Kelvin sign is the one other character that is an ASCII letter in lower case.
            if at + 3 > end or load8(base + at + 1) != 0x84 or load8(base + at + 2) != 0xAA:
                return False
            at += 2
            byte = 0x6B
        if byte != needle[k]:
            return False
        at += 1
    return True


@njit(nogil=True)
def _found_at(base, at, end):
    if _begins_lower(base, at, end, _JAVASCRIPT):
        return _FOUND_JAVASCRIPT
    if _begins_lower(base, at, end, _LOREM_IPSUM):
        return _FOUND_LOREM
    if (
        _begins_lower(base, at, end, _TERMS)
        or _begins_lower(base, at, end, _PRIVACY)
        or _begins_lower(base, at, end, _COOKIE)
        or _begins_lower(base, at, end, _USES)
        or _begins_lower(base, at, end, _USE_OF)
        or _begins_lower(base, at, end, _USE)
    ):
        return _FOUND_POLICY
    return 0


@njit(nogil=True)
def _find_marks(base, start, end, size, tail):
    """Which of the words and the curly bracket that C4 looks for are in a line."""
    found = 0
    for at in range(start, end, BLOCK):
        block = block_address(base, at, end, size, tail)
        inside = low_bits(min(BLOCK, end - at))
        if equal64(block, 0x7B) & inside:
            found |= _FOUND_CURLY
        second, third = block + 1, block + 2
        begins = letter64(block, 0x6A) & letter64(second, 0x61) & letter64(third, 0x76)  # jav
        begins |= letter64(block, 0x6C) & letter64(second, 0x6F) & letter64(third, 0x72)  # lor
        begins |= letter64(block, 0x74) & letter64(second, 0x65) & letter64(third, 0x72)  # ter
        begins |= letter64(block, 0x70) & letter64(second, 0x72) & letter64(third, 0x69)  # pri
        begins |= letter64(block, 0x63) & letter64(second, 0x6F) & letter64(third, 0x6F)  # coo
        begins |= letter64(block, 0x75) & letter64(second, 0x73) & letter64(third, 0x65)  # use
        begins &= inside
        while begins:
            found |= _found_at(base, at + trailing_zeros(begins), end)
            begins &= begins - _ONE
    return found


@njit(forceinline=True)
def _equals(base, at, end, needle):
    if at + needle.size > end:
        return False
    for k in range(needle.size):  # noqa: SIM110 - Numba compiles no generator
        if load8(base + at + k) != needle[k]:
            return False
    return True


@njit(forceinline=True)
def _behind_citation(base, at, end, size, classes):
    """Where the citation mark ends that begins at `at`, a bracket; `at` where it is none."""
    behind = at + 1
    while behind < end:
        found, length = classes_at(base, behind, end, size, classes)
        if not found & DIGIT:
            break
        behind += length
    if behind < end and load8(base + behind) == 0x5D:
        return behind + 1
    if _equals(base, at, end, _EDIT):
        return at + _EDIT.size
    if _equals(base, at, end, _CITED):
        return at + _CITED.size
    return at


@njit(nogil=True)
def _without_citations(base, start, end, size, classes, tail, out):
    """Write a line without its citation marks into `out`. Returns its length."""
    length, at = 0, start
    while at < end:
        bracket = find_byte(base, at, end, size, 0x5B, tail)
        for k in range(at, bracket):
            out[length] = np.uint8(load8(base + k))
            length += 1
        if bracket == end:
            break
        at = _behind_citation(base, bracket, end, size, classes)
        if at == bracket:
            out[length] = np.uint8(0x5B)
            length += 1
            at += 1
    return length


@njit(forceinline=True)
def _has_long_word(base, start, end, size, classes):
    """Whether a word of more than MOST_WORD_CHARS characters is in start:end."""
    chars = 0
    at = start
    while at < end:
        found, length = classes_at(base, at, end, size, classes)
        chars = 0 if found & SPACE else chars + 1
        if chars > MOST_WORD_CHARS:
            return True
        at += length
    return False


@njit(nogil=True)
def count_sentences(base, start, end, size, classes, tail):
    """Sentences of a line: at least 1.

    A sentence is at least one character and then a run of TERMINAL characters, with a closing quote
    behind it. The full stop behind an upper-case letter ends none, but the last one of what would
    else be left over does. It is what datatrove's WhitespaceTokenizer finds with

        (?:(?:\\p{Lu}\\.)|.)+?[TERMINAL]+["'”]?
    """
    sentences, begun = 0, start
    abbreviated = False  # whether such a full stop stands behind the last sentence
    for at in range(start, end, BLOCK):
        block = block_address(base, at, end, size, tail)
        ends = equal64(block, 0x2E) | equal64(block, 0x21) | equal64(block, 0x3F)
        ends = (ends | between64(block, 0xC2, 0x33)) & low_bits(min(BLOCK, end - at))
        while ends:
            place = at + trailing_zeros(ends)
            ends &= ends - _ONE
            if place <= begun:
                continue
            found, length = classes_at(base, place, end, size, classes)
            if not found & TERMINAL:
                continue
            if load8(base + place) == 0x2E:
                code, _ = last_character(base, begun, place, size)
                if load8(classes + code) & UPPER:
                    abbreviated = True
                    continue
            begun = place
            while found & TERMINAL:
                begun += length
                if begun >= end:
                    break
                found, length = classes_at(base, begun, end, size, classes)
            if begun < end:
                byte = load8(base + begun)
                if byte == 0x22 or byte == 0x27:
                    begun += 1
                elif byte == 0xE2 and begun + 3 <= end:
                    begun += 3 * (load8(base + begun + 1) == 0x80 and load8(base + begun + 2) == 0x9D)
            sentences += 1
            abbreviated = False
    return max(sentences + abbreviated, 1)


@njit(nogil=True)
def count_c4_lines(base, start, end, size, classes, tail, scratch, counts):
    """Judge the lines of one document, start:end of the `size` bytes at `base`; see `C4_COUNTS`.

    Args:
        classes: address of `character_classes.CLASSES`.
        scratch: uint8, as long as the document.
        counts: int64[11].
    """
    counts[:] = 0
    following = start
    while following < end:
        stop = find_line_break(base, following, end, size, tail)
        first = skip_space(base, following, stop, size, classes)
        last = skip_space_back(base, first, stop, size, classes)
        following = behind_line_break(base, stop, end)
        counts[0] += 1
        words = -1
        if last - first > MOST_WORD_CHARS:
            words, longest = count_words(base, first, last, size, tail)
            if longest > MOST_WORD_CHARS and _has_long_word(base, first, last, size, classes):
                counts[1] += 1
                continue
        line, at, until, readable = base, first, last, size
        if find_byte(base, first, last, size, 0x5B, tail) < last:
            until = _without_citations(base, first, last, size, classes, tail, scratch)
            line, at, readable = scratch.ctypes.data, 0, until
        if not _is_punctuated(line, at, until):
            counts[2] += 1
            continue
        if words < 0:
            words, _ = count_words(base, first, last, size, tail)
        if words < FEWEST_WORDS:
            counts[3] += 1
            continue
        marks = _find_marks(line, at, until, readable, tail)
        counts[6] += marks & _FOUND_LOREM != 0
        if marks & _FOUND_JAVASCRIPT:
            counts[4] += 1
            continue
        counts[7] += marks & _FOUND_CURLY != 0
        if marks & _FOUND_POLICY:
            counts[5] += 1
            continue
        if line != base:
            words, _ = count_words(line, at, until, readable, tail)
        counts[8] += 1
        counts[9] += words
        counts[10] += count_sentences(line, at, until, readable, classes, tail)


@njit(forceinline=True)
def _is_punctuated(base, start, end):
    if start >= end:
        return False
    byte = load8(base + end - 1)
    if byte == 0x2E:
        return not ends_with_dots(base, start, end)
    return byte == 0x3F or byte == 0x21 or byte == 0x22 or byte == 0x27
