import pyarrow as pa
import pytest

from classifiers.heuristics import heuristics
from schemas.heuristics import HEURISTICS

TEXT = "The cat sat with the dog.\nIt rained # today...\n\nThe cat sat with the dog.\n- no\n"


def one(text: str) -> dict[str, object]:
    return {name: column.to_pylist()[0] for name, column in heuristics(pa.array([text])).items()}


def test_columns_are_those_of_the_schema_in_its_order_and_types():
    columns = heuristics(pa.array([TEXT, None, ""]))
    assert list(columns) == HEURISTICS.names[2:]
    for name, column in columns.items():
        assert column.type == HEURISTICS.field(name).type
        assert len(column) == 3
        assert column.null_count == 0 or HEURISTICS.field(name).nullable


def test_ratios_are_of_the_counts_their_definition_names():
    found = one(TEXT)
    words = TEXT.split()
    assert found["n_chars"] == len(TEXT)
    assert (found["whitespace_words"], found["word_count"]) == (len(words), len(words) - 2)
    named = [word for word in words if word not in ("#", "-")]
    assert found["mean_word_length"] == sum(map(len, named)) / len(named)
    assert found["hash_to_word_ratio"] == found["ellipsis_to_word_ratio"] == 1 / len(words)
    assert found["alpha_word_ratio"] == len(named) / len(words)
    assert (found["stop_word_count"], found["distinct_stop_words"]) == (4, 2)
    assert (found["bullet_line_ratio"], found["ellipsis_line_ratio"]) == (1 / 5, 1 / 5)
    # The piece behind the last line feed is an empty one.
    assert found["dup_line_frac"] == 1 / 5
    assert found["dup_line_char_frac"] == 25 / len(TEXT)
    assert (found["dup_para_frac"], found["nonblank_lines"]) == (0, 4)
    assert (found["line_punct_ratio"], found["short_line_ratio"]) == (3 / 4, 1)
    assert found["char_dup_ratio"] == 25 / len(TEXT.replace("\n", ""))
    assert found["newline_to_word_ratio"] == 5 / len(words)
    assert found["third_longest_line"] == 20
    assert found["top_2_gram_char_frac"] == 2 * len("The cat") / len(TEXT)
    assert found["dup_5_gram_char_frac"] == len("Thecatsatwiththe") / len(TEXT)
    assert (found["c4_lines"], found["c4_lines_kept"], found["c4_words_kept"]) == (5, 2, 12)
    assert (found["c4_unpunctuated_lines"], found["c4_sentences_kept"]) == (3, 2)


def test_what_is_undefined_is_null():
    empty, blank, symbols = (one(text) for text in ("", " \n ", "-- !"))
    undefined = {name for name, value in empty.items() if value is None}
    assert undefined == {field.name for field in HEURISTICS if field.nullable}
    assert blank["line_punct_ratio"] is None and blank["char_dup_ratio"] is None
    assert blank["alpha_word_ratio"] is None and blank["dup_line_frac"] == 1 / 2
    assert symbols["mean_word_length"] is None and symbols["alpha_word_ratio"] == 0
    assert symbols["top_3_gram_char_frac"] is None and symbols["top_2_gram_char_frac"] == 1


def test_a_page_for_which_c4_drops_it_all_is_flagged():
    found = one("This line is about lorem ipsum.\nfunction() { return 1 is a line!\nA plain one follows.")
    assert found["c4_lorem_ipsum"] is True and found["c4_curly_bracket"] is True
    assert one("lorem ipsum\n{\nA plain one follows.")["c4_lorem_ipsum"] is False


def test_text_that_repeats_itself_compresses_better():
    repeated, plain = one("Buy now. " * 200), one(" ".join(f"{k * 7919 % 104729:x}" for k in range(400)))
    assert repeated["compression_ratio"] > 20 > 3 > plain["compression_ratio"] > 1


def test_signals_of_a_document_do_not_depend_on_its_neighbours():
    texts = [TEXT, "x", TEXT * 50, "", "日本語。 " * 9]
    together = heuristics(pa.array(texts))
    for place, text in enumerate(texts):
        assert {name: column.to_pylist()[place] for name, column in together.items()} == one(text)


def test_a_column_that_is_not_text_is_refused():
    with pytest.raises(TypeError, match="expected a column of string"):
        heuristics(pa.array([1.5]))
