"""Dates of any spelling come to the same moment; what is no date is null."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.readers.dates import CREATED, created_of_column, microseconds

NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2024-01-01",
        "20240101",
        " 2024-01-01T00:00:00Z\n",
        "2024-01-01 01:00:00+01:00",
        "2023-12-31T23:00:00.000000-01:00",
        1704067200,
        1704067200.0,
    ],
)
def test_spellings_of_one_moment(value):
    assert microseconds(value) == 1_704_067_200_000_000


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "yesterday",
        "2024-13-01",
        True,
        [],
        {},
        float("nan"),
        float("inf"),
        1e18,
        -(10**15),
        "0001-01-01T00:00:00+23:00",
    ],
)
def test_what_is_no_date_is_none_or_in_range(value):
    found = microseconds(value)
    assert found is None or (isinstance(value, str) and found < 0)


@given(st.datetimes(timezones=st.just(UTC)))
def test_iso_text_and_timestamps_agree(moment):
    expected = pa.array([moment], CREATED)
    assert created_of_column(pa.array([moment.isoformat()])).equals(expected)
    assert created_of_column(pa.array([moment], pa.timestamp("us", tz="Europe/Berlin"))).equals(expected)
    assert created_of_column(pa.array([moment.replace(tzinfo=None)], pa.timestamp("us"))).equals(expected)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([date(2024, 1, 1), None], pa.date32()),
        pa.array([date(2024, 1, 1), None], pa.date64()),
        pa.array([1704067200, None], pa.int64()),
        pa.array([1704067200, None], pa.uint32()),
        pa.array([1704067200.0, float("nan")], pa.float64()),
        pa.array([NEW_YEAR, None], pa.timestamp("s")),
        pa.array([1704067200_000_000_999, 2**63 - 1], pa.timestamp("ns")).take(pa.array([0, None])),
        pa.array(["2024-01-01", "soon"]).dictionary_encode(),
    ],
)
def test_columns_of_every_type(column):
    assert created_of_column(column).to_pylist() == [NEW_YEAR, None]


def test_moments_outside_the_calendar_are_null():
    seconds = pa.array(
        [253_402_300_799, 253_402_300_800, -62_135_596_800, -62_135_596_801, 2**62], pa.timestamp("s")
    )
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    first = datetime(1, 1, 1, tzinfo=UTC)
    assert created_of_column(seconds).to_pylist() == [last, None, first, None, None]
    days = pa.array([2_932_896, 2_932_897], pa.int32()).cast(pa.date32())
    assert created_of_column(days).to_pylist() == [datetime(9999, 12, 31, tzinfo=UTC), None]


def test_other_types_have_no_date():
    assert created_of_column(pa.array([[1], None])).to_pylist() == [None, None]
    assert created_of_column(pa.array([True, False])).to_pylist() == [None, None]


@given(st.floats(allow_nan=True, allow_infinity=True) | st.integers())
def test_numbers_are_seconds_since_1970(value):
    found = microseconds(value)
    if found is not None:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=found)
        assert abs((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() - value) < 1e-3
