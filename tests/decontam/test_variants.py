"""The texts that an item is searched for as."""

from decontam.variants import MAX_VARIANTS, item_texts, item_variants
from tests.decontam.conftest import item


def test_the_options_are_printed_as_in_the_report_and_bare():
    assert item_texts("What?", "this", ["this", "that"], "A passage.") == [
        "What?",
        "What? A. this B. that",
        "What? this that",
        "What? this",
        "A passage.",
    ]


def test_absent_fields_make_no_text():
    assert item_texts("What?", "", [], "") == ["What?"]


def test_more_options_than_letters_are_kept():
    choices = [f"option {n}" for n in range(30)]
    texts = item_texts("What?", "", choices, "")
    assert texts[1].endswith("Y. option 24 Z. option 25 option 26 option 27 option 28 option 29")


def test_variants_are_told_apart_by_their_words(registry_of):
    items = registry_of(
        item("x", "1", "One?", answer="...", choices=["two"], context="ONE"),
        item("x", "2", "One?"),
        item("x", "3", "???", answer="One two three"),
    ).items
    hashes, offsets, item_offsets = item_variants(items)
    # Within an item only: another item of the same words is one to report too.
    assert item_offsets.tolist() == [0, 3, 4, 6]
    assert offsets.tolist() == [0, 1, 4, 6, 7, 7, 10]
    assert hashes.size == 10
    assert max(item_offsets[1:] - item_offsets[:-1]) <= MAX_VARIANTS
