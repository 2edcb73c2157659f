"""Numbers are short, right, and never broken over a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.inspection.report_format import count, duration, of, percent, short, size, tick_text


@given(number=st.integers(-(10**18), 10**18))
def test_a_count_reads_back(number):
    assert int(count(number).replace("\u202f", "")) == number


@given(number=st.floats(0, 1e15))
def test_a_short_number_is_near_the_number(number):
    text = short(number).replace("\u202f", "")
    unit = {"T": 1e12, "B": 1e9, "M": 1e6}.get(text[-1], 1.0)
    assert float(text.rstrip("TBM")) * unit == pytest.approx(number, rel=0.006, abs=1e-300)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (short(0), "0"),
        (short(0.25), "0.25"),
        (short(9_812), "9\u202f812"),
        (short(12_400_000), "12.4M"),
        (tick_text(25_000), "25k"),
        (of(1, "document"), "1 document"),
        (of(1_200, "token"), "1\u202f200 tokens"),
        (size(812), "812\u202fB"),
        (size(50_180_000), "50.2\u202fMB"),
        (duration(0.44), "0.4\u202fs"),
        (duration(125), "2\u202fmin 05\u202fs"),
        (duration(18_421), "5\u202fh 07\u202fmin"),
        (percent(1, 3), "33.3%"),
        (percent(1, 100_000), "<0.1%"),
        (percent(99_999, 100_000), ">99.9%"),
        (percent(3, 3), "100.0%"),
        (percent(0, 3), "0.0%"),
        (percent(0, 0), "–"),
    ],
)
def test_numbers_as_they_are_written(shown, text):
    assert shown == text
