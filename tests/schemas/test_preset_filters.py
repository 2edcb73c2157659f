"""The presets that ship: their conditions hold over the heuristics, and no NULL drops anything."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
import yaml

from schemas.heuristics import HEURISTICS
from schemas.signals import NORMED

FOLDER = Path(__file__).parents[2] / "schemas" / "presets"
PRESETS = sorted(path.stem for path in FOLDER.glob("*.yaml"))
KEPT = {
    "word_count": 400, "mean_word_length": 5.0, "hash_to_word_ratio": 0.0, "ellipsis_to_word_ratio": 0.0,
    "bullet_line_ratio": 0.0, "ellipsis_line_ratio": 0.0, "alpha_word_ratio": 1.0, "distinct_stop_words": 8,
    "dup_line_frac": 0.0, "dup_line_char_frac": 0.0, "dup_para_frac": 0.0, "dup_para_char_frac": 0.0,
    "nonblank_lines": 20, "line_punct_ratio": 1.0, "short_line_ratio": 0.0, "char_dup_ratio": 0.0,
    "newline_to_word_ratio": 0.05, "third_longest_line": 300, "c4_sentences_kept": 30,
    "c4_lorem_ipsum": False, "c4_curly_bracket": False,
    "compression_ratio_z": 0.5, "trigram_surprise_z": -0.5,
    **{f"top_{n}_gram_char_frac": 0.01 for n in (2, 3, 4)},
    **{f"dup_{n}_gram_char_frac": 0.0 for n in range(5, 11)},
}  # fmt: skip
# By filter: the last value that is kept, and the first beyond it that is not.
LIMITS = {
    "gopher_word_count": [("word_count", 50, 49), ("word_count", 100_000, 100_001)],
    "gopher_mean_word_length": [("mean_word_length", 3.0, 2.99), ("mean_word_length", 10.0, 10.01)],
    "gopher_hash_to_word_ratio": [("hash_to_word_ratio", 0.1, 0.101)],
    "gopher_ellipsis_to_word_ratio": [("ellipsis_to_word_ratio", 0.1, 0.101)],
    "gopher_bullet_line_ratio": [("bullet_line_ratio", 0.9, 0.91)],
    "gopher_ellipsis_line_ratio": [("ellipsis_line_ratio", 0.3, 0.31)],
    "gopher_alpha_word_ratio": [("alpha_word_ratio", 0.8, 0.79)],
    "gopher_stop_words": [("distinct_stop_words", 2, 1)],
    "gopher_dup_para_frac": [("dup_para_frac", 0.3, 0.31)],
    "gopher_dup_para_char_frac": [("dup_para_char_frac", 0.2, 0.21)],
    "gopher_dup_line_frac": [("dup_line_frac", 0.3, 0.31)],
    "gopher_dup_line_char_frac": [("dup_line_char_frac", 0.2, 0.21)],
    "gopher_top_2_gram": [("top_2_gram_char_frac", 0.2, 0.201)],
    "gopher_top_3_gram": [("top_3_gram_char_frac", 0.18, 0.181)],
    "gopher_top_4_gram": [("top_4_gram_char_frac", 0.16, 0.161)],
    **{
        f"gopher_dup_{n}_gram": [(f"dup_{n}_gram_char_frac", limit, limit + 0.001)]
        for n, limit in {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.1}.items()
    },
    "c4_lorem_ipsum": [("c4_lorem_ipsum", False, True)],
    "c4_curly_bracket": [("c4_curly_bracket", False, True)],
    "c4_sentences": [("c4_sentences_kept", 5, 4)],
    "mc4_third_longest_line": [("third_longest_line", 200, 199)],
    "fineweb_empty": [("nonblank_lines", 1, 0)],
    "fineweb_line_punct_ratio": [("line_punct_ratio", 0.12, 0.119)],
    "fineweb_short_line_ratio": [("short_line_ratio", 0.67, 0.671)],
    "fineweb_char_dup_ratio": [("char_dup_ratio", 0.01, 0.011)],
    "outliers_repetitive": [("compression_ratio_z", 10.0, 10.1)],
    "outliers_gibberish": [("trigram_surprise_z", 8.0, 8.1)],
    "fineweb_newline_to_word_ratio": [("newline_to_word_ratio", 0.3, 0.301)],
}


def filters(preset: str) -> dict[str, str]:
    return yaml.safe_load((FOLDER / f"{preset}.yaml").read_text())["filters"]


def verdict(condition: str, **values: object) -> bool | None:
    types = {field.name: field.type for field in list(HEURISTICS)[2:]}
    types |= {f"{name}_z": pa.float64() for name in NORMED}
    row = pa.table({name: pa.array([values.get(name)], kind) for name, kind in types.items()})
    connection = duckdb.connect()
    connection.register("signals", row)
    return connection.execute(f"SELECT ({condition}) FROM signals").fetchone()[0]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_filter_has_its_limits_and_a_plain_text_meets_all(preset: str) -> None:
    for name, condition in filters(preset).items():
        assert name.startswith(f"{preset}_")
        assert verdict(condition, **KEPT) is True
        for signal, kept, dropped in LIMITS[name]:
            assert verdict(condition, **{**KEPT, signal: kept}) is True
            assert verdict(condition, **{**KEPT, signal: dropped}) is False


@pytest.mark.parametrize("preset", PRESETS)
def test_a_document_of_which_nothing_is_known_is_not_dropped(preset: str) -> None:
    for condition in filters(preset).values():
        assert verdict(condition) is None


def test_no_two_presets_share_the_name_of_a_filter() -> None:
    names = [name for preset in PRESETS for name in filters(preset)]
    assert sorted(names) == sorted(LIMITS) and len(set(names)) == len(names)
