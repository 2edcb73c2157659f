"""Which documents of a group of near-duplicates stay."""

import numpy as np
from numba import njit

from textkernels.arrays import as_input, as_offsets
from textkernels.similarity import least_overlap, overlap
from textkernels.similarity_index import keep_by_index

_SMALL_GROUP = 64  # documents up to which comparing each with all kept ones is quicker


def keep_greedily(grams: np.ndarray, offsets: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Go through documents in order and drop each that is near to one kept before.

    Near means an exact Jaccard similarity, intersection / union in float64, of at least
    `threshold`. So no two kept documents are near to each other, and each dropped one is near to a
    kept one: nothing is lost through a chain of resemblances.

    Large groups go through an index of the kept ones (`similarity_index`), so that neither a group
    of copies nor one of a filled-in template is compared pair by pair. The result is the same.

    Args:
        grams: uint64[n_grams], each document's in ascending order and distinct.
        offsets: int64[n + 1]; the grams of document i are ``offsets[i]:offsets[i + 1]``. Documents
            stand in order of priority.
        threshold: above 0, at most 1.

    Returns:
        kept_by, int64[n]: the first kept document it is near to, itself where it is kept; and
        similarity, float64[n]: the Jaccard similarity with that one, 1.0 with itself.

    Raises:
        TypeError: an array is of another type.
        ValueError: the threshold is out of range, the offsets do not fit, or grams do not ascend.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold must be above 0 and at most 1, got {threshold}")
    grams = as_input(grams, np.uint64, "grams")
    offsets = as_offsets(offsets, grams.size)
    documents = offsets.size - 1
    kept_by, similarity = np.arange(documents), np.ones(documents)
    unordered = _first_unordered(grams, offsets)
    if unordered >= 0:
        raise ValueError(f"the grams of document {unordered} are not ascending and distinct")
    if documents <= _SMALL_GROUP:
        _keep_by_merging(grams, offsets, float(threshold), kept_by, similarity)
    else:
        keep_by_index(grams, offsets, float(threshold), kept_by, similarity)
    return kept_by, similarity


@njit(cache=True, nogil=True)
def _first_unordered(grams, offsets):
    for document in range(offsets.size - 1):
        for k in range(offsets[document] + 1, offsets[document + 1]):
            if grams[k] <= grams[k - 1]:
                return document
    return -1


@njit(cache=True, nogil=True)
def _keep_by_merging(grams, offsets, threshold, kept_by, similarity):
    for x in range(kept_by.size):
        size = offsets[x + 1] - offsets[x]
        for y in range(x):
            other = offsets[y + 1] - offsets[y]
            if kept_by[y] != y or size == 0 or other == 0:
                continue
            needed = least_overlap(size + other, threshold)
            if needed > min(size, other):
                continue
            common = overlap(grams, offsets[x], offsets[x + 1], offsets[y], offsets[y + 1], needed)
            if common >= needed:
                kept_by[x] = y
                similarity[x] = common / (size + other - common)
                break
