"""Packing against a plain loop over the stream."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mixing.packing import boundaries, cut_pieces


def by_loop(lengths: list[int], start: int, sequences: range, length: int) -> list[tuple[int, ...]]:
    """Pieces as (sequence, offset, copy, first, last): one token after the other."""
    pieces: list[list[int]] = []
    position = start
    for copy, tokens in enumerate(lengths):
        for token in range(tokens):
            sequence, offset = divmod(position, length)
            if sequence in sequences:
                if pieces and pieces[-1][0] == sequence and pieces[-1][2] == copy:
                    pieces[-1][4] = token
                else:
                    pieces.append([sequence, offset, copy, token, token])
            position += 1
    return [tuple(piece) for piece in pieces]


@st.composite
def stretches(draw: st.DrawFn) -> tuple[list[int], int, range, int]:
    length = draw(st.integers(1, 20))
    start = draw(st.integers(0, 60))
    lengths = draw(st.lists(st.integers(1, 45), min_size=1, max_size=25))
    first = -(-start // length)
    end = (start + sum(lengths)) // length
    stop = draw(st.integers(min(first, end), end))
    return lengths, start, range(first, max(stop, first)), length


@given(stretches())
def test_pieces_are_those_of_a_loop_over_all_tokens(stretch: tuple[list[int], int, range, int]) -> None:
    lengths, start, sequences, length = stretch
    pieces = cut_pieces(np.array(lengths), start, sequences, length)
    columns = (pieces.sequence, pieces.offset, pieces.copy, pieces.first, pieces.last)
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == by_loop(*stretch)
    assert pieces.length.sum() == len(sequences) * length


@given(stretches())
def test_boundaries_are_where_documents_begin(stretch: tuple[list[int], int, range, int]) -> None:
    lengths, start, sequences, length = stretch
    values, offsets = boundaries(cut_pieces(np.array(lengths), start, sequences, length), sequences, length)
    beginnings = set(np.cumsum([start, *lengths]).tolist())
    assert len(offsets) == len(sequences) + 1
    assert offsets[-1] == len(values)
    for i, sequence in enumerate(sequences):
        inside = [offset for offset in range(1, length) if sequence * length + offset in beginnings]
        assert values[offsets[i] : offsets[i + 1]].tolist() == [0, *inside, length]
    assert values.dtype == offsets.dtype == np.int32
