"""Histograms hold every document once, by what became of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.inspection.report_bins import choose_bins
from pipelines.inspection.report_drawing import HEIGHT, WIDTH, draw
from pipelines.inspection.report_histograms import Bar, Histogram, read_histograms
from pipelines.inspection.report_thresholds import Threshold
from pipelines.inspection.views import connect
from schemas.config import parse_config

from .report_page import report_of

KINDS = ("kept", "dropped_here", "dropped_else")


@pytest.fixture
def histograms(finished_run, config):
    with connect(finished_run, config) as con:
        return {one.fact: one for one in read_histograms(con, config, 9)}


def bars(histogram):
    return (histogram.below, *histogram.bars, histogram.above)


def test_bins_sum_to_all_documents(histograms):
    assert {fact for fact in histograms if histograms[fact].known == 9} == {"n_tokens", "n_words", "n_bytes"}


def test_bins_agree_with_a_count_in_plain_python(histograms, finished_run, config):
    with connect(finished_run, config) as con:
        values = con.execute("SELECT n_words, drop_reason FROM selection").fetchall()
    one = histograms["n_words"]
    for bar, low, high in zip(one.bars, one.bins.edges, one.bins.edges[1:], strict=False):
        within = [reason for value, reason in values if low < value <= high]
        assert bar.kept == within.count(None)
        assert bar.dropped_here == within.count("long_enough")
        assert bar.documents == len(within)


def test_documents_are_told_apart_by_what_became_of_them(histograms):
    totals = {kind: sum(getattr(bar, kind) for bar in bars(histograms["n_words"])) for kind in KINDS}
    assert totals == {"kept": 4, "dropped_here": 1, "dropped_else": 4}


def test_thresholds_of_the_config_are_on_their_facts(histograms):
    assert [(one.key, one.sign, one.value) for one in histograms["n_words"].thresholds] == [
        ("long_enough", ">=", 4)
    ]
    assert [one.value for one in histograms["ratio"].thresholds] == [0.2, 0.5]
    assert histograms["ratio"].known == 2


def test_facts_of_one_value_and_facts_that_are_not_known_have_none(histograms):
    assert histograms.keys().isdisjoint({"similarity", "edu_score", "language_score", "doc", "kept_doc"})


def test_an_expression_has_its_histogram_and_what_is_no_number_is_not_counted(finished_run, config):
    filters = {"plain": "n_bytes / (n_words - 4) < 8"}
    config = parse_config({**config.model_dump(exclude_unset=True), "filters": filters})
    with connect(finished_run, config) as con:
        found = {one.fact: one for one in read_histograms(con, config, 9)}
        known = con.execute("SELECT count(*) FROM signals WHERE n_words <> 4").fetchall()[0][0]
    assert found["n_bytes / (n_words - 4)"].known == known


def test_no_document_no_histogram(empty_run, config):
    with connect(empty_run, config) as con:
        assert read_histograms(con, config, 0) == []


@given(
    counts=st.lists(st.tuples(*[st.integers(0, 10**9)] * 3), min_size=40, max_size=40),
    value=st.floats(-1e6, 1e6),
)
def test_a_drawing_stays_in_its_picture(counts, value):
    bins = choose_bins(0.0, 0.5, 1.0, False)
    inner = [Bar(*count) for count in counts]
    below, above = inner.pop(), Bar(0, 0, 0)
    histogram = Histogram("f", "", [Threshold("k", None, ">", value)], bins, inner, below, above, (0, 0.5, 1))
    drawing = draw(histogram) if histogram.highest else None
    for box in drawing.boxes if drawing else []:
        assert box.x >= 0
        assert box.x + box.width <= WIDTH
        assert box.y >= 0
        assert box.y + box.height <= HEIGHT
    assert drawing is None or all(0 <= x <= WIDTH for x in drawing.lines)


def test_the_page_has_a_picture_that_says_what_it_shows(finished_run, config):
    page = report_of(finished_run, config)
    labels = [value for tag, name, value in page.attributes if tag == "svg" and name == "aria-label"]
    assert any(label.startswith("Histogram of n_words of 9 documents") for label in labels)
