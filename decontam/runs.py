"""Finds where in a document the shared grams stand: maximal runs of consecutive grams."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def find_runs(shared, postings, n_items, evidence, evidence_offsets):
    """The maximal runs of consecutive grams that some item which is evidence holds.

    Args:
        shared: places int64[s] of shared grams, ascending in each document; their gram numbers
            int64[s]; and offsets int64[n + 1] of the n documents in them.
        postings: the postings' offsets and items.
        n_items: items in the index.
        evidence, evidence_offsets: for each document the items that count; evidence_offsets is empty
            where every item does.

    Returns:
        For each of r runs its document int64[r]; the first and the last place int64[r] each; the
        item that holds most of its grams int32[r], the first of those on a tie; and the items that
        hold any of them, int32, ascending for each run, with offsets int64[r + 1].
    """
    places, numbers, offsets = shared
    posting_offsets, posting_items = postings
    every = evidence_offsets.size == 0
    n = offsets.size - 1
    counts_for = np.full(n_items, -1, np.int64)  # the last document for which an item counts
    held = np.zeros(n_items, np.int64)
    most = places.size
    documents, mains = np.empty(most, np.int64), np.empty(most, np.int32)
    firsts, lasts = np.empty(most, np.int64), np.empty(most, np.int64)
    item_offsets = np.zeros(most + 1, np.int64)
    items = np.empty(1024, np.int32)
    runs = size = 0
    for d in range(n):
        if not every:
            for item in evidence[evidence_offsets[d] : evidence_offsets[d + 1]]:
                counts_for[item] = d
        is_open = False
        for k in range(offsets[d], offsets[d + 1]):
            before = size
            begins = not is_open or places[k] != lasts[runs] + 1
            if begins and is_open:
                _close(items, item_offsets, held, mains, runs)
                runs += 1
                is_open = False
            holders = posting_items[posting_offsets[numbers[k]] : posting_offsets[numbers[k] + 1]]
            while size + holders.size > items.size:
                items = np.concatenate((items, np.empty_like(items)))
            shares = False
            for item in holders:
                if every or counts_for[item] == d:
                    shares = True
                    if held[item] == 0:
                        items[size] = item
                        size += 1
                    held[item] += 1
            if not shares:
                continue
            if not is_open:
                documents[runs], firsts[runs] = d, places[k]
                item_offsets[runs] = before
                is_open = True
            lasts[runs] = places[k]
            item_offsets[runs + 1] = size
        if is_open:
            _close(items, item_offsets, held, mains, runs)
            runs += 1
    return (
        documents[:runs],
        firsts[:runs],
        lasts[:runs],
        mains[:runs],
        items[:size],
        item_offsets[: runs + 1],
    )


@njit(cache=True, nogil=True)
def _close(items, item_offsets, held, mains, run):
    """Put a run's items in order, choose the main one, and forget what each held."""
    own = items[item_offsets[run] : item_offsets[run + 1]]
    own.sort()
    main = own[0]
    for item in own:
        if held[item] > held[main]:
            main = item
    mains[run] = main
    for item in own:
        held[item] = 0


@njit(cache=True, nogil=True)
def longest_runs(shared, postings, items):
    """The first longest run of consecutive grams that each document shares with its item.

    Args:
        shared, postings: as `find_runs` takes them.
        items: int32[n], an item a document that shares at least one gram with it.

    Returns:
        First and last place, int64[n] each.
    """
    places, numbers, offsets = shared
    posting_offsets, posting_items = postings
    n = offsets.size - 1
    firsts, lasts = np.full(n, -1, np.int64), np.full(n, -2, np.int64)
    for d in range(n):
        first = last = -2
        for k in range(offsets[d], offsets[d + 1]):
            holders = posting_items[posting_offsets[numbers[k]] : posting_offsets[numbers[k] + 1]]
            at = np.searchsorted(holders, items[d])
            if at == holders.size or holders[at] != items[d]:
                continue
            if places[k] != last + 1:
                first = places[k]
            last = places[k]
            if last - first > lasts[d] - firsts[d]:
                firsts[d], lasts[d] = first, last
    return firsts, lasts
