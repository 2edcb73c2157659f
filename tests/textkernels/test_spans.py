import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkernels.spans import apply_spans

NONE = np.empty(0, np.int64)


def integers(*values):
    return np.array(values, np.int64)


@st.composite
def documents_and_spans(draw):
    documents = draw(st.lists(st.none() | st.binary(max_size=20), max_size=6))
    rows, starts, ends, replacements = [], [], [], []
    for row, document in enumerate(documents):
        borders = sorted(draw(st.lists(st.integers(0, len(document or b"")), max_size=8)))
        for start, end in zip(borders[0::2], borders[1::2], strict=False):
            rows.append(row)
            starts.append(start)
            ends.append(end)
            replacements.append(draw(st.none() | st.binary(max_size=9)))
    return documents, integers(*rows), integers(*starts), integers(*ends), replacements


def in_plain_python(documents, rows, starts, ends, replacements):
    out = list(documents)
    for row, start, end, new in reversed(list(zip(rows, starts, ends, replacements, strict=True))):
        if out[row] is not None:
            out[row] = out[row][:start] + (new or b"") + out[row][end:]
    return out


@given(documents_and_spans(), st.sampled_from([pa.binary(), pa.large_binary()]))
def test_text_is_what_plain_python_makes_of_it(case, type_):
    documents, rows, starts, ends, replacements = case
    text = pa.array(documents, type_)
    out = apply_spans(text, rows, starts, ends, pa.array(replacements, pa.binary()))
    out.validate(full=True)
    assert out.type == type_
    assert out.to_pylist() == in_plain_python(*case)


@pytest.mark.parametrize("type_", [pa.string(), pa.large_string()])
def test_slices_and_chunks_are_read_where_they_begin(type_):
    column = pa.array(["left out", "ab@c", None, "xyz"], type_)
    wanted = ["<>", None, "xz"]
    arguments = (integers(0, 2), integers(0, 1), integers(4, 2), pa.array(["<>", None]))
    for text in (column[1:], pa.chunked_array([column[1:2], column[2:]])):
        out = apply_spans(text, *arguments)
        out.validate(full=True)
        assert out.type == type_ and out.to_pylist() == wanted


def test_without_spans_the_text_itself_comes_back():
    text = pa.array(["a", None])
    assert apply_spans(text, NONE, NONE, NONE, pa.array([], pa.string())) is text


@pytest.mark.parametrize(
    ("rows", "starts", "ends", "wrong"),
    [
        ([0, 0], [0, 1], [2, 3], 1),
        ([1, 0], [0, 0], [1, 1], 1),
        ([0], [2], [1], 0),
        ([0], [0], [5], 0),
        ([2], [0], [0], 0),
        ([-1], [0], [0], 0),
        ([0], [-1], [1], 0),
    ],
)
def test_spans_out_of_order_or_place_are_refused(rows, starts, ends, wrong):
    spans = (integers(*rows), integers(*starts), integers(*ends))
    with pytest.raises(ValueError, match=f"span {wrong}, "):
        apply_spans(pa.array(["abcd", "ef"]), *spans, pa.array(["x"] * len(rows)))


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="1 rows, 1 starts, 1 ends and 0 replacements"):
        apply_spans(pa.array(["a"]), integers(0), integers(0), integers(1), pa.array([], pa.string()))
