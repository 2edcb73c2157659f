import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkernels.content import content_hashes
from textkernels.words import word_hashes

from .word_oracle import M64, hashes_of, is_assigned, mix64

SECOND = 0x9E3779B97F4A7C15


def oracle(text):
    values = hashes_of(text)
    length, wordless = len(values), not values
    if wordless:
        raw = text.encode()
        values = [int.from_bytes(raw[k : k + 8], "little") for k in range(0, len(raw), 8)]
        length = len(raw)
    a = b = 0
    for v in values:
        a, b = mix64(a ^ v), mix64(b ^ v * SECOND & M64)
    a, b = mix64(a ^ length), mix64(b ^ length * SECOND & M64)
    return (a & ~1 | wordless).to_bytes(8, "little") + b.to_bytes(8, "little")


def contents(*documents):
    return content_hashes(pa.array(documents, pa.string())).to_pylist()


@given(st.lists(st.text(max_size=40) | st.text(" .,!", max_size=40), max_size=6))
def test_hashes_are_those_of_the_formula(documents):
    documents = list(filter(is_assigned, documents))
    assert contents(*documents) == [oracle(document) for document in documents]


def test_the_type_is_sixteen_bytes_and_never_null():
    hashes = content_hashes(pa.array(["a", None]))
    assert isinstance(hashes, pa.FixedSizeBinaryArray)
    assert hashes.type == pa.binary(16) and hashes.null_count == 0
    hashes.validate(full=True)
    assert len(content_hashes(pa.array([], pa.string()))) == 0


def test_case_punctuation_and_normal_form_do_not_count():
    one, other, third = contents("Café, au lait!", "CAFÉ AU\nLAIT", "Café au thé")
    assert one == other != third


def test_order_repeats_and_cuts_of_words_count():
    texts = ["a b", "b a", "a b b", "ab", "a", "a a"]
    assert len(set(contents(*texts))) == len(texts)


def test_documents_without_words_go_by_their_bytes():
    texts = ["", " ", "  ", "...", ". ..", "\0", "\0\0", "—", "!" * 8, "!" * 9]
    assert len(set(contents(*texts))) == len(texts)
    assert contents("", None)[0] == contents("", None)[1]


def test_documents_with_and_without_words_never_meet():
    worded, wordless = contents("a", "b c")[:2], contents("", "...", "!?")
    assert all(not value[0] & 1 for value in worded)
    assert all(value[0] & 1 for value in wordless)


def test_words_at_hand_are_used():
    column = pa.chunked_array([["One two", "..."], ["three", None]])
    assert content_hashes(column, *word_hashes(column)).equals(content_hashes(column))


def test_words_of_another_column_are_refused():
    hashes, offsets = word_hashes(pa.array(["a", "b"]))
    with pytest.raises(ValueError, match="the words of 2 documents, but a column of 1"):
        content_hashes(pa.array(["a"]), hashes, offsets)
    with pytest.raises(ValueError, match="given together"):
        content_hashes(pa.array(["a"]), hashes)


def test_the_hash_of_a_fixed_sentence_stays():
    assert [value.hex() for value in contents("Hello, World", "...")] == [
        "c26fc09da313c4a5cf8f5f8055f0816f",
        "b3f87c02f50a09753b9b8b408470fd07",
    ]
