"""A diff of words gives both texts back, short where they are long, and harmless where they are hostile."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from pipelines.inspection.word_diff import word_diff

WORDS = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=12)


def words_of(stretches, *kinds):
    return [word for one in stretches if one.kind in kinds for word in one.text.split()]


@given(kept=WORDS, dropped=WORDS)
def test_short_texts_can_be_read_back(kept, dropped):
    stretches = word_diff(" ".join(kept), "\n".join(dropped))
    if kept == dropped:
        assert stretches == []
    elif not any(one.kind == "skipped" for one in stretches):
        assert words_of(stretches, "same", "removed") == kept
        assert words_of(stretches, "same", "added") == dropped


@given(kept=WORDS, dropped=WORDS)
def test_what_is_left_out_is_counted(kept, dropped):
    stretches = word_diff(" ".join(kept), " ".join(dropped))
    left_out = sum(int(one.text.split()[0]) for one in stretches if one.kind == "skipped")
    if stretches:
        assert len(words_of(stretches, "same", "removed")) + left_out == len(kept)
        assert len(words_of(stretches, "same", "added")) + left_out == len(dropped)


def test_one_change_stands_among_a_few_words():
    words = [f"w{k}" for k in range(100)]
    found = word_diff(" ".join(words), " ".join([*words[:50], "new", *words[51:]]))
    assert [(one.kind, one.text) for one in found] == [
        ("skipped", "42 same words"),
        ("same", " ".join(words[42:50])),
        ("removed", "w50"),
        ("added", "new"),
        ("same", " ".join(words[51:59])),
        ("skipped", "41 same words"),
    ]


def test_lines_stay_lines_and_other_space_counts_for_nothing():
    assert word_diff("a  b\tc\n\n d", "a b c d") == []
    assert "x\ny" in [one.text for one in word_diff("a", "x \n\ny")]


def test_indents_of_lines_stay_and_a_stretch_says_that_it_ends_a_line():
    before, after = word_diff("if a:\n    return 1\nb", "if a:\n    return 2\nb")[1:3]
    assert (before.text, before.ends_line, after.text, after.ends_line) == ("1", True, "2", True)
    assert word_diff("x", "if a:\n\n    b")[-1].text == "if a:\n    b"


def test_long_texts_of_few_words_are_cut():
    stretches = word_diff("a b " * 5_000, "b c a " * 5_000)
    assert sum(len(one.text) for one in stretches) < 5_000
    assert stretches[-1].kind == "skipped"


@given(kept=st.text(max_size=60), dropped=st.text(max_size=60))
def test_nothing_that_acts_on_its_surroundings_is_left(kept, dropped):
    shown = "".join(one.text for one in word_diff(kept, dropped))
    acting = {char for char in shown if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp")}
    assert acting <= set("\n\u200c\u200d")
