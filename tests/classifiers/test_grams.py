import re
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.grams import grams

M64 = 2**64 - 1
WORD = re.compile(
    "[0-9A-Za-z\u00c0-\u1fff\u2080-\u2fff]+|[\u0080-\u009f\u00a1-\u00bf\u2000-\u207f\u3000-\U0010ffff]|[!-/:-@\\[-`{-~]"
)


def mix64(x):
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & M64
    x = (x ^ x >> 27) * 0x94D049BB133111EB & M64
    return x ^ x >> 31


def word_hash(word):
    raw = word.encode().lower().translate(bytes.maketrans(b"123456789", b"0" * 9))
    h = 0
    for byte in raw:
        h = (h ^ byte) * 0x100000001B3 & M64
    return mix64(h + len(raw) & M64)


def oracle(text):
    words = [word_hash(word) for word in WORD.findall(text)]
    found = [word >> 32 for word in words[:1]]
    for a, b in pairwise(words):
        found += [mix64(a * 0x9E3779B97F4A7C15 & M64 ^ b) >> 32, b >> 32]
    return found


def grams_of(*pieces):
    hashes, offsets = grams(pa.array(pieces, pa.string()))
    return [hashes[a:b].tolist() for a, b in pairwise(offsets)]


@given(st.lists(st.text(max_size=40) | st.text("aB1 .,é€“数😀\u00a0«", max_size=40), max_size=5))
def test_grams_are_those_of_the_definition(pieces):
    assert grams_of(*pieces) == [oracle(piece) for piece in pieces]


def test_case_and_the_digits_of_a_number_do_not_count_but_its_length_does():
    one, other, third = grams_of("In 1984 WAR", "in 2046 war", "in 046 war")
    assert one == other != third


def test_signs_count_and_blanks_do_not():
    plain, spaced, signed = grams_of("a b", "\ta\n\n b ", "a, b")
    assert plain == spaced and set(plain) < {*signed, plain[1]} and len(signed) == 5


def test_each_character_of_a_script_without_spaces_is_a_word():
    assert len(grams_of("数学を学ぶ")[0]) == 9


def test_pieces_do_not_touch_one_another():
    assert grams_of("a b", "", None, "c") == [oracle("a b"), [], [], oracle("c")]


@given(st.lists(st.binary(max_size=30), max_size=4))
def test_broken_text_does_not_reach_beyond_its_piece(pieces):
    hashes, offsets = grams(pa.array(pieces, pa.binary()))
    for piece, begin, end in zip(pieces, offsets[:-1], offsets[1:], strict=True):
        assert hashes[begin:end].tolist() == grams(pa.array([piece], pa.binary()))[0].tolist()


def test_other_columns_are_refused():
    with pytest.raises(TypeError, match="int64"):
        grams(pa.array([1]))
