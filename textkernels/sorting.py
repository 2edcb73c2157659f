"""Sorting hashes, which are spread evenly."""

import numpy as np
from numba import njit

_MOST_BITS = 11  # more buckets than 2,048 are more places to write to than a processor keeps open
_SMALL = 24


@njit(nogil=True)
def sort_hashes(values, out):
    """Write `values`, uint64[n], into `out` in ascending order.

    One pass deals them out by their leading bits, which leaves few in each bucket; values that are
    spread unevenly are sorted as quickly as any.
    """
    bits = 1
    while bits < _MOST_BITS and 1 << bits < values.size:
        bits += 1
    shift = np.uint64(64 - bits)
    begins = np.zeros((1 << bits) + 1, np.int64)
    for k in range(values.size):
        begins[np.int64(values[k] >> shift) + 1] += 1
    for bucket in range(1 << bits):
        begins[bucket + 1] += begins[bucket]
    for k in range(values.size):
        bucket = np.int64(values[k] >> shift)
        out[begins[bucket]] = values[k]
        begins[bucket] += 1
    first = 0
    for bucket in range(1 << bits):
        end = begins[bucket]
        if end - first > _SMALL:
            out[first:end].sort()
        else:
            for k in range(first + 1, end):
                value = out[k]
                place = k
                while place > first and out[place - 1] > value:
                    out[place] = out[place - 1]
                    place -= 1
                out[place] = value
        first = end
