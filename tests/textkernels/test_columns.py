from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from textkernels.columns import text_buffers

TEXTS = ["one", "", None, "zwei ä", "", "三"]
TYPES = [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()]


def texts_of(column):
    data, offsets = text_buffers(column)
    assert data.dtype == np.uint8 and offsets.dtype == np.int64
    assert offsets[0] == 0 and offsets[-1] == data.size
    return [bytes(data[a:b]).decode() for a, b in pairwise(offsets)]


@pytest.mark.parametrize("type_", TYPES)
def test_every_text_type_gives_the_same_bytes(type_):
    assert texts_of(pa.array(TEXTS).cast(type_)) == [text or "" for text in TEXTS]


@pytest.mark.parametrize("type_", TYPES)
def test_no_rows_give_one_offset(type_):
    for column in (
        pa.array([], type_),
        pa.chunked_array([], type_),
        pa.array(["ab"], pa.string()).cast(type_)[:0],
    ):
        data, offsets = text_buffers(column)
        assert data.size == 0 and offsets.tolist() == [0]


def test_data_of_one_chunk_are_not_copied():
    column = pa.array(["abc", "defg"])
    address = column.buffers()[2].address
    assert text_buffers(column)[0].ctypes.data == address
    assert text_buffers(pa.chunked_array([column]))[0].ctypes.data == address
    assert text_buffers(column[1:])[0].ctypes.data == address + 3


def test_slices_see_only_their_rows():
    column = pa.array(TEXTS)
    for start in range(len(TEXTS) + 1):
        for stop in range(start, len(TEXTS) + 1):
            expected = [text or "" for text in TEXTS[start:stop]]
            assert texts_of(column[start:stop]) == expected


def test_chunks_are_joined():
    column = pa.array(TEXTS)
    chunked = pa.chunked_array([column[:2], column[2:2], column[2:5], column[4:]])
    assert texts_of(chunked) == texts_of(column[:5]) + texts_of(column[4:])


def test_bytes_under_a_null_do_not_count():
    hidden = pa.Array.from_buffers(
        pa.string(),
        3,
        [
            pa.py_buffer(b"\x05"),
            pa.py_buffer(np.array([0, 1, 4, 5], np.int32)),
            pa.py_buffer(b"abbbc"),
        ],
    )
    assert hidden.to_pylist() == ["a", None, "c"]
    assert texts_of(hidden) == ["a", "", "c"]
    assert texts_of(hidden[1:]) == ["", "c"]


@pytest.mark.parametrize("column", [pa.array([1]), pa.array(["a"]).dictionary_encode()])
def test_other_types_are_refused(column):
    with pytest.raises(TypeError, match="expected a column of string"):
        text_buffers(column)
