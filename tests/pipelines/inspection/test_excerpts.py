"""Hostile text is made harmless and stays readable."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from pipelines.inspection.excerpts import readable, word_changes


@given(text=st.text(), characters=st.integers(0, 50))
def test_nothing_that_acts_on_its_surroundings_is_left(text, characters):
    shown = readable(text, characters)
    acting = [c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")]
    assert set(acting) <= set("\n\t\u200c\u200d")


def test_escapes_name_the_character_and_the_cut_is_marked():
    assert readable("a\x1b[2J\u202eb", 100) == "a\\x1b[2J\\u{202e}b"
    assert readable("abcdef", 3) == "abc…"
    assert readable("abc", 3) == "abc"


def test_changes_are_the_words_that_differ_with_some_around_them():
    (change,) = word_changes("one two three four five six", "one two 3 four five six")
    assert (change.before, change.removed, change.added, change.after) == (
        "one two",
        "three",
        "3",
        "four five six",
    )
    assert change.as_text() == "one two [-three-]{+3+} four five six"


@given(words=st.lists(st.sampled_from("abc"), max_size=30))
def test_the_same_words_have_no_changes(words):
    assert word_changes(" ".join(words), "\n".join(words)) == []


@given(
    kept=st.lists(st.sampled_from("abc"), max_size=30), dropped=st.lists(st.sampled_from("abc"), max_size=30)
)
def test_other_words_have_changes_of_which_five_are_shown(kept, dropped):
    changes = word_changes(" ".join(kept), " ".join(dropped))
    assert (len(changes) > 0) == (kept != dropped)
    assert len(changes) <= 5
