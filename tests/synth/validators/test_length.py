import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.validators.length import misfit, whole_sentences, word_count


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("It rained. The river ro", "It rained."),
        ("It rained. The river rose.", "It rained. The river rose."),
        ('She said: "It rained." Then the', 'She said: "It rained."'),
        ("It costs 3.5 million and", ""),
        ("George R. R. Martin wrote it. In 19", "George R. R. Martin wrote it."),
        ("川は長い。水が", "川は長い。"),
        ("Wirklich? Ja! Und dan", "Wirklich? Ja!"),
        ("", ""),
    ],
)
def test_an_answer_that_was_cut_ends_with_its_last_whole_sentence(text: str, whole: str) -> None:
    assert whole_sentences(text) == whole


@given(st.text())
def test_whole_sentences_are_the_beginning_of_the_text_and_stay_as_they_are(text: str) -> None:
    whole = whole_sentences(text)
    assert text.startswith(whole)
    assert whole_sentences(whole) == whole


@given(st.lists(st.sampled_from(["river", "snow", "川"])), st.integers(0, 20), st.integers(0, 20))
def test_a_fitting_text_has_words_within_both_limits(found: list[str], least: int, most: int) -> None:
    text = " ".join(found)
    assert word_count(text) == len(found)
    fault = misfit(text, least, most)
    assert (fault is None) == (least <= len(found) <= most)
    assert fault != "short" or len(found) < least
