"""The variants that judge decontamination change what they say they change, and nothing else."""

import random
import re
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.planted_variants import (
    CYRILLIC,
    GREEK,
    KINDS,
    NUMBERS,
    REORDERED,
    SHARES,
    TEXT_WAYS,
    WORD,
    Item,
    Vocabulary,
    change_numbers,
    substitute,
    variant,
    ways_of,
)

VOCABULARY = Vocabulary(["zebra", "quartz", "violin"], ["山", "水"])
ITEM = Item(
    "made",
    "1",
    "A farmer's well-known field has 12 rows of 35 plants -- how many plants don't grow if 7 fail?",
    "413",
    ("413", "420", "405"),
    19,
)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_changes_an_item_alike_for_the_same_seed(kind):
    for way in ways_of(kind):
        made = [variant(kind, way, ITEM, VOCABULARY, random.Random(3)) for _ in range(2)]
        assert made[0] is not None and made[0] == made[1]


@given(st.integers(0, 10**6), st.sampled_from(sorted(SHARES)))
def test_a_share_of_the_words_is_substituted_and_all_else_stays(seed, kind):
    text = "Which 山 水 colours, (of these) are seen in a rainbow that stands over the old river at noon?"
    changed = substitute(text, SHARES[kind], VOCABULARY, random.Random(seed))
    before, after = WORD.findall(text), WORD.findall(changed)
    assert len(before) == len(after)
    assert sum(a != b for a, b in zip(before, after, strict=True)) == round(SHARES[kind] * len(before))
    assert WORD.sub("", changed) == WORD.sub("", text)


@given(st.text("0123456789 ab.,", max_size=40), st.integers(0, 99))
def test_every_number_becomes_another_of_as_many_digits(text, seed):
    changed = change_numbers(text, random.Random(seed))
    numbers = list(zip(re.findall("[0-9]+", text), re.findall("[0-9]+", changed), strict=True))
    assert all(a != b and len(a) == len(b) for a, b in numbers)
    assert re.sub("[0-9]", "", changed) == re.sub("[0-9]", "", text)


@given(st.integers(0, 10**6))
def test_reordered_options_are_the_same_in_another_order(seed):
    made = variant(REORDERED, REORDERED, ITEM, VOCABULARY, random.Random(seed))
    found = re.findall("413|420|405", made.text.removeprefix(ITEM.question))[:3]
    assert sorted(found) == sorted(ITEM.choices) and tuple(found) != ITEM.choices


def test_items_that_are_mostly_numbers_have_no_variant_with_other_numbers():
    item = Item("made", "2", "12 + 30 * 5 is what", "162", (), 5)
    assert variant(NUMBERS, NUMBERS, item, VOCABULARY, random.Random(0)) is None


@given(
    st.text(max_size=60),
    st.integers(0, 99),
    st.sampled_from(["Cyrillic letters", "Greek letters", "full width"]),
)
def test_look_alikes_read_as_the_letters_they_stand_for(text, seed, way):
    text = text.encode("ascii", "ignore").decode()
    back = {ord(v): k for table in (CYRILLIC, GREEK) for k, v in table.items()}
    changed = TEXT_WAYS["look-alikes"][way](text, random.Random(seed))
    assert normalize("NFKC", changed.translate(back)) == text


@given(st.integers(0, 10**6), st.sampled_from(sorted(TEXT_WAYS["split by markup"])))
def test_markup_leaves_the_letters_in_their_order(seed, way):
    changed = TEXT_WAYS["split by markup"][way](ITEM.question, random.Random(seed))
    bare = re.sub(r"</?[a-z]+ ?/?>|&[a-z]+;|&#39;", "", changed)
    assert re.findall(r"[^\W_]", bare) == re.findall(r"[^\W_]", ITEM.question)


@pytest.mark.parametrize("way", sorted(TEXT_WAYS["code comment"]))
def test_comment_lines_stay_within_60_characters(way):
    text = TEXT_WAYS["code comment"][way](ITEM.question, random.Random(1))
    assert len(text.split("\n")) > 1 and max(map(len, text.split("\n"))) <= 60


def test_words_are_joined_at_apostrophes_and_hyphens_only_between_letters():
    joined = TEXT_WAYS["punctuation and case"]["joined at ' and -"]
    assert (
        joined("don't use a well-known 3-4 'quote'", random.Random(0)) == "dont use a wellknown 3-4 'quote'"
    )
