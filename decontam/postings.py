"""Which items of which benchmarks hold which n-grams."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from textkernels.arrays import as_input, as_offsets
from textkernels.hashset import HashIndex
from textkernels.ngrams import ngram_hashes


@dataclass(frozen=True)
class Postings:
    """Distinct n-grams of one length and the items that hold them.

    lookup: finds the number of a gram, 0 to k - 1, by its hash.
    offsets: int64[k + 1]; the items that hold gram g are ``items[offsets[g]:offsets[g + 1]]``.
    items: int32[p], ascending for each gram.
    variants: uint8[p], bit v set where the item's variant v holds the gram.
    """

    lookup: HashIndex
    offsets: np.ndarray
    items: np.ndarray
    variants: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays to store, by name; `from_arrays` takes them back."""
        own = {"offsets": self.offsets, "items": self.items, "variants": self.variants}
        return own | {f"lookup_{name}": array for name, array in self.lookup.arrays().items()}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "Postings":
        """Postings over stored arrays, which are neither copied nor written to.

        Raises:
            KeyError: an array is missing.
            TypeError: an array is of another type.
            ValueError: the arrays do not belong together.
        """
        lookup = HashIndex.from_arrays(
            {name.removeprefix("lookup_"): a for name, a in arrays.items() if name.startswith("lookup_")}
        )
        items = as_input(arrays["items"], np.int32, "items")
        offsets = as_offsets(arrays["offsets"], items.size)
        variants = as_input(arrays["variants"], np.uint8, "variants")
        if offsets.size != len(lookup) + 1 or variants.size != items.size:
            raise ValueError("these arrays are not those of one table of postings")
        return cls(lookup, offsets, items, variants)


@dataclass(frozen=True)
class PostingsBuild:
    """Postings with what was counted on the way.

    distinct: int32[n_variants], distinct grams of each variant, left-out ones not counted.
    left_out: int32[n_items], distinct grams of each item that were left out.
    """

    postings: Postings
    distinct: np.ndarray
    left_out: np.ndarray


def build_postings(
    hashes: np.ndarray,
    variant_offsets: np.ndarray,
    item_offsets: np.ndarray,
    n: int,
    leave_out: np.ndarray,
) -> PostingsBuild:
    """Index every n words in a row of every variant, but for the grams in `leave_out`.

    Args:
        hashes, variant_offsets, item_offsets: words of the variants of the items, as
            `variants.item_variants` gives them.
        n: words in a gram.
        leave_out: uint64, distinct hashes of grams.
    """
    grams, gram_offsets = ngram_hashes(hashes, variant_offsets, n)
    is_left_out = np.zeros(grams.size, np.bool_)
    is_left_out[HashIndex.build(leave_out).find_present(grams)[0]] = True
    n_items, n_variants = item_offsets.size - 1, variant_offsets.size - 1
    found = np.empty(grams.size, np.uint64)
    items, variants = np.empty(grams.size, np.int32), np.empty(grams.size, np.uint8)
    distinct, left_out = np.zeros(n_variants, np.int32), np.zeros(n_items, np.int32)
    size = _merge_variants(
        grams, gram_offsets, is_left_out, item_offsets, (found, items, variants), distinct, left_out
    )
    # NumPy's stable sort of 64-bit values takes five times as long as this and what mends it.
    order = np.argsort(found[:size])
    found = found[order]
    _sort_runs(found, order)
    starts = np.flatnonzero(np.append(True, found[1:] != found[:-1])[:size])
    arrays = {
        "offsets": np.append(starts, size).astype(np.int64),
        "items": items[order],
        "variants": variants[order],
    }
    lookup = HashIndex.build(found[starts])
    arrays |= {f"lookup_{name}": array for name, array in lookup.arrays().items()}
    return PostingsBuild(Postings.from_arrays(arrays), distinct, left_out)


@njit(cache=True, nogil=True)
def _sort_runs(values, order):
    """Put `order` in ascending order wherever neighbours in `values` are equal, in place."""
    start = 0
    for k in range(1, values.size + 1):
        if k == values.size or values[k] != values[start]:
            if k - start > 1:
                order[start:k] = np.sort(order[start:k])
            start = k


@njit(cache=True, nogil=True)
def _merge_variants(grams, gram_offsets, is_left_out, item_offsets, out, distinct, left_out):
    """Write each item's distinct grams with the variants that hold them; return how many there are."""
    found, items, variants = out
    slots = np.empty(0, np.int64)  # a hash table of an item's entries, -1 where empty
    size = 0
    for item in range(item_offsets.size - 1):
        first_variant, end_variant = item_offsets[item], item_offsets[item + 1]
        n = gram_offsets[end_variant] - gram_offsets[first_variant]
        room = 16
        while room < 2 * n:
            room *= 2
        if slots.size < room:
            slots = np.empty(room, np.int64)
        slots[:room] = -1
        own = size
        for variant in range(first_variant, end_variant):
            bit = np.uint8(1 << (variant - first_variant))
            for k in range(gram_offsets[variant], gram_offsets[variant + 1]):
                slot = np.int64(grams[k]) & (room - 1)
                while slots[slot] >= 0 and found[slots[slot]] != grams[k]:
                    slot = (slot + 1) & (room - 1)
                entry = slots[slot]
                if entry < 0:
                    entry = slots[slot] = size
                    found[entry], items[entry] = grams[k], item
                    # No variant yet: a gram to be left out stays so, and is squeezed out below.
                    variants[entry] = 0
                    left_out[item] += is_left_out[k]
                    size += 1
                if not is_left_out[k] and not variants[entry] & bit:
                    variants[entry] |= bit
                    distinct[variant] += 1
        kept = own
        for entry in range(own, size):
            if variants[entry]:
                found[kept], items[kept], variants[kept] = found[entry], item, variants[entry]
                kept += 1
        size = kept
    return size
