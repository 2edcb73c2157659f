"""Bins cover what they are asked to, are not too many, and have round edges."""

import itertools
import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipelines.inspection.report_bins import choose_bins

FINITE = st.floats(-1e300, 1e300)


@given(values=st.tuples(FINITE, FINITE, FINITE), is_whole=st.booleans())
def test_edges_ascend_around_all_but_what_is_lost_at_the_foot_of_a_logarithm(values, is_whole):
    if is_whole:
        values = tuple(float(round(max(-(2.0**63), min(value, 2.0**63)))) for value in values)
    low, middle, high = sorted(values)
    bins = choose_bins(low, middle, high, is_whole)
    assert all(left < right for left, right in itertools.pairwise(bins.edges))
    assert 1 <= len(bins.edges) - 1 <= 64
    assert bins.edges[-1] >= high or high < 1e-12
    assert bins.edges[0] <= low or bins.is_logarithmic or abs(low) < 1e-12
    assert all(bins.edges[0] <= tick <= bins.edges[-1] for tick in bins.ticks)


@given(values=st.tuples(*[st.integers(0, 10**9)] * 3))
def test_whole_numbers_never_stand_on_an_edge(values):
    low, middle, high = sorted(values)
    assume(low < high)
    assert all(edge % 1 == 0.5 for edge in choose_bins(low, middle, high, True).edges)


@given(value=FINITE)
def test_values_stand_in_the_order_of_their_places(value):
    for bins in (choose_bins(-3.0, 0.0, 7.0, False), choose_bins(1.0, 5.0, 1e6, False)):
        places = [bins.place(edge) for edge in bins.edges]
        assert places[0] == 0
        assert places[-1] == pytest.approx(1)
        assert places == sorted(places)
        inside = bins.edges[0] <= value <= bins.edges[-1]
        assert inside == (0 <= bins.place(value) <= 1) or math.isclose(bins.place(value), 1)


def test_shares_have_round_edges():
    bins = choose_bins(0.0, 0.5, 1.0, False)
    assert not bins.is_logarithmic
    assert bins.edges[1:4] == (0.025, 0.05, 0.075)
    assert bins.ticks == (0.0, 0.25, 0.5, 0.75, 1.0)


def test_lengths_of_documents_have_a_logarithmic_axis():
    bins = choose_bins(5, 100, 12_000, True)
    assert bins.is_logarithmic
    assert bins.ticks == (10.0, 100.0, 1000.0, 10_000.0)


def test_few_whole_numbers_have_a_bin_each():
    assert choose_bins(0, 2, 5, True).edges == (-0.5, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5)
