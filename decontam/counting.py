"""Counts the grams that documents share with items: the arithmetic of Algorithm 1."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def count_shared(documents, short, long, variants, info_threshold):
    """Compare documents with every item they share a 7-gram with.

    Args:
        documents: the grams of n documents that share at least one: all 7-grams uint64[n_grams] and
            int64[n], int64[n], where each document's begin and end in them.
        short: shared 7-grams: gram numbers int64[s] in text order and offsets int64[n + 1] of
            documents in them; then the postings' offsets, items and variants.
        long: the same for shared 13-grams, without variants.
        variants: int64[n_items + 1], the numbers of each item's variants, and int32[n_variants], the
            distinct 7-grams of each.
        info_threshold: items with a larger ratio are evidence.

    Returns:
        For each document: the largest ratio float64[n]; the item that decides int32[n], which is
        the one that shares most distinct 13-grams, or, where none does, the one with the largest
        ratio; distinct 13-grams and 7-grams shared with it, int32[n] each. Ties go to the larger
        ratio, then to more 7-grams, then to the first item. Last the items whose ratio is above
        `info_threshold`, int32, ascending for each document, and offsets int64[n + 1] in them.
    """
    grams, gram_starts, gram_ends = documents
    numbers7, offsets7, postings7, items7, variants7 = short
    numbers13, offsets13, postings13, items13 = long
    item_variants, variant_sizes = variants
    n = gram_starts.size
    n_items = item_variants.size - 1
    ratios = np.zeros(n, np.float64)
    deciders = np.full(n, -1, np.int32)
    shared13, shared7 = np.zeros(n, np.int32), np.zeros(n, np.int32)
    evidence = np.empty(1024, np.int32)
    evidence_offsets = np.zeros(n + 1, np.int64)

    by_variant = np.zeros(variant_sizes.size, np.int32)
    by_item7, by_item13 = np.zeros(n_items, np.int32), np.zeros(n_items, np.int32)
    ratio_of = np.zeros(n_items, np.float64)
    touched = np.empty(n_items, np.int32)
    for d in range(n):
        n_touched = 0
        largest = 0
        numbers = np.sort(numbers7[offsets7[d] : offsets7[d + 1]])
        for k in range(numbers.size):
            if k and numbers[k] == numbers[k - 1]:
                continue
            for p in range(postings7[numbers[k]], postings7[numbers[k] + 1]):
                item = items7[p]
                if by_item7[item] == 0:
                    touched[n_touched] = item
                    n_touched += 1
                by_item7[item] += 1
                variant = item_variants[item]
                bits = np.int64(variants7[p])
                while bits:
                    if bits & 1:
                        by_variant[variant] += 1
                        largest = max(largest, variant_sizes[variant])
                    bits >>= 1
                    variant += 1
        numbers = np.sort(numbers13[offsets13[d] : offsets13[d + 1]])
        for k in range(numbers.size):
            if k and numbers[k] == numbers[k - 1]:
                continue
            for p in range(postings13[numbers[k]], postings13[numbers[k] + 1]):
                by_item13[items13[p]] += 1

        own_size = distinct_up_to(grams[gram_starts[d] : gram_ends[d]], largest)
        found = np.sort(touched[:n_touched])
        size = evidence_offsets[d]
        while size + n_touched > evidence.size:
            evidence = np.concatenate((evidence, np.empty_like(evidence)))
        best = -1
        for item in found:
            for variant in range(item_variants[item], item_variants[item + 1]):
                if by_variant[variant]:
                    ratio = by_variant[variant] / min(own_size, variant_sizes[variant])
                    ratio_of[item] = max(ratio_of[item], ratio)
                    by_variant[variant] = 0
            if ratio_of[item] > info_threshold:
                evidence[size] = item
                size += 1
            ratios[d] = max(ratios[d], ratio_of[item])
            if best < 0 or (by_item13[item], ratio_of[item], by_item7[item]) > (
                by_item13[best],
                ratio_of[best],
                by_item7[best],
            ):
                best = item
        deciders[d], shared13[d], shared7[d] = best, by_item13[best], by_item7[best]
        evidence_offsets[d + 1] = size
        for item in found:
            by_item7[item], by_item13[item], ratio_of[item] = 0, 0, 0.0
    return ratios, deciders, shared13, shared7, evidence[: evidence_offsets[n]], evidence_offsets


@njit(cache=True, nogil=True)
def distinct_up_to(hashes, limit):
    """How many distinct hashes there are, or `limit` where there are more.

    A long document's grams need not all be compared: the smaller set of a pair counts.
    """
    room = 16
    while room < 2 * min(limit, hashes.size):
        room *= 2
    slots = np.zeros(room, np.uint64)
    zero = False
    count = 0
    for h in hashes:
        if count >= limit:
            break
        if h == 0:
            count += not zero
            zero = True
            continue
        slot = np.int64(h) & (room - 1)
        while slots[slot] != 0 and slots[slot] != h:
            slot = (slot + 1) & (room - 1)
        if slots[slot] == 0:
            slots[slot] = h
            count += 1
    return count
