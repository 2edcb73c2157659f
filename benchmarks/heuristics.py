"""Measures the heuristics of one core beside datatrove's filters on the same documents.

    PYTHONPATH=. python -P benchmarks/heuristics.py FILE.parquet [FILE.parquet ...] [--megabytes 64] [--peer-megabytes 2]

MB are 10^6 bytes of text, seconds are CPU seconds of one thread, the best of --repeats; datatrove runs once,
over every so-many-th document of the same text. It runs all filters over all documents, as a curator does who
wants to see every drop reason: with words of str.split, and with its English tokenizer where spaCy is there.
Without datatrove only our side is measured.
"""

import argparse
import contextlib
import os
import time
from collections.abc import Callable, Iterator

os.environ |= {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from classifiers.heuristics import heuristics
from textkernels.text_stats import text_stats
from textkernels.trigram_surprise import trigram_surprise

BATCH_BYTES = 16_000_000

Measured = tuple[str, float, float]  # what, MB, seconds


def read_batches(paths: list[str], most_bytes: int) -> list[pa.Array]:
    """Documents of all files in turn, in batches of about BATCH_BYTES."""
    column = pa.concat_tables([pq.read_table(path, columns=["text"]) for path in sorted(paths)])["text"]
    size = pc.sum(pc.binary_length(column)).as_py()
    step = max(1, size // most_bytes)
    column = column.take(pa.array(range(0, len(column), step))).combine_chunks()
    batches, first, filled = [], 0, 0
    for place, length in enumerate(pc.binary_length(column).to_pylist()):
        filled += length or 0
        if filled >= BATCH_BYTES or place + 1 == len(column):
            batches.append(pa.concat_arrays([column[first : place + 1]]))
            first, filled = place + 1, 0
    return batches


def megabytes(batches: list[pa.Array]) -> float:
    return sum(pc.sum(pc.binary_length(batch)).as_py() for batch in batches) / 1e6


def best(repeats: int, work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return min(seconds)


def ours(batches: list[pa.Array], repeats: int) -> Iterator[Measured]:
    for batch in batches:
        heuristics(batch[:1])
    works: dict[str, Callable[[pa.Array], object]] = {
        "all heuristics, Arrow to columns": heuristics,
        "  of these the counts": text_stats,
        "  of these the surprise": trigram_surprise,
    }
    for what, work in works.items():
        seconds = best(repeats, lambda work=work: [work(batch) for batch in batches])
        yield what, megabytes(batches), seconds


def datatrove(texts: list[str], tokenizer: object) -> Callable[[], object]:
    from datatrove.data import Document
    from datatrove.pipeline.filters import FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter
    from datatrove.pipeline.filters.c4_filters import C4ParagraphFilter, C4QualityFilter

    filters = [
        GopherQualityFilter(language=tokenizer),
        GopherRepetitionFilter(language=tokenizer),
        C4QualityFilter(language=tokenizer),
        C4ParagraphFilter(),
        FineWebQualityFilter(language=tokenizer),
    ]
    for filter_ in filters:
        filter_.filter(Document(text="One sentence, which loads the tokenizer.", id=""))
    return lambda: [filter_.filter(Document(text=text, id="")) for text in texts for filter_ in filters]


def peers(batches: list[pa.Array], most_bytes: int) -> Iterator[Measured]:
    texts = [text for batch in batches for text in batch.to_pylist() if text]
    texts = texts[:: max(1, int(megabytes(batches) * 1e6 / most_bytes))]
    size = sum(len(text.encode()) for text in texts) / 1e6
    with contextlib.suppress(ImportError):
        from datatrove.utils.word_tokenizers import WhitespaceTokenizer

        class SplitTokenizer(WhitespaceTokenizer):
            def word_tokenize(self, text: str) -> list[str]:
                return text.split()

        yield "datatrove, str.split", size, best(1, datatrove(texts, SplitTokenizer()))
        import spacy  # noqa: F401 - datatrove asks for it late and with an error of its own

        yield "datatrove, its English", size, best(1, datatrove(texts, "en"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parquet", nargs="+", help="Parquet files with a column text")
    parser.add_argument("--megabytes", type=float, default=64)
    parser.add_argument("--peer-megabytes", type=float, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    batches = read_batches(arguments.parquet, int(arguments.megabytes * 1e6))
    rows = [*ours(batches, arguments.repeats), *peers(batches, int(arguments.peer_megabytes * 1e6))]
    print(f"{'':34} {'MB':>8} {'CPU s':>8} {'MB/s':>8} {'slower':>8}")
    for what, size, seconds in rows:
        ratio = rows[0][1] / rows[0][2] / (size / seconds)
        print(f"{what:34} {size:8.1f} {seconds:8.2f} {size / seconds:8.2f} {ratio:7.1f}x")


if __name__ == "__main__":
    main()
