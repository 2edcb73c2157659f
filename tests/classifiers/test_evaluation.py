import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.evaluation import f1_of_educational, interval, macro_f1, spearman

LABELS = np.array([0, 1, 2, 3, 4, 5, 3, 2])


def test_perfect_and_reversed_scores_are_the_ends():
    assert f1_of_educational(LABELS, LABELS) == macro_f1(LABELS, LABELS) == pytest.approx(1)
    assert spearman(LABELS, LABELS) == pytest.approx(1) and spearman(LABELS, -LABELS) == pytest.approx(-1)
    assert f1_of_educational(LABELS, 5 - LABELS) < 0.5


def test_two_and_a_half_is_educational():
    labels = np.array([2, 3, 3, 0])
    assert f1_of_educational(labels, np.array([2.499, 2.5, 0, 2.5])) == pytest.approx(2 * 1 / (2 + 2))


def test_macro_f1_counts_every_label_that_occurs_alike():
    labels, scores = np.array([0, 0, 0, 4]), np.array([0.4, 0.49, 0.2, 0.0])
    assert macro_f1(labels, scores) == pytest.approx((6 / 7 + 0) / 2)
    assert macro_f1(np.array([1, 5]), np.array([0.5, 9.0])) == 1


def test_nothing_found_and_nothing_varied_are_zero():
    assert f1_of_educational(np.zeros(3), np.zeros(3)) == 0
    assert spearman(LABELS, np.ones(8)) == 0


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), min_size=2, max_size=30))
def test_spearman_is_the_correlation_of_mean_ranks(pairs):
    a, b = (np.array(column, float) for column in zip(*pairs, strict=True))

    def ranks(values):
        return np.array([np.mean([k for k, v in enumerate(sorted(values)) if v == x]) for x in values])

    if len(set(a)) > 1 and len(set(b)) > 1:
        assert spearman(a, b) == pytest.approx(np.corrcoef(ranks(a), ranks(b))[0, 1])


def test_an_interval_draws_whole_sources():
    labels = np.array([3, 3, 0, 0] * 10)
    right, wrong = np.array([3, 3, 0, 0] * 10), np.array([0, 0, 3, 3] * 10)
    scores = np.concatenate([right[:20], wrong[20:]])
    value, low, high = interval(f1_of_educational, labels, scores, ["good"] * 20 + ["bad"] * 20)
    assert (low, high) == (0, 1) and value == pytest.approx(0.5)
    assert interval(f1_of_educational, labels, right, ["a", "b"] * 20) == (1, 1, 1)
    again = interval(f1_of_educational, labels, scores, [str(k) for k in range(40)])
    assert again == interval(f1_of_educational, labels, scores, [str(k) for k in range(40)])
    assert 0.2 < again[1] < again[2] < 0.8
