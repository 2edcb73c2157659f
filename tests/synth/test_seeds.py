import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.seeds import SHORTEST, seeds
from textkernels.words import word_hashes

SENTENCE = "The river carries more water in spring, when the snow of the mountains melts. "
MENU = "Home\n\nNews\n\nAbout us\n\nContact\n\n"

fragments = st.sampled_from(
    [
        SENTENCE,
        SENTENCE * 3,
        "\n",
        "\n\n",
        "  \n \n",
        MENU,
        "Ein Satz über Flüsse. ",
        "Что было дальше? ",
        "川は春に水が多い。",
        "no end in sight and on and on it goes ",
        "word" * 30,
        "def f(x):\n    return x\n",
        "...!?”) ",
        "\u00ad\u200b\u3000",
        "🙂 e\u0301 ",
    ]
)
texts = (
    st.lists(fragments | st.text(max_size=20), max_size=40)
    .map("".join)
    .map(lambda text: text.encode("utf-8", "replace").decode())
)


def word_count(text: str) -> int:
    return len(word_hashes(pa.array([text]))[0])


@given(texts, st.integers(1, 300))
def test_passages_are_spans_in_order_within_the_text_and_the_word_limit(text: str, most: int) -> None:
    data, end = text.encode(), 0
    for seed in seeds(7, "id", text, most, "en"):
        assert end <= seed.start < seed.end <= len(data)
        assert data[seed.start : seed.end].decode() == seed.text
        assert word_count(seed.text) <= most
        assert word_count(seed.text) >= SHORTEST
        assert seed.text == seed.text.strip()
        assert (seed.doc, seed.id, seed.language) == (7, "id", "en")
        end = seed.end


@given(st.integers(1, 60), st.integers(SHORTEST + 14, 200))
def test_prose_is_all_taken_but_for_a_short_rest(sentences: int, most: int) -> None:
    text = (SENTENCE * sentences).strip()
    taken = sum(word_count(seed.text) for seed in seeds(0, "", text, most))
    assert sentences * word_count(SENTENCE) - taken < SHORTEST + word_count(SENTENCE)


def test_a_passage_ends_with_a_paragraph_where_one_fits() -> None:
    paragraph = (SENTENCE * 4).strip()
    found = seeds(0, "", "\n\n".join([paragraph] * 5), 2 * word_count(paragraph) + 10)
    assert [seed.text for seed in found] == ["\n\n".join([paragraph] * n) for n in (2, 2, 1)]


def test_a_long_paragraph_is_cut_behind_sentences() -> None:
    found = seeds(0, "", SENTENCE * 30, 100)
    assert len(found) > 3
    assert all(seed.text.endswith("melts.") for seed in found)


def test_a_sentence_without_an_end_is_cut_between_words() -> None:
    found = seeds(0, "", "on and on " * 100 + "it went.", 50)
    assert [word_count(seed.text) for seed in found] == [50] * 6
    assert not any(seed.text.endswith(" ") for seed in found)


def test_characters_of_han_count_as_words() -> None:
    found = seeds(0, "", "川は春に水が多い。" * 50, 100)
    assert all(80 < word_count(seed.text) <= 100 and seed.text.endswith("。") for seed in found)


@pytest.mark.parametrize(
    "nothing",
    [
        "",
        " \n\n ",
        SENTENCE,
        MENU * 30,
        "\n".join(f"{k}. Anna Sample  1:{k:02}.3 min" for k in range(60)),
        "\n\n".join(f"Archive of March {year} ({year % 7})" for year in range(1980, 2030)),
    ],
)
def test_what_says_nothing_is_no_seed(nothing: str) -> None:
    assert seeds(0, "", nothing, 250) == []


def test_a_menu_is_in_no_passage_and_ends_one() -> None:
    article = (SENTENCE * 4).strip()
    found = seeds(0, "", f"{MENU}{article}\n\n{MENU}{article}\n\n{MENU}", 250)
    assert [seed.text for seed in found] == [article, article]


def test_a_heading_stays_with_its_text() -> None:
    text = f"Rivers in spring\n\n{(SENTENCE * 4).strip()}"
    assert [seed.text for seed in seeds(0, "", text, 250)] == [text]
