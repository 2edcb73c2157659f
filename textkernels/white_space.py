"""White space as str.isspace has it, 64 bytes at a time."""

import numpy as np
from numba import njit

from textkernels.byte_masks import BLOCK, between64, block_address, equal64
from textkernels.simd import low_bits, ones, trailing_zeros

_ZERO, _ONE, _TWO = np.uint64(0), np.uint64(1), np.uint64(2)
_S62, _S63 = np.uint64(62), np.uint64(63)


@njit(forceinline=True)
def begins_within(left, length):
    """Which bytes of a block can begin a character of some length: `left` bytes are left of the text."""
    return low_bits(max(0, min(BLOCK, left - length + 1)))


@njit(forceinline=True)
def white64(block, left, carried):
    """Which bytes of a block belong to white space.

    Args:
        block: address, with two bytes more readable.
        left: bytes left of the text, counted from the block's first; at least 1.
        carried: the mask's lowest bits as the block before gives them, 0 for the first.

    Returns:
        The mask, its bits behind the text being 0, and what to carry into the next block.
    """
    inside = low_bits(min(BLOCK, left))
    white = (between64(block, 9, 5) | between64(block, 28, 5)) & inside | carried
    carried = _ZERO
    if between64(block, 0x80, 0x80) & inside:
        second, third = block + 1, block + 2
        pairs = equal64(block, 0xC2) & (equal64(second, 0x85) | equal64(second, 0xA0))
        pairs &= begins_within(left, 2)
        general = equal64(second, 0x80) & (
            between64(third, 0x80, 11) | between64(third, 0xA8, 2) | equal64(third, 0xAF)
        )
        mathematical = equal64(second, 0x81) & equal64(third, 0x9F)
        triples = equal64(block, 0xE2) & (general | mathematical)
        triples |= equal64(block, 0xE1) & equal64(second, 0x9A) & equal64(third, 0x80)
        triples |= equal64(block, 0xE3) & equal64(second, 0x80) & equal64(third, 0x80)
        triples &= begins_within(left, 3)
        white |= pairs | pairs << _ONE | triples | triples << _ONE | triples << _TWO
        carried = (pairs | triples) >> _S63 | triples >> _S62
        carried |= (triples >> _S63) << _ONE
    return white, carried


@njit(nogil=True)
def count_words(base, start, end, size, tail):
    """Number of words between white space in start:end, and a bound on the bytes of the longest.

    The bound is exact for words of more than 2 * BLOCK bytes.
    """
    words, longest, begun = 0, 0, start
    carried, inside_word = _ZERO, _ZERO
    for at in range(start, end, BLOCK):
        block = block_address(base, at, end, size, tail)
        left = end - at
        white, carried = white64(block, left, carried)
        black = ~white & low_bits(min(BLOCK, left))
        words += ones(black & ~(black << _ONE | inside_word))
        inside_word = black >> _S63
        if white:
            longest = max(longest, at + trailing_zeros(white) - begun)
            last = white
            last |= last >> _ONE
            last |= last >> _TWO
            for shift in (4, 8, 16, 32):
                last |= last >> np.uint64(shift)
            begun = at + ones(last)
    return words, max(longest, end - begun)
