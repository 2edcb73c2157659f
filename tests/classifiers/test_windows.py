from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.windows import EDUCATIONAL, LANGUAGE, WindowsRule, windows

SMALL = WindowsRule("small", 6, (0.0, 0.5, 1.0))
BLANKS = {ord(c): " " for c in "\0\t\n\v\f\r"}


def cut(documents, rule=SMALL):
    pieces, offsets = windows(pa.array(documents, pa.string()), rule)
    pieces.validate(full=True)
    values = pieces.to_pylist()
    return [values[a:b] for a, b in pairwise(offsets)]


def oracle(text, rule):
    """By characters and not by bytes, from the definition."""
    if len(text) <= rule.characters:
        return [text.translate(BLANKS)] if text else []
    ends = np.cumsum([0] + [len(c.encode()) for c in text])
    found = []
    for place in rule.places:
        anchor = int(np.searchsorted(ends, int(place * ends[-1]), side="right")) - 1
        begin = max(0, anchor - int(place * rule.characters))
        found.append(text[begin : begin + rule.characters].translate(BLANKS))
    return found


@given(st.lists(st.text(max_size=60) | st.text("aä€😀\n", max_size=60), max_size=5))
def test_windows_are_those_of_the_definition(documents):
    assert cut(documents) == [oracle(document, SMALL) for document in documents]


def test_a_short_document_is_one_window_and_an_empty_one_none():
    assert cut(["abc", "abcdef", "", None]) == [["abc"], ["abcdef"], [], []]


def test_a_long_document_gives_its_beginning_middle_and_end():
    assert cut(["0123456789abcdefghij"]) == [["012345", "789abc", "efghij"]]


def test_windows_count_characters_and_not_bytes():
    assert cut(["ä" * 20, "😀" * 7]) == [["ä" * 6] * 3, ["😀" * 6] * 3]


def test_white_space_that_ends_a_line_or_a_word_becomes_a_space():
    assert cut(["a\nb\0c"]) == [["a b c"]]
    assert cut(["\r\n\t\v\f\u2028"]) == [["     \u2028"]]


@given(st.lists(st.binary(max_size=80), max_size=4))
def test_broken_text_gives_windows_of_bounded_length(documents):
    pieces, offsets = windows(pa.array(documents, pa.binary()), SMALL)
    sizes = np.diff(np.frombuffer(pieces.buffers()[1], np.int64, len(pieces) + 1))
    assert np.all(sizes <= 4 * SMALL.characters)
    assert len(offsets) == len(documents) + 1 and offsets[-1] == len(pieces)


def test_slices_chunks_and_large_strings_are_the_same_text():
    documents = ["xxxxx", "0123456789abcdefghij", None, "yy"]
    whole = cut(documents)
    sliced = windows(pa.array(documents)[1:], SMALL)[0].to_pylist()
    chunked = windows(pa.chunked_array([documents[:1], documents[1:]]), SMALL)[0].to_pylist()
    large = windows(pa.array(documents, pa.large_string()), SMALL)[0].to_pylist()
    flat = [window for found in whole for window in found]
    assert sliced == flat[1:] and chunked == large == flat


def test_other_columns_are_refused():
    with pytest.raises(TypeError, match="int64"):
        windows(pa.array([1]), SMALL)


def test_names_of_rules_say_what_they_cut():
    assert WindowsRule("start-middle-300", 300, (0.0, 0.5)) == LANGUAGE
    assert WindowsRule("start-middle-end-1500", 1500, (0.0, 0.5, 1.0)) == EDUCATIONAL
