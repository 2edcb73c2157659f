"""Where lines end."""

from numba import njit

from textkernels.byte_masks import BLOCK, between64, block_address, equal64
from textkernels.simd import load8, low_bits, trailing_zeros
from textkernels.white_space import begins_within


@njit(forceinline=True)
def find_byte(base, at, end, size, byte, tail):
    """Where a byte stands first from `at` on; `end` where it does not."""
    while at < end:
        block = block_address(base, at, end, size, tail)
        found = equal64(block, byte) & low_bits(min(BLOCK, end - at))
        if found:
            return at + trailing_zeros(found)
        at += BLOCK
    return end


@njit(forceinline=True)
def find_line_break(base, at, end, size, tail):
    """Where the first break of str.splitlines stands from `at` on; `end` where there is none."""
    while at < end:
        block = block_address(base, at, end, size, tail)
        left = end - at
        inside = low_bits(min(BLOCK, left))
        found = (between64(block, 0x0A, 4) | between64(block, 0x1C, 3)) & inside
        if between64(block, 0x80, 0x80) & inside:
            found |= equal64(block, 0xC2) & equal64(block + 1, 0x85) & begins_within(left, 2)
            separators = equal64(block + 1, 0x80) & between64(block + 2, 0xA8, 2)
            found |= equal64(block, 0xE2) & separators & begins_within(left, 3)
        if found:
            return at + trailing_zeros(found)
        at += BLOCK
    return end


@njit(forceinline=True)
def behind_line_break(base, at, end):
    """Where the next line begins, given where a break stands; `end` for `end`."""
    if at == end:
        return end
    byte = load8(base + at)
    if byte == 0x0D:
        return at + 2 if at + 1 < end and load8(base + at + 1) == 0x0A else at + 1
    if byte == 0xC2:
        return at + 2
    return at + 3 if byte == 0xE2 else at + 1


@njit(forceinline=True)
def find_blank_line(base, at, end, size, tail):
    """Where two line feeds in a row stand first from `at` on; `end` where they do not."""
    while at < end:
        block = block_address(base, at, end, size, tail)
        found = equal64(block, 0x0A) & equal64(block + 1, 0x0A) & begins_within(end - at, 2)
        if found:
            return at + trailing_zeros(found)
        at += BLOCK
    return end


@njit(forceinline=True)
def ends_with_dots(base, start, end):
    """Whether start:end ends in three full stops."""
    if end - start < 3:
        return False
    return load8(base + end - 1) == 0x2E and load8(base + end - 2) == 0x2E and load8(base + end - 3) == 0x2E
