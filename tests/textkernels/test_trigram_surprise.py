import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkernels.trigram_surprise import SLOTS, UNIT, _stored, languages, slots_of, trigram_surprise

ENGLISH = "The river runs through the old town, and in the evening people walk along its banks to the sea."
GERMAN = "Der Fluss fließt durch die alte Stadt, und am Abend gehen die Leute an seinem Ufer bis zum Meer."
RUSSIAN = "Река течёт через старый город, и вечером люди гуляют вдоль берега до самого моря."
CODE = (
    "def read(path):\n    with open(path) as file:\n        return [line.strip() for line in file if line]\n"
)


def by_the_book(data: bytes) -> float | None:
    table = _stored()[0]
    values = [int(table[slot]) for slot in slots_of(data)]
    return sum(values) * UNIT / len(values) if values else None


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_surprise_is_the_mean_of_the_table_over_all_trigrams(documents):
    found = trigram_surprise(pa.array(documents, pa.binary())).tolist()
    expected = [by_the_book(data) for data in documents]
    assert [None if np.isnan(value) else value for value in found] == expected


def test_slots_are_those_of_the_bytes_in_text_order():
    assert slots_of(b"ab").size == 0
    slots = slots_of(b"abcab")
    assert slots.size == 3 and slots[0] == slots_of(b"abc")[0] and 0 <= slots.min() <= slots.max() < SLOTS


@pytest.mark.parametrize("text", [ENGLISH, GERMAN, RUSSIAN, CODE], ids=["en", "de", "ru", "code"])
def test_letters_drawn_at_random_are_more_surprising_than_text_of_the_same_letters(text):
    choose = random.Random(3)
    letters = sorted(set(filter(str.isalpha, text)))
    noise = "".join(choose.choice(letters) if char.isalpha() else char for char in text)
    real, random_ = trigram_surprise(pa.array([text, noise]))
    assert random_ > real + 1


def test_a_null_and_too_short_text_have_no_surprise():
    assert np.isnan(trigram_surprise(pa.array([None, "", "ab"]))).all()


def test_the_table_has_seen_the_languages_it_names():
    assert {"code", "de", "en", "ja", "zh"} <= set(languages())
