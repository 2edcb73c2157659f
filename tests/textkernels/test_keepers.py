from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textkernels import keepers
from textkernels.keepers import keep_greedily

THRESHOLDS = st.sampled_from([0.05, 0.5, 2 / 3, 0.7, 0.75, 0.8, 0.9, 1.0]) | st.floats(0.01, 1.0)


def flat(sets):
    offsets = np.cumsum([0, *map(len, sets)])
    return np.array([gram for grams in sets for gram in sorted(grams)], np.uint64), offsets


def oracle(sets, threshold):
    """Every document against every kept one."""
    kept, kept_by, similarity = [], [], []
    for number, grams in enumerate(sets):
        for keeper in kept:
            union = len(grams | sets[keeper])
            jaccard = len(grams & sets[keeper]) / union if union else 0.0
            if jaccard >= threshold:
                kept_by.append(keeper)
                similarity.append(jaccard)
                break
        else:
            kept.append(number)
            kept_by.append(number)
            similarity.append(1.0)
    return kept_by, similarity


def check(sets, threshold):
    kept_by, similarity = keep_greedily(*flat(sets), threshold)
    assert kept_by.dtype == np.int64 and similarity.dtype == np.float64
    assert (kept_by.tolist(), similarity.tolist()) == oracle(sets, threshold)


@st.composite
def groups(draw, most):
    """Documents that are variations of a few, of all degrees."""
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    universe = random.integers(2, 120)
    bases = [
        set(random.choice(universe, random.integers(universe + 1), replace=False).tolist())
        for _ in range(random.integers(1, 5))
    ]
    changes = random.integers(1, 12)
    sets = []
    for _ in range(draw(st.integers(0, most))):
        grams = set(bases[random.integers(len(bases))])
        for gram in random.integers(0, 2 * universe, random.integers(changes)).tolist():
            grams ^= {gram}
        sets.append(grams)
    return sets


@given(st.lists(st.sets(st.integers(0, 12), max_size=8), max_size=12), THRESHOLDS)
def test_small_groups_are_kept_as_by_brute_force(sets, threshold):
    check(sets, threshold)


@given(groups(most=200), THRESHOLDS)
@settings(max_examples=60)
def test_groups_of_any_size_are_kept_as_by_brute_force(sets, threshold):
    check(sets, threshold)


@given(groups(most=40), THRESHOLDS)
@settings(max_examples=100)
def test_the_index_keeps_as_brute_force_does(sets, threshold):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keepers, "_SMALL_GROUP", 0)
        check(sets, threshold)


@pytest.mark.parametrize("small_group", [0, 1000])
@pytest.mark.parametrize("size", [10, 50, 75, 99, 100])
def test_a_pair_at_the_very_threshold_is_near(small_group, size, monkeypatch):
    monkeypatch.setattr(keepers, "_SMALL_GROUP", small_group)
    for common in range(1, size + 1):
        sets = [set(range(size)), set(range(size - common, 2 * size - common))]
        jaccard = common / (2 * size - common)
        assert keep_greedily(*flat(sets), jaccard)[0].tolist() == [0, 0]
        if common < size:
            above = np.nextafter(jaccard, 1)
            assert keep_greedily(*flat(sets), above)[0].tolist() == [0, 1]


@pytest.mark.parametrize("small_group", [0, 1000])
def test_a_chain_loses_only_what_is_near_to_a_kept_document(small_group, monkeypatch):
    monkeypatch.setattr(keepers, "_SMALL_GROUP", small_group)
    chain = [set(range(k, k + 20)) for k in range(0, 60, 2)]
    check(chain, 0.8)
    assert len(set(keep_greedily(*flat(chain), 0.8)[0].tolist())) == 15


@pytest.mark.parametrize("small_group", [0, 1000])
def test_documents_without_grams_are_near_to_none(small_group, monkeypatch):
    monkeypatch.setattr(keepers, "_SMALL_GROUP", small_group)
    check([set(), {1}, set(), {1}, set()], 0.5)
    check([set()], 1.0)
    check([], 1.0)


def template(documents, distinct_fillings):
    """Sets of 96: 81 grams of a template and 3 times 5 around what is filled in."""
    random = np.random.default_rng(0)
    fillings = random.integers(0, distinct_fillings, (documents, 3)).astype(np.uint64)
    slots = np.arange(3, dtype=np.uint64) << np.uint64(40)
    changing = (fillings + slots + np.uint64(1))[:, :, None] * np.uint64(16) + np.arange(5, dtype=np.uint64)
    common = np.broadcast_to(np.arange(81, dtype=np.uint64), (documents, 81))
    grams = np.sort(np.concatenate([common, changing.reshape(documents, 15)], axis=1), axis=1)
    return grams.ravel(), np.arange(documents + 1) * 96


def test_templated_documents_that_differ_enough_are_all_kept():
    grams, offsets = template(20_000, 2**30)
    kept_by, _ = keep_greedily(grams, offsets, 0.8)
    assert (kept_by == np.arange(20_000)).all()


def test_templated_documents_that_share_fillings_are_dropped_as_by_brute_force():
    grams, offsets = template(600, 12)
    check([set(grams[a:b].tolist()) for a, b in pairwise(offsets)], 0.8)


def test_copies_of_one_document_leave_the_first():
    grams = np.tile(np.arange(100, dtype=np.uint64), 20_000)
    kept_by, similarity = keep_greedily(grams, np.arange(20_001) * 100, 0.8)
    assert (kept_by == 0).all() and (similarity == 1.0).all()


def test_unfit_arguments_are_refused():
    grams, offsets = flat([{1, 2}, {3}])
    for threshold in (0.0, -1.0, 1.1, float("nan")):
        with pytest.raises(ValueError, match="threshold must be above 0"):
            keep_greedily(grams, offsets, threshold)
    for unordered in ([2, 1, 3], [1, 1, 3]):
        with pytest.raises(ValueError, match="grams of document 0 are not ascending"):
            keep_greedily(np.array(unordered, np.uint64), offsets, 0.5)
