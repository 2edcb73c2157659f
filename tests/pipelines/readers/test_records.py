"""Values become text the same way from every format, and rows are cut by bytes."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.readers.records import ROW_BYTES, as_text, byte_ranges, metadata_map, record_sizes

optional = st.none() | st.text(max_size=4)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("ä\u2028", "ä\u2028"),
        (b"\xc3\xa4", "ä"),
        (True, "true"),
        (7, "7"),
        (10**30, "1" + "0" * 30),
        (1.0, "1.0"),
        ({"b": [1, "ä"], "a": None}, '{"b":[1,"ä"],"a":null}'),
    ],
)
def test_values_as_text(value, text):
    assert as_text(value) == text


@given(st.lists(st.tuples(optional, optional), max_size=6))
def test_metadata_keeps_what_is_there(rows):
    columns = [pa.array([row[k] for row in rows], pa.string()) for k in range(2)]
    expected = [[(name, row[k]) for k, name in enumerate(("x", "y")) if row[k] is not None] for row in rows]
    assert metadata_map(("x", "y"), columns, len(rows)).to_pylist() == expected
    assert metadata_map((), [], len(rows)).to_pylist() == [[]] * len(rows)


@given(st.lists(st.integers(0, 20), max_size=30), st.integers(1, 25))
def test_ranges_are_as_long_as_they_may_be(sizes, most):
    ranges = list(byte_ranges(np.array(sizes, np.int64), most))
    assert [k for start, end in ranges for k in range(start, end)] == list(range(len(sizes)))
    for start, end in ranges:
        assert sum(sizes[start:end]) <= most or end == start + 1
        assert end == len(sizes) or sum(sizes[start : end + 1]) > most


@given(
    st.lists(
        st.tuples(st.text(max_size=5), optional, st.dictionaries(st.text(max_size=3), st.text(max_size=3)))
    )
)
def test_sizes_count_the_bytes_of_every_string(rows):
    batch = pa.RecordBatch.from_arrays(
        [
            pa.array([row[0] for row in rows], pa.string()),
            pa.array([row[1] for row in rows], pa.string()),
            pa.array([list(row[2].items()) for row in rows], pa.map_(pa.string(), pa.string())),
        ],
        names=["text", "url", "metadata"],
    )
    expected = [
        ROW_BYTES + sum(len((part or "").encode()) for part in (a, b, *m.keys(), *m.values()))
        for a, b, m in rows
    ]
    assert record_sizes(batch).tolist() == expected
    assert record_sizes(batch.slice(1)).tolist() == expected[1:]
