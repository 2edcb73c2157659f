import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textkernels.text_stats import TextStats, text_stats

from . import text_stats_oracle as oracle

SPACES = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2003\u2028\u2029\u202f\u205f\u3000"
MARKS = ".…!?\"'”•-#[]{}3٣。।።።｡,;«»—\x00\x7f\u200b\u0301"
LETTERS = "aAbzÄßжЖ日本क한𝔸😀"
FRAGMENTS = [
    "the", "of", "with", "The", "...", "\r\n", "\n\n", "\n", " ", "U.S.", "J. R.", "[12]", "[edit]", "[", "]",
    "[citation needed]", "javascript", "JavaScript", "lorem ipsum", "Use Coo\u212aies", "privacy policy",
    "cookie policy", "terms of use", "uses cookies", "use of cookies", "{", "word", "Ein Satz. Noch einer!",
    "日本語。本。", "हिन्दी।", "W\u2028", "\x85", "x" * 70, "- item", "• item", "a bc", "ab c", "1 0 1 0 1 0",
]  # fmt: skip

characters = st.sampled_from(SPACES + MARKS + LETTERS) | st.characters(exclude_categories=["Cs"])
fragments = st.sampled_from(FRAGMENTS)
texts = st.lists(characters | fragments | st.just(" "), max_size=80).map("".join)


def rows(stats: TextStats, document: int) -> dict[str, list[int]]:
    return {name: getattr(stats, name)[document].tolist() for name in TextStats.__dataclass_fields__}


@settings(max_examples=600, deadline=None)
@given(st.lists(texts, max_size=5))
@example(["\n", "\n\n", " \n ", "a\n", "\na", "a\n\n\nb\n\na\n\n"])
@example(["Mr A. B. Smith came here. He left", "A.", "A.B.C. and more", "... and then. ", 'Why?!" he said.'])
@example(["1 1 1 1 1 1 11 1 1 1 11 1 1 1 1", "a a a a a a a a a a a a a a a a a a a a a"])
def test_every_count_is_that_of_plain_python(documents):
    stats = text_stats(pa.array(documents, pa.string()))
    for number, text in enumerate(documents):
        assert rows(stats, number) == oracle.text_stats(text)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["a", "b", "of", "the,", "日本", "x.", "y\u2003", "\n"]), min_size=100, max_size=900
    )
)
def test_text_of_few_words_repeats_itself_as_plain_python_counts(parts):
    text = " ".join(parts)
    assert rows(text_stats(pa.array([text])), 0) == oracle.text_stats(text)


@pytest.mark.parametrize("size", [1, 62, 63, 64, 65, 66, 126, 127, 128, 129, 200])
def test_characters_across_the_edges_of_blocks_count_once(size):
    for char in (*SPACES, "…", "日", "😀", "."):
        text = "a" * size + char + "b. C" + char * 3 + "x"
        assert rows(text_stats(pa.array([text])), 0) == oracle.text_stats(text)


def test_long_words_and_lines_count_as_in_plain_python():
    for letter in ("x", "é", "日"):
        for size in (999, 1000, 1001, 2500):
            text = f"one two three {letter * size}. Yes.\nshort line here. " + "w " * 700 + "end."
            assert rows(text_stats(pa.array([text])), 0) == oracle.text_stats(text)


def test_a_document_counts_the_same_whatever_stands_beside_it():
    choose = random.Random(5)
    documents = ["".join(choose.choices(FRAGMENTS + list(SPACES), k=40)) for _ in range(50)]
    documents += ["word " * 6000, "\n" * 9000, ""]
    together = text_stats(pa.array(documents))
    for number, text in enumerate(documents):
        assert rows(together, number) == rows(text_stats(pa.array([text])), 0)


def test_what_stands_behind_a_document_does_not_finish_its_last_character():
    for first, second in (
        (b"a\xc2", b"\x85 b"),
        (b"a\xe2\x80", b"\xa8x"),
        (b"a\xe2", b"\x80\xa6"),
        (b"..", b"."),
    ):
        together = text_stats(pa.array([first, second], pa.binary()))
        apart = [text_stats(pa.array([part], pa.binary())) for part in (first, second)]
        assert [rows(together, 0), rows(together, 1)] == [rows(one, 0) for one in apart]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=4))
def test_bytes_that_are_not_utf8_are_counted_the_same_each_time(documents):
    column = pa.array(documents, pa.binary())
    first, second = text_stats(column), text_stats(column)
    for number, data in enumerate(documents):
        counts = rows(first, number)
        assert counts == rows(second, number)
        assert 0 <= counts["words"][1] <= counts["words"][0] <= len(data)
        assert counts["characters"][0] <= len(data)


@pytest.mark.parametrize("type_", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()])
def test_slices_and_chunks_and_nulls_of_any_text_type_count_alike(type_):
    column = pa.array(["one two. three", None, "Ünï\ncode…", ""]).cast(type_)
    expected = [oracle.text_stats(text) for text in ("", "Ünï\ncode…", "")]
    for given_ in (column[1:], pa.chunked_array([column[1:2], column[2:]])):
        stats = text_stats(given_)
        assert [rows(stats, number) for number in range(3)] == expected


def test_no_documents_have_no_counts():
    assert text_stats(pa.array([], pa.string())).words.shape == (0, 6)
    with pytest.raises(TypeError, match="expected a column of string"):
        text_stats(pa.array([1]))


def test_a_large_document_of_many_words_is_counted_without_drift():
    words = [f"w{k}" for k in np.random.default_rng(1).integers(0, 3000, 60_000).tolist()]
    text = " ".join(words) + "\n" + " ".join(words[:500])
    stats = rows(text_stats(pa.array([text])), 0)
    assert stats["top_grams"] == [oracle.top_gram(text, n) for n in (2, 3, 4)]
    assert stats["duplicate_grams"] == [oracle.duplicate_gram(text, n) for n in range(5, 11)]
    assert stats["words"] == oracle.words(text)


@pytest.mark.parametrize(
    "repeated", ["\n", "a\n", "a\n\n", "Buy now and save. ", "a ", "A. ", "[1] ", "jav", "[", "…", "日。"]
)
def test_text_of_one_thing_over_and_over_counts_as_in_plain_python(repeated):
    text = repeated * 3000 + "The end of it."
    assert rows(text_stats(pa.array([text])), 0) == oracle.text_stats(text)
