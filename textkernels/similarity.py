"""Exact Jaccard similarity of sorted sets, no further than a threshold asks."""

import math

import numpy as np
from numba import njit


@njit(forceinline=True)
def least_overlap(sizes, threshold):
    """The least intersection that makes two sets of together `sizes` members near.

    That is the least integer o with ``o / (sizes - o) >= threshold`` in float64, which the estimate
    misses by at most its rounding.
    """
    o = np.int64(math.ceil(threshold / (1.0 + threshold) * sizes))
    while o > 0 and (o - 1) / (sizes - o + 1) >= threshold:
        o -= 1
    while o / (sizes - o) < threshold:
        o += 1
    return o


@njit(forceinline=True)
def overlap(members, a, a_end, b, b_end, needed):
    """Size of the intersection of members[a:a_end] and members[b:b_end], both ascending.

    A number below `needed` where it is smaller than that: the merge stops when so many have missed.
    """
    spare_a, spare_b = a_end - a - needed, b_end - b - needed
    common = 0
    while a < a_end and b < b_end and spare_a >= 0 and spare_b >= 0:
        if members[a] == members[b]:
            common += 1
            a += 1
            b += 1
        elif members[a] < members[b]:
            a += 1
            spare_a -= 1
        else:
            b += 1
            spare_b -= 1
    return common
