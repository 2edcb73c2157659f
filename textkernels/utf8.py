"""Decoding UTF-8, strictly."""

import numpy as np
from numba import njit

from textkernels.simd import load8, load64

INVALID = 0

_LEAD2, _IS2 = np.uint64(0xC0E0), np.uint64(0x80C0)
_LEAD3, _IS3 = np.uint64(0xC0C0F0), np.uint64(0x8080E0)
_LEAD4, _IS4 = np.uint64(0xC0C0C0F8), np.uint64(0x808080F0)
_U8, _U16, _U24, _U32 = (np.uint64(2**bits - 1) for bits in (8, 16, 24, 32))
_BITS3, _BITS4, _BITS5, _BITS6 = (np.uint64(2**bits - 1) for bits in (3, 4, 5, 6))
_SECOND4, _THIRD3 = np.uint64(0x3F000), np.uint64(0xFC0)
_S2, _S4, _S6, _S8, _S10 = (np.uint64(bits) for bits in (2, 4, 6, 8, 10))
_S12, _S16, _S18, _S24 = (np.uint64(bits) for bits in (12, 16, 18, 24))


@njit(forceinline=True)
def bytes_ahead(base, at, size):
    """The 8 bytes from `at` of `size` bytes at address `base`, first one lowest, zeros behind."""
    if at + 8 <= size:
        return load64(base + at)
    ahead = np.uint64(0)
    for k in range(size - at):
        ahead |= np.uint64(load8(base + at + k)) << np.uint64(8 * k)
    return ahead


@njit(forceinline=True)
def is_pair(ahead):
    """Whether a character of 2 bytes comes first, overlong ones included."""
    return ahead & _LEAD2 == _IS2


@njit(forceinline=True)
def is_triple(ahead):
    """Whether a character of 3 bytes comes first, overlong ones and surrogates included."""
    return ahead & _LEAD3 == _IS3


@njit(forceinline=True)
def pair_code(ahead):
    return np.int64((ahead & _BITS5) << _S6 | ahead >> _S8 & _BITS6)


@njit(forceinline=True)
def triple_code(ahead):
    return np.int64((ahead & _BITS4) << _S12 | ahead >> _S2 & _THIRD3 | ahead >> _S16 & _BITS6)


@njit(forceinline=True)
def decode(ahead, left):
    """The first code point of `ahead` in a document of which `left` bytes are left.

    Returns the code point, its length in bytes and those bytes, first one lowest. Bytes that are
    not UTF-8 as RFC 3629 has it (overlong, surrogate, beyond U+10FFFF, cut off) come one at a time
    as INVALID, which is U+0000.
    """
    if ahead & _U8 < np.uint64(0x80):
        return np.int64(ahead & _U8), 1, ahead & _U8
    if is_pair(ahead):
        code = pair_code(ahead)
        if code >= 0x80 and left >= 2:
            return code, 2, ahead & _U16
    elif is_triple(ahead):
        code = triple_code(ahead)
        if code >= 0x800 and code & 0xF800 != 0xD800 and left >= 3:
            return code, 3, ahead & _U24
    elif ahead & _LEAD4 == _IS4:
        code = np.int64(
            (ahead & _BITS3) << _S18
            | ahead << _S4 & _SECOND4
            | ahead >> _S10 & _THIRD3
            | ahead >> _S24 & _BITS6
        )
        if 0x10000 <= code <= 0x10FFFF and left >= 4:
            return code, 4, ahead & _U32
    return INVALID, 1, np.uint64(0)
