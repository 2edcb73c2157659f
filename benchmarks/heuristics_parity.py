"""Whether the heuristics are datatrove's own numbers, and the presets its own decisions.

    PYTHONPATH=. python -P benchmarks/heuristics_parity.py FILE.parquet [FILE.parquet ...] [--documents 5000] [--spacy 500]

in an environment with datatrove[processing], duckdb, numba, pyarrow, pyyaml and zstandard. Documents are
every so-many-th of the files put together. datatrove's filters run as they are: for thresholds they get
objects that note what they are compared with and drop nothing, so the numbers are those its own code
decides by. Words are those of str.split and sentences those of datatrove's WhitespaceTokenizer, given
through its parameter `language`. Decisions are those of the filters with their defaults, against the SQL
of schemas/presets. --spacy compares the decisions with datatrove's English tokenizer on so many of the
documents, for information.
"""

import argparse
import math
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml
from datatrove.data import Document
from datatrove.pipeline.filters import FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter
from datatrove.pipeline.filters.c4_filters import C4ParagraphFilter, C4QualityFilter
from datatrove.utils.word_tokenizers import WhitespaceTokenizer

from classifiers.heuristics import heuristics

PRESETS = Path(__file__).parents[1] / "schemas" / "presets"
COMPARED = ("gopher", "c4", "mc4", "fineweb")
TOLERANCE = 1e-6
C4_NAMES = {
    "line-total": "c4_lines",
    "line-filter-too_long_word": "c4_long_word_lines",
    "line-filter-no_terminal_punc": "c4_unpunctuated_lines",
    "line-filter-too_few_words": "c4_short_lines",
    "line-filter-javascript": "c4_javascript_lines",
    "line-filter-policy": "c4_policy_lines",
    "line-kept": "c4_lines_kept",
}


class SplitTokenizer(WhitespaceTokenizer):
    """Words of str.split; sentences as its parent finds them."""

    def word_tokenize(self, text: str) -> list[str]:
        return text.split()


class Threshold:
    """Notes what it is compared with, and holds for all of it."""

    def __init__(self, *names: str):
        self.names = names
        self.met: list[float] = []

    def _note(self, value: float) -> bool:
        self.met.append(value)
        return False

    __lt__ = __gt__ = _note
    __hash__ = None  # type: ignore[assignment]

    def take(self) -> Iterator[tuple[str, float]]:
        met, self.met = self.met, []
        return zip(self.names, met, strict=False)


def probes(tokenizer: WhitespaceTokenizer) -> list[tuple[Any, list[Threshold]]]:
    """datatrove's filters with such thresholds."""
    quality = {
        "min_doc_words": Threshold("word_count"),
        "max_doc_words": Threshold("word_count"),
        "min_avg_word_length": Threshold("mean_word_length"),
        "max_avg_word_length": Threshold("mean_word_length"),
        "max_symbol_word_ratio": Threshold("hash_to_word_ratio", "ellipsis_to_word_ratio"),
        "max_bullet_lines_ratio": Threshold("bullet_line_ratio"),
        "max_ellipsis_lines_ratio": Threshold("ellipsis_line_ratio"),
        "max_non_alpha_words_ratio": Threshold("alpha_word_ratio"),
        "min_stop_words": Threshold("distinct_stop_words"),
    }
    repetition = {
        f"dup_{kind}_frac": Threshold(f"dup_{kind}_frac")
        for kind in ("line", "para", "line_char", "para_char")
    }
    top = {n: Threshold(f"top_{n}_gram_char_frac") for n in (2, 3, 4)}
    duplicate = {n: Threshold(f"dup_{n}_gram_char_frac") for n in range(5, 11)}
    fineweb = {
        "line_punct_thr": Threshold("line_punct_ratio"),
        "short_line_thr": Threshold("short_line_ratio"),
        "char_duplicates_ratio": Threshold("char_dup_ratio"),
        "new_line_ratio": Threshold("newline_to_word_ratio"),
    }
    return [
        (GopherQualityFilter(**quality, language=tokenizer), [*quality.values()]),
        (
            GopherRepetitionFilter(
                **repetition,
                top_n_grams=(*top.items(),),
                dup_n_grams=(*duplicate.items(),),
                language=tokenizer,
            ),
            [*repetition.values(), *top.values(), *duplicate.values()],
        ),
        (FineWebQualityFilter(**fineweb, language=tokenizer), [*fineweb.values()]),
    ]


class C4Counter(C4QualityFilter):
    """C4's filter as it is, which also tells what it counts."""

    def __init__(self, tokenizer: WhitespaceTokenizer):
        self.sentences = Threshold("c4_sentences_kept")
        super().__init__(
            min_num_sentences=self.sentences,  # type: ignore[arg-type]
            filter_lorem_ipsum=False,
            filter_curly_bracket=False,
            language=tokenizer,
        )

    def stat_update(self, *labels: str, **_: Any) -> None:
        for label in labels:
            self.counts[C4_NAMES[label]] += 1

    def values(self, text: str) -> dict[str, float]:
        self.counts = dict.fromkeys(C4_NAMES.values(), 0)
        document = Document(text=text, id="")
        self.filter(document)
        return {**self.counts, **dict(self.sentences.take()), "c4_words_kept": len(document.text.split())}


def theirs(texts: list[str]) -> list[dict[str, float]]:
    """datatrove's numbers of each text; a number it does not get to is left out."""
    tokenizer = SplitTokenizer()
    filters = probes(tokenizer)
    c4 = C4Counter(tokenizer)
    flags = {
        "c4_lorem_ipsum": C4QualityFilter(
            filter_curly_bracket=False, min_num_sentences=-1, language=tokenizer
        ),
        "c4_curly_bracket": C4QualityFilter(
            filter_lorem_ipsum=False, min_num_sentences=-1, language=tokenizer
        ),
    }
    rows = []
    for text in texts:
        row: dict[str, float] = c4.values(text)
        for filter_, thresholds in filters:
            with suppress(ZeroDivisionError):  # by no words, or no lines
                filter_.filter(Document(text=text, id=""))
            for threshold in thresholds:
                row |= dict(threshold.take())
        row |= {name: flag.filter(Document(text=text, id="")) is not True for name, flag in flags.items()}
        rows.append(row)
    return rows


def decisions(texts: list[str], tokenizer: Any) -> dict[str, list[bool]]:
    """What datatrove's filters keep by default, by preset."""
    filters = {
        "gopher": [GopherQualityFilter(language=tokenizer), GopherRepetitionFilter(language=tokenizer)],
        "c4": [C4QualityFilter(language=tokenizer)],
        "mc4": [C4ParagraphFilter()],
        "fineweb": [FineWebQualityFilter(language=tokenizer)],
    }

    def keeps(filter_: Any, text: str) -> bool:
        return filter_.filter(Document(text=text, id="")) is True

    return {
        preset: [all(keeps(filter_, text) for filter_ in those) for text in texts]
        for preset, those in filters.items()
    }


def our_decisions(signals: pa.Table) -> dict[str, list[bool]]:
    """What our presets keep: all but the documents for which a condition is false."""
    kept = {}
    for preset in COMPARED:
        conditions = yaml.safe_load((PRESETS / f"{preset}.yaml").read_text())["filters"].values()
        sql = " AND ".join(f"({condition}) IS NOT FALSE" for condition in conditions)
        connection = duckdb.connect(config={"threads": 1})
        connection.register("signals", signals)
        kept[preset] = [
            row for (row,) in connection.execute(f"SELECT {sql} FROM signals ORDER BY n").fetchall()
        ]
    return kept


def compare(ours: list[float | None], rows: list[dict[str, float]], name: str) -> tuple[int, int, float]:
    """Values both have, how many of these are equal within TOLERANCE, and the largest difference."""
    both, equal, largest = 0, 0, 0.0
    for own, row in zip(ours, rows, strict=True):
        other = row.get(name, math.nan)
        if own is None and math.isnan(other):
            continue
        if own is None or math.isnan(other):
            # datatrove never gets to numbers behind a division by zero: only those it has count.
            both += name in row
            continue
        both += 1
        difference = abs(float(own) - float(other))
        equal += difference <= TOLERANCE
        largest = max(largest, difference)
    return both, equal, largest


def print_agreement(ours: dict[str, list[bool]], others: dict[str, list[bool]], what: str) -> None:
    print(f"\n{what:24} {'documents':>9} {'kept':>7} {'theirs':>7} {'agree %':>8}")
    for preset, other in others.items():
        own = ours[preset][: len(other)]
        agree = sum(a == b for a, b in zip(own, other, strict=True))
        print(f"{preset:24} {len(own):9} {sum(own):7} {sum(other):7} {100 * agree / len(own):8.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parquet", nargs="+", help="Parquet files with a column text")
    parser.add_argument("--documents", type=int, default=5000)
    parser.add_argument("--spacy", type=int, default=0)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", RuntimeWarning)  # the mean of no words
    column = pa.concat_tables([pq.read_table(path, columns=["text"]) for path in sorted(arguments.parquet)])[
        "text"
    ]
    step = max(1, len(column) // arguments.documents)
    text = pc.fill_null(column.take(pa.array(range(0, len(column), step)[: arguments.documents])), "")
    texts = text.to_pylist()
    signals = heuristics(text)
    rows = theirs(texts)
    print(f"{'signal':24} {'documents':>9} {'equal':>7} {'largest difference':>20}")
    for name, values in signals.items():
        if any(name in row for row in rows):
            both, equal, largest = compare(values.to_pylist(), rows, name)
            print(f"{name:24} {both:9} {equal:7} {largest:20.3g}")
    table = pa.table({"n": pa.array(range(len(texts))), **signals})
    ours = our_decisions(table)
    print_agreement(ours, decisions(texts, SplitTokenizer()), "preset")
    if arguments.spacy:
        print_agreement(ours, decisions(texts[: arguments.spacy], "en"), "with spaCy's English")


if __name__ == "__main__":
    main()
