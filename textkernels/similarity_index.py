"""Greedy keeping through an index of the kept documents, for groups too large for all pairs.

An exact set-similarity join after AllPairs and PPJoin (Bayardo, Ma and Srikant 2007; Xiao, Wang,
Lin and Yu 2008). Grams are ranked by ascending frequency in the group. Two sets that share at least
o members share one among the first |x| - o + 1 of x and the first |y| - o + 1 of y, so only these
prefixes, made of the rarest grams, are indexed and looked up. How long they have to be depends on
the size of the partner, hence the index is cut by classes of size 2 % wide, and what is read is
the short prefix that partners of this very size need. For documents filled into one template that
prefix is made of the fillings: the grams of the template itself, which all share, are not read.
"""

import numpy as np
from numba import njit

from textkernels.hashset import HashIndex
from textkernels.similarity import least_overlap, overlap

_CLASS_GROWTH = 1.02


def keep_by_index(
    grams: np.ndarray,
    offsets: np.ndarray,
    threshold: float,
    kept_by: np.ndarray,
    similarity: np.ndarray,
) -> None:
    """What `keepers.keep_greedily` returns, written into kept_by and similarity.

    Args:
        grams, offsets, threshold: as there, checked.
        kept_by: int64[n], each document's own number.
        similarity: float64[n], all 1.0.
    """
    sizes = np.diff(offsets)
    floors = _class_floors(int(sizes.max(initial=1)))
    classes = np.searchsorted(floors, sizes, side="right") - 1
    ranks, n_ranks = _frequency_ranks(grams)
    members, starts = np.empty(grams.size, np.int32), np.zeros(offsets.size, np.int64)
    _sort_members(ranks, offsets, members, starts)
    _keep(members, starts, sizes, classes, floors, n_ranks, threshold, kept_by, similarity)


def _class_floors(largest: int) -> np.ndarray:
    """The smallest size of each class, int64; class 0 is that of empty documents."""
    floors = [0, 1]
    while floors[-1] <= largest:
        floors.append(max(floors[-1] + 1, int(floors[-1] * _CLASS_GROWTH)))
    return np.array(floors)


def _frequency_ranks(grams: np.ndarray) -> tuple[np.ndarray, int]:
    """Rank each gram, int64, by how often it occurs; -1 where it occurs once, so never is shared.

    Returns also the number of ranks.
    """
    ordered = np.sort(grams)
    firsts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    counts = np.diff(np.append(firsts, ordered.size))
    shared = np.flatnonzero(counts > 1)
    by_count = shared[np.argsort(counts[shared], kind="stable")]
    return HashIndex.build(ordered[firsts[by_count]]).find(grams), by_count.size


@njit(cache=True, nogil=True)
def _sort_members(ranks, offsets, members, starts):
    """Write the ranks of each document's shared grams, ascending, one document after another."""
    n = 0
    for document in range(offsets.size - 1):
        for k in range(offsets[document], offsets[document + 1]):
            if ranks[k] >= 0:
                members[n] = ranks[k]
                n += 1
        starts[document + 1] = n
        members[starts[document] : n].sort()


@njit(cache=True, nogil=True)
def _least_partner(size, threshold):
    """The smallest size of a set near to one of `size`."""
    other = max(1, np.int64(threshold * size) - 2)
    while least_overlap(size + other, threshold) > other:
        other += 1
    return other


@njit(cache=True, nogil=True)
def _longest_prefix(size, threshold):
    """How many of the first members of a set of `size` its partners of any size may need."""
    return size - least_overlap(size + _least_partner(size, threshold), threshold) + 1


@njit(forceinline=True)
def _prefix_end(document, starts, sizes, threshold):
    """Where the indexed members of a document end; those no other document has stand before all."""
    start, end = starts[document], starts[document + 1]
    if start == end:
        return end
    alone = sizes[document] - (end - start)
    return min(end, start + _longest_prefix(sizes[document], threshold) - alone)


@njit(nogil=True)
def _lists(members, starts, sizes, classes, n_classes, n_ranks, threshold):
    """Room for every posting there can be: lists of rank and class, a rank's lists side by side.

    Returns first_list int64[n_ranks + 1], the class of each list, ascending within a rank, and
    where its postings begin, int64[n_lists + 1].
    """
    documents = sizes.size
    class_ends = np.zeros(n_classes + 1, np.int64)
    for document in range(documents):
        class_ends[classes[document] + 1] += 1
    for c in range(n_classes):
        class_ends[c + 1] += class_ends[c]
    by_class = np.empty(documents, np.int64)
    for document in range(documents):
        by_class[class_ends[classes[document]]] = document
        class_ends[classes[document]] += 1

    first_list = np.zeros(n_ranks + 1, np.int64)
    last_class = np.full(n_ranks, -1, np.int64)
    for document in by_class:
        for k in range(starts[document], _prefix_end(document, starts, sizes, threshold)):
            if last_class[members[k]] != classes[document]:
                last_class[members[k]] = classes[document]
                first_list[members[k] + 1] += 1
    for rank in range(n_ranks):
        first_list[rank + 1] += first_list[rank]

    list_class = np.full(first_list[n_ranks], -1, np.int64)
    begins = np.zeros(list_class.size + 1, np.int64)
    last_list = first_list[:-1].copy()
    for document in by_class:
        for k in range(starts[document], _prefix_end(document, starts, sizes, threshold)):
            rank = members[k]
            if list_class[last_list[rank]] not in (-1, classes[document]):
                last_list[rank] += 1
            list_class[last_list[rank]] = classes[document]
            begins[last_list[rank] + 1] += 1
    for k in range(list_class.size):
        begins[k + 1] += begins[k]
    return first_list, list_class, begins


@njit(cache=True, nogil=True)
def _keep(members, starts, sizes, classes, floors, n_ranks, threshold, kept_by, similarity):
    first_list, list_class, begins = _lists(members, starts, sizes, classes, floors.size, n_ranks, threshold)
    ends = begins[:-1].copy()  # of the postings so far
    posted = np.empty(begins[-1], np.int32)
    posted_at = np.empty(begins[-1], np.int32)  # place of the gram among the document's members
    met = np.full(sizes.size, -1, np.int32)  # by which document last
    prefix = np.zeros(floors.size, np.int64)  # how many members partners of each class need
    for x in range(sizes.size):
        size, start, end = sizes[x], starts[x], starts[x + 1]
        alone = size - (end - start)  # members no other document has; they are the first
        if start == end:
            continue
        prefix_end = _prefix_end(x, starts, sizes, threshold)
        prefix[:] = 0
        least = _least_partner(size, threshold)
        for c in range(np.searchsorted(floors, least, side="right") - 1, floors.size):
            needed = least_overlap(size + max(least, floors[c]), threshold)
            if needed > size:
                break
            prefix[c] = size - needed + 1
        near = sizes.size
        for k in range(start, prefix_end):
            place = k - start + alone
            for node in range(first_list[members[k]], first_list[members[k] + 1]):
                if place >= prefix[list_class[node]]:
                    continue
                for posting in range(begins[node], ends[node]):
                    y = posted[posting]
                    if y >= near:
                        break
                    if met[y] == x:
                        continue
                    met[y] = x
                    # The first gram they share: all others stand behind it in both.
                    other, other_place = sizes[y], posted_at[posting]
                    needed = least_overlap(size + other, threshold)
                    if min(size - place, other - other_place) < needed:
                        continue
                    rest = starts[y + 1] - (other - other_place) + 1
                    common = 1 + overlap(members, k + 1, end, rest, starts[y + 1], needed - 1)
                    if common >= needed:
                        near = y
                        similarity[x] = common / (size + other - common)
        if near < sizes.size:
            kept_by[x] = near
            continue
        for k in range(start, prefix_end):
            node = first_list[members[k]]
            while list_class[node] != classes[x]:
                node += 1
            posted[ends[node]] = x
            posted_at[ends[node]] = k - start + alone
            ends[node] += 1
