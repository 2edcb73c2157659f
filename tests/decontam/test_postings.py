"""Postings hold for every gram the items and the variants that have it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decontam.postings import Postings, build_postings
from textkernels.ngrams import ngram_hashes

WORD = st.integers(1, 3)
VARIANT = st.lists(WORD, max_size=8)
ITEMS = st.lists(st.lists(VARIANT, min_size=1, max_size=5), max_size=5)


def offsets_of(lengths: list[int]) -> np.ndarray:
    return np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)


@given(ITEMS, st.integers(1, 3), st.sets(st.integers(0, 30)))
def test_agrees_with_dictionaries_of_grams(items: list[list[list[int]]], n: int, left_out_numbers: set[int]):
    variants = [variant for item in items for variant in item]
    hashes = np.array([word for variant in variants for word in variant], np.uint64)
    offsets = offsets_of([len(variant) for variant in variants])
    everything = build_postings(
        hashes, offsets, offsets_of([len(item) for item in items]), n, np.empty(0, np.uint64)
    )
    hash_of = hash_of_grams(variants, n)
    grams = sorted(hash_of)
    left_out = {grams[k % len(grams)] for k in left_out_numbers} if grams else set()
    built = build_postings(
        hashes,
        offsets,
        offsets_of([len(item) for item in items]),
        n,
        np.array(sorted({hash_of[gram] for gram in left_out}), np.uint64),
    )
    assert len(everything.postings.lookup) == len(grams)
    for gram in grams:
        number = built.postings.lookup.find(np.array([hash_of[gram]], np.uint64))[0]
        if gram in left_out:
            assert number == -1
            continue
        start, end = built.postings.offsets[number : number + 2]
        found = dict(
            zip(
                built.postings.items[start:end].tolist(),
                built.postings.variants[start:end].tolist(),
                strict=True,
            )
        )
        assert found == holders(items, gram, n)
        assert list(found) == sorted(found)
    assert built.distinct.tolist() == [len(grams_of(v, n) - left_out) for v in variants]
    assert built.left_out.tolist() == [
        len(set().union(*(grams_of(v, n) for v in item)) & left_out) for item in items
    ]


def grams_of(words: list[int], n: int) -> set[tuple[int, ...]]:
    return {tuple(words[k : k + n]) for k in range(len(words) - n + 1)}


def holders(items: list[list[list[int]]], gram: tuple[int, ...], n: int) -> dict[int, int]:
    found = {}
    for number, item in enumerate(items):
        bits = sum(1 << v for v, variant in enumerate(item) if gram in grams_of(variant, n))
        if bits:
            found[number] = bits
    return found


def hash_of_grams(variants: list[list[int]], n: int) -> dict[tuple[int, ...], int]:
    found = {}
    for variant in variants:
        hashes, _ = ngram_hashes(np.array(variant, np.uint64), np.array([0, len(variant)]), n)
        found |= {tuple(variant[k : k + n]): int(h) for k, h in enumerate(hashes)}
    return found


def test_arrays_of_two_tables_are_refused():
    words = np.arange(9, dtype=np.uint64), np.array([0, 9]), np.array([0, 1])
    short, long = (build_postings(*words, n, np.empty(0, np.uint64)).postings.arrays() for n in (2, 3))
    with pytest.raises(ValueError, match="one table of postings"):
        Postings.from_arrays(short | {name: a for name, a in long.items() if name.startswith("lookup_")})
