"""Lines come whole, once and in order, however the bytes are cut into chunks and ranges."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.readers.lines import EXCERPT_BYTES, Line, split_lines
from pipelines.readers.streams import BrokenStream

texts = st.lists(st.sampled_from([b"a", b"bb", b"ccccc", b"\n", b"\n\n"]), max_size=30).map(b"".join)


def oracle(data: bytes, longest: int) -> list[tuple[int, bytes, str | None]]:
    found, offset = [], 0
    parts = data.split(b"\n")
    if not parts[-1]:
        parts.pop()
    for part in parts:
        is_long = len(part) > longest
        found.append((offset, part[:EXCERPT_BYTES] if is_long else part, "oversize" if is_long else None))
        offset += len(part) + 1
    return found


def in_chunks(data: bytes, size: int):
    return (data[at : at + size] for at in range(0, len(data), size))


def plain(lines):
    return [(line.offset, line.data, line.reason) for line in lines]


@given(texts, st.integers(1, 7), st.integers(1, 12))
def test_lines_do_not_depend_on_chunks(data, size, longest):
    assert plain(split_lines(in_chunks(data, size), longest)) == oracle(data, longest)


@given(texts, st.lists(st.integers(0, 60), max_size=5), st.integers(1, 7), st.integers(1, 12))
def test_ranges_share_the_lines_out_without_loss_or_repetition(data, cuts, size, longest):
    edges = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    found = []
    for start, end in itertools.pairwise(edges):
        chunks = in_chunks(data[max(start - 1, 0) :], size)
        lines = plain(split_lines(chunks, longest, start, end))
        assert all(start <= offset < end for offset, _, _ in lines)
        found += lines
    assert found == oracle(data, longest)


def test_a_range_inside_a_long_line_reads_no_further_than_its_end():
    asked = []

    def endless():
        while True:
            asked.append(1)
            yield b"x" * 10

    assert list(split_lines(endless(), 1000, start=51, end=100)) == []
    assert len(asked) == 5


def test_a_line_that_is_too_long_is_not_held():
    def chunks():
        yield b"short\n"
        for _ in range(1000):
            yield b"y" * 1000
        yield b"\nlast"

    assert list(split_lines(chunks(), 2000)) == [
        Line(0, b"short"),
        Line(6, b"y" * EXCERPT_BYTES, "oversize", "the line is longer than 2000 bytes"),
        Line(1_000_007, b"last"),
    ]


@pytest.mark.parametrize(
    ("chunks", "last"),
    [
        ([b"one\ntw", b"o\nthr"], Line(8, b"thr", "truncated", "ends")),
        ([b"one\ntwo\n"], Line(8, b"", "truncated", "ends")),
    ],
)
def test_a_stream_that_breaks_keeps_the_lines_before_and_ends_with_one_that_says_so(chunks, last):
    def broken():
        yield from chunks
        raise BrokenStream("truncated", "ends")

    assert list(split_lines(broken(), 100)) == [Line(0, b"one"), Line(4, b"two"), last]
