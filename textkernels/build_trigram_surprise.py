"""Builds trigram_surprise.npz from text of many languages.

    PYTHONPATH=. python -P textkernels/build_trigram_surprise.py FILE.parquet [FILE.parquet ...]

Files have the columns id, text, lang and kind. All code counts as one language. Of each language with
text enough the first LANGUAGE_BYTES count, of each document its first DOCUMENT_BYTES, and of all
documents the ones with an even CRC-32 of the id: the others are left to test with. The shipped file is
what counts: with another one the signal has other values.
"""

import argparse
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from textkernels.trigram_surprise import SLOTS, UNIT, slots_of

LANGUAGE_BYTES, DOCUMENT_BYTES, FEWEST_BYTES = 1_000_000, 6_000, 150_000
LEAST = 1e-7  # probability of what was never seen
TEXT_COLUMNS = ["id", "text", "lang", "kind"]


def is_held_out(id_: str) -> bool:
    """Whether a document takes no part in the table."""
    return bool(zlib.crc32(id_.encode()) & 1)


def language_of(row: dict[str, str]) -> str:
    return "code" if row["kind"] == "code" else row["lang"]


def documents(paths: list[str]) -> Iterator[dict[str, str]]:
    for path in sorted(paths):
        yield from pq.read_table(path, columns=TEXT_COLUMNS).to_pylist()


def build(paths: list[str]) -> tuple[np.ndarray, list[str]]:
    """Surprise of each slot, uint8[SLOTS], and the languages it is the mean of."""
    taken: dict[str, int] = {}
    tallies: dict[str, np.ndarray] = {}
    for row in documents(paths):
        language, text = language_of(row), row["text"].encode()[:DOCUMENT_BYTES]
        if is_held_out(row["id"]) or taken.get(language, 0) >= LANGUAGE_BYTES:
            continue
        taken[language] = taken.get(language, 0) + len(text)
        tally = tallies.setdefault(language, np.zeros(SLOTS))
        tally += np.bincount(slots_of(text), minlength=SLOTS)
    languages = sorted(language for language, size in taken.items() if size >= FEWEST_BYTES)
    shares = [tallies[language] / tallies[language].sum() for language in languages]
    surprise = -np.log2(np.mean(shares, axis=0) + LEAST)
    return np.round(surprise / UNIT).astype(np.uint8), languages


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parquet", nargs="+")
    table, languages = build(parser.parse_args().parquet)
    target = Path(__file__).with_name("trigram_surprise.npz")
    np.savez_compressed(target, surprise=table, languages=np.array(languages))
    sys.stdout.write(
        f"{target}: {', '.join(languages)}; {np.count_nonzero(table < table.max())} slots seen\n"
    )
