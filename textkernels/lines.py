"""Statistics of the lines and paragraphs of a text: the rules of Gopher, FineWeb and mC4 about them.

Three notions of a line meet here, each as datatrove's filter has it: what str.splitlines gives, what
is left when the text is split at every run of line feeds, and what is between two line feeds.
"""

from numba import njit

from textkernels.character_classes import (
    TERMINAL,
    last_character,
    skip_space,
    skip_space_back,
)
from textkernels.character_counts import count_span
from textkernels.line_breaks import (
    behind_line_break,
    ends_with_dots,
    find_blank_line,
    find_byte,
    find_line_break,
)
from textkernels.simd import load8
from textkernels.span_hashes import find_slot, hash_span, shift_for

LINE_COUNTS = ("lines", "bullet_lines", "ellipsis_lines")
"""Columns of `count_lines`."""

FEED_COUNTS = (
    "pieces",
    "duplicate_pieces",
    "duplicate_chars",
    "filled_lines",
    "terminal_lines",
    "short_lines",
    "duplicate_filled_chars",
    "third_longest",
)
"""Columns of `count_feed_lines`: what is left of the text split at runs of line feeds, how many of these
were met before and their characters; of the lines that are not all white space their number, of these
those that end with a terminal character, those of at most SHORT_LINE characters, and the characters of
those met before; characters of the third longest line of all, 0 with fewer than three."""

PARAGRAPH_COUNTS = ("paragraphs", "duplicate_paragraphs", "duplicate_chars")
"""Columns of `count_paragraphs`."""

SHORT_LINE = 30


@njit(nogil=True)
def count_lines(base, start, end, size, classes, tail, counts):
    """Lines of str.splitlines, how many begin with a bullet or hyphen and how many end in an ellipsis.

    White space at the edges of a line is passed over.
    """
    lines, bullets, ellipses = 0, 0, 0
    at = start
    while at < end:
        stop = find_line_break(base, at, end, size, tail)
        lines += 1
        first = skip_space(base, at, stop, size, classes)
        last = skip_space_back(base, first, stop, size, classes)
        if first < last:
            byte = load8(base + first)
            if byte == 0x2D or (byte == 0xE2 and _stands(base, first, last, 0x80, 0xA2)):
                bullets += 1
            byte = load8(base + last - 1)
            if byte == 0x2E:
                ellipses += ends_with_dots(base, first, last)
            elif byte == 0xA6 and last - first >= 3 and load8(base + last - 3) == 0xE2:
                ellipses += _stands(base, last - 3, last, 0x80, 0xA6)
        at = behind_line_break(base, stop, end)
    counts[0], counts[1], counts[2] = lines, bullets, ellipses


@njit(forceinline=True)
def _stands(base, at, end, second, third):
    return at + 3 <= end and load8(base + at + 1) == second and load8(base + at + 2) == third


@njit(nogil=True)
def most_pieces(n_bytes, newlines):
    """How many different lines or paragraphs a document can have, empty ones left out.

    There are 256 of one byte and 65,536 of two; a longer one takes four bytes with its line feed.
    """
    return min(newlines, n_bytes - newlines, 65_792 + n_bytes // 4) + 1


@njit(nogil=True)
def count_feed_lines(base, start, end, size, classes, tail, keys, stamps, stamp, salt, most, counts):
    """Lines between line feeds; see `FEED_COUNTS`.

    Lines are compared by 64-bit hashes. `keys` and `stamps` are a table for `most` hashes, see
    `most_pieces` and `span_hashes.find_slot`, and `stamp` one not used yet.
    """
    pieces, repeated, repeated_chars = 0, 0, 0
    filled, terminal, short, repeated_filled_chars = 0, 0, 0, 0
    longest, second, third = -1, -1, -1
    shift = shift_for(most)
    at = start
    while at <= end:
        stop = find_byte(base, at, end, size, 0x0A, tail)
        chars = count_span(base, at, stop, size, tail)
        if chars > third:
            if chars > second:
                third = second
                if chars > longest:
                    second, longest = longest, chars
                else:
                    second = chars
            else:
                third = chars
        if stop > at:
            pieces += 1
            is_filled = skip_space(base, at, stop, size, classes) < stop
            h = hash_span(base, at, stop, size)
            slot = find_slot(keys, stamps, shift, stamp, salt, h)
            met = stamps[slot] == stamp
            stamps[slot], keys[slot] = stamp, h
            if met:
                repeated += 1
                repeated_chars += chars
            if is_filled:
                filled += 1
                short += chars <= SHORT_LINE
                code, _ = last_character(base, at, stop, size)
                terminal += load8(classes + code) & TERMINAL != 0
                if met:
                    repeated_filled_chars += chars
        at = stop + 1
    if start < end:
        # Split at runs of line feeds, a text that begins or ends with one has an empty piece there.
        edges = (load8(base + start) == 0x0A) + (load8(base + end - 1) == 0x0A)
        pieces += edges
        repeated += edges == 2
    counts[0], counts[1], counts[2], counts[3] = pieces, repeated, repeated_chars, filled
    counts[4], counts[5], counts[6], counts[7] = terminal, short, repeated_filled_chars, max(third, 0)


@njit(nogil=True)
def count_paragraphs(base, start, end, size, classes, tail, keys, stamps, stamp, salt, most, counts):
    """What the text without white space at its edges is cut into by two or more line feeds in a row.

    How many of these paragraphs there are, how many were met before, and the characters of those.
    The table is as in `count_feed_lines`.
    """
    paragraphs, repeated, repeated_chars = 0, 0, 0
    shift = shift_for(most)
    at = skip_space(base, start, end, size, classes)
    end = skip_space_back(base, at, end, size, classes)
    while at < end:
        stop = find_blank_line(base, at, end, size, tail)
        paragraphs += 1
        h = hash_span(base, at, stop, size)
        slot = find_slot(keys, stamps, shift, stamp, salt, h)
        if stamps[slot] == stamp:
            repeated += 1
            repeated_chars += count_span(base, at, stop, size, tail)
        stamps[slot], keys[slot] = stamp, h
        at = stop
        while at < end and load8(base + at) == 0x0A:
            at += 1
    counts[0], counts[1], counts[2] = max(paragraphs, 1), repeated, repeated_chars
