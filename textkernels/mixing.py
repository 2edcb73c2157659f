"""The 64-bit mixer under every hash of this package."""

import numpy as np
from numba import njit

_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S1, _S2, _S3 = np.uint64(30), np.uint64(27), np.uint64(31)


@njit(forceinline=True)
def mix64(x):
    """The finaliser of SplitMix64, a bijection on 64 bits that avalanches.

    Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014 (Stafford's
    variant 13): x ^= x >> 30; x *= 0xBF58476D1CE4E5B9; x ^= x >> 27; x *= 0x94D049BB133111EB;
    x ^= x >> 31, modulo 2^64. Zero maps to zero.
    """
    x = (x ^ (x >> _S1)) * _M1
    x = (x ^ (x >> _S2)) * _M2
    return x ^ (x >> _S3)
