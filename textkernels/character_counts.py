"""Counts of characters and symbols."""

import numpy as np
from numba import njit

from textkernels.byte_masks import BLOCK, between64, block_address, equal64
from textkernels.simd import low_bits, ones, trailing_zeros
from textkernels.white_space import begins_within

CHARACTER_COUNTS = ("characters", "newlines", "hashes", "ellipses")
"""Columns of `count_characters`. `ellipses` counts "..." without overlap and U+2026."""

_ONE = np.uint64(1)


@njit(nogil=True)
def count_span(base, start, end, size, tail):
    """Number of characters in the bytes start:end, those that continue one left out."""
    n = end - start
    for at in range(start, end, BLOCK):
        block = block_address(base, at, end, size, tail)
        n -= ones(between64(block, 0x80, 0x40) & low_bits(min(BLOCK, end - at)))
    return n


@njit(nogil=True)
def count_characters(base, start, end, size, tail, counts):
    """Counts of one document, start:end of the `size` bytes at `base`, into int64[4]."""
    continuing, newlines, hashes, ellipses = 0, 0, 0, 0
    free = start  # dots before this were counted
    for at in range(start, end, BLOCK):
        block = block_address(base, at, end, size, tail)
        left = end - at
        inside = low_bits(min(BLOCK, left))
        newlines += ones(equal64(block, 0x0A) & inside)
        hashes += ones(equal64(block, 0x23) & inside)
        beyond = between64(block, 0x80, 0x80) & inside
        triple = begins_within(left, 3)
        dots = equal64(block, 0x2E) & equal64(block + 1, 0x2E) & equal64(block + 2, 0x2E) & triple
        if beyond:
            continuing += ones(between64(block, 0x80, 0x40) & inside)
            ellipses += ones(
                equal64(block, 0xE2) & equal64(block + 1, 0x80) & equal64(block + 2, 0xA6) & triple
            )
        while dots:
            place = at + trailing_zeros(dots)
            dots &= dots - _ONE
            if place >= free:
                ellipses += 1
                free = place + 3
    counts[0], counts[1], counts[2], counts[3] = end - start - continuing, newlines, hashes, ellipses
