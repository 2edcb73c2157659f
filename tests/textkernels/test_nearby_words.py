import numpy as np
import pytest

from textkernels.nearby_words import has_literal, is_word_of, nearest_word, word_table

TELLING, DENYING = word_table("phone*", "tel"), word_table("order", "isbn")


def as_bytes(text):
    return np.frombuffer(text.encode(), np.uint8)


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("tel", True),
        ("TEL", True),
        ("te", False),
        ("tell", False),
        ("phone", True),
        ("Phones", True),
        ("", False),
    ],
)
def test_words_are_whole_and_stems_are_beginnings(word, known):
    assert is_word_of(as_bytes(word), 0, len(word), TELLING) == known


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("Tel. ", 1),
        ("my phone: ", 1),
        ("order 12, ", -1),
        ("Tel. for the order ", -1),
        ("order by phone ", 1),
        ("hotel ", 0),
        ("Tel.\n", 0),
        ("", 0),
    ],
)
def test_the_nearest_word_of_the_line_decides(before, said):
    data = as_bytes(before)
    assert nearest_word(data, 0, data.size, TELLING, DENYING) == said


def test_words_before_the_least_place_do_not_count():
    data = as_bytes("tel and so on")
    assert nearest_word(data, 1, data.size, TELLING, DENYING) == 0


def test_literals_are_found_within_other_letters():
    table = word_table("电话", "тел")
    data = as_bytes("我的电话是")
    assert has_literal(data, 0, data.size, table)
    assert not has_literal(data, 0, 8, table)
