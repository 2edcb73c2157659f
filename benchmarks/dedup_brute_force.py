"""Compares near-duplicate removal with brute force: every pair of documents, by Python sets of words.

    python benchmarks/dedup_brute_force.py --parquet 'data/*.parquet' [--sample 5000] [--seed 1]
    python benchmarks/dedup_brute_force.py --templates 200000

The first form samples documents (columns text, id, source), plants an edited copy of every second one whose
5-gram Jaccard similarity is spread over 0.5 to 1, runs ingest, facts and dedup, and counts the true pairs
(exact similarity >= 0.8) of which both are kept, and the dropped documents without a kept one at >= 0.8. Its
words, shingles and pairs are its own: of the project it takes the verdicts alone. Exit code 1 where more than
5 % of the true pairs survive or more than 1 % of the dropped have no kept neighbour.

The second form fills so many documents into one template, once with pairwise similarity near 0.7, where all
must be kept, and once near 0.85, and gives each phase's time and the peak memory of its process.
"""

import argparse
import glob
import random
import re
import string
import sys
import tempfile
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.run import run_stages
from pipelines.runner import Engine
from pipelines.storage.receipts import read_receipts
from pipelines.storage.run_directory import RunDirectory
from schemas.config import parse_config

THRESHOLD = 0.8
NGRAM = 5
SURVIVING, UNFOUNDED = 0.05, 0.01
STAGES = ("ingest", "quality", "facts", "propose", "components", "gather", "decide", "duplicates")
PIECES = re.compile(r"[\u3041-\u30ff\u3400-\u9fff]|\w+|\W+")
IGNORED = {0xAD, 0x180B, 0x180C, 0x180D, 0x180F, 0x200C, 0x200D, *range(0xFE00, 0xFE10)}
Document = tuple[str, str, str]  # id, source, text


def is_one_word(char: str) -> bool:
    """Whether the script of this character has no spaces: each of its characters is taken for a word."""
    name = unicodedata.name(char, "")
    return (
        name.startswith(("CJK UNIFIED", "CJK COMPAT", "HIRAGANA", "KATAKANA"))
        or 0x3005 <= ord(char) <= 0x3007
    )


def folded(char: str) -> str:
    tag, *codes = unicodedata.decomposition(char).split() or [""]
    return "".join(chr(int(code, 16)) for code in codes) if tag in ("<wide>", "<narrow>") else char


def words_of(text: str) -> list[str]:
    """Maximal runs of letters, numbers and marks of the caseless text."""
    if text.isascii():
        return re.findall("[a-z0-9]+", text.lower())
    text = "".join(folded(char) for char in text if ord(char) not in IGNORED)
    text = unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold())
    words: list[str] = []
    joins = alone = False
    for char in text:
        category = unicodedata.category(char)[0]
        if category not in "LNM":
            joins = False
            continue
        new_alone = category != "M" and is_one_word(char)
        if not joins or new_alone or (alone and category != "M"):
            words.append(char)
            alone = new_alone
        else:
            words[-1] += char
        joins = True
    return words


def shingles_of(text: str) -> set[str]:
    """Every 5 words in a row; all words of a shorter text."""
    words = words_of(text)
    return {" ".join(words[k : k + NGRAM]) for k in range(max(1, len(words) - NGRAM + 1))} if words else set()


def similar_pairs(sets: list[set[str]]) -> Iterator[tuple[int, int, float]]:
    """Every pair of sets whose Jaccard similarity is at least the threshold, with it."""
    holders: dict[str, list[int]] = {}
    sizes = np.array([len(members) for members in sets])
    for k, members in enumerate(sets):
        earlier = [other for shingle in members for other in holders.setdefault(shingle, [])]
        common = np.bincount(np.array(earlier, np.int64), minlength=k)
        similarity = common / np.maximum(sizes[:k] + sizes[k] - common, 1)
        for other in np.flatnonzero(similarity >= THRESHOLD):
            yield int(other), k, float(similarity[other])
        for shingle in members:
            holders[shingle].append(k)


def sampled(pattern: str, n: int, rng: random.Random) -> list[Document]:
    files = sorted(glob.glob(pattern))
    if not files:
        sys.exit(f"{pattern} matches no file")
    tables = [pq.read_table(path, columns=["id", "source", "text"]) for path in files]
    table = pa.concat_tables(
        [t.cast(pa.schema({name: pa.string() for name in t.schema.names})) for t in tables]
    )
    chosen = sorted(rng.sample(range(table.num_rows), min(n, table.num_rows)))
    rows = table.take(pa.array(chosen)).to_pylist()
    return [(f"{k}:{row['id']}", row["source"] or "none", row["text"] or "") for k, row in enumerate(rows)]


def edited(text: str, similarity: float, rng: random.Random) -> str:
    """The text with so many words replaced, dropped or put in that about this similarity is left."""
    pieces = PIECES.findall(text)
    places = [k for k, piece in enumerate(pieces) if piece[0].isalnum()]
    edits = round(len(places) * (1 - similarity) / (1 + similarity) / NGRAM)
    for place in rng.sample(places, min(edits, len(places))):
        kind, new = rng.randrange(3), "".join(rng.choices(string.ascii_lowercase, k=7))
        pieces[place] = (f" {new} ", "", f"{pieces[place]} {new} ")[kind]
    return "".join(pieces)


def with_planted(documents: list[Document], rng: random.Random) -> list[Document]:
    copies = [
        (f"edited:{name}", source, edited(text, rng.uniform(0.5, 1), rng))
        for name, source, text in documents[::2]
    ]
    everything = documents + copies
    rng.shuffle(everything)
    return everything


def filled_in(n: int, template_words: int, own_words: int, rng: random.Random) -> list[Document]:
    """Documents of one template with words of their own at its end."""
    vocabulary = ["".join(rng.choices(string.ascii_lowercase, k=6)) for _ in range(50_000)]
    template = " ".join(rng.choices(vocabulary, k=template_words))
    return [
        (f"{k}", "template", f"{template} {' '.join(rng.choices(vocabulary, k=own_words))}") for k in range(n)
    ]


def verdicts(documents: list[Document], folder: Path, workers: int) -> tuple[dict[str, dict], RunDirectory]:
    """Verdicts by id after ingest, facts and dedup of the documents, written as four files."""
    (folder / "in").mkdir(parents=True)
    for k in range(4):
        own = documents[k::4]
        columns = [pa.array([document[c] for document in own], pa.string()) for c in range(3)]
        pq.write_table(pa.table(columns, names=["id", "source", "text"]), folder / "in" / f"{k}.parquet")
    config = parse_config(
        {
            "run": str(folder / "run"),
            "inputs": [{"path": str(folder / "in"), "bucket": "web", "source_column": "source"}],
            "dedup": {"threshold": THRESHOLD, "ngram": NGRAM, "max_source_loss": 1},
        }
    )
    run_stages(config, ("ingest", "facts", "dedup"), Engine(workers), lambda *_: None)
    run = RunDirectory(config.run)
    tables = [pq.read_table(run.path(name)) for name in run.list("signals/duplicates", ".parquet")]
    return {row["id"]: row for row in pa.concat_tables(tables).to_pylist()}, run


def show_phases(run: RunDirectory) -> None:
    for stage in STAGES:
        receipts = read_receipts(run, stage).values()
        if receipts:
            seconds = sum(receipt.seconds for receipt in receipts)
            peak = max(receipt.peak_bytes for receipt in receipts) / 1e6
            print(
                f"  {stage:12} {seconds:8.1f} s in {len(receipts)} tasks, {peak:,.0f} MB peak of the process"
            )


def against_brute_force(pattern: str, n: int, seed: int, workers: int) -> bool:
    rng = random.Random(seed)
    documents = with_planted(sampled(pattern, n, rng), rng)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        rows, run = verdicts(documents, Path(folder), workers)
        n_bytes = sum(len(text.encode()) for _, _, text in documents)
        print(f"{len(documents):,} documents, {n_bytes / 1e6:.1f} MB: {time.monotonic() - began:.1f} s")
        show_phases(run)
    if len(rows) != len(documents):
        sys.exit(f"{len(documents)} documents in, {len(rows)} verdicts out")

    began = time.monotonic()
    names = [name for name, _, _ in documents]
    sets = [shingles_of(text) for _, _, text in documents]
    pairs = list(similar_pairs(sets))
    print(f"brute force: {len(pairs):,} pairs at {THRESHOLD} or more, {time.monotonic() - began:.1f} s")

    dropped = {name for name in names if rows[name]["is_duplicate"]}
    surviving = [pair for pair in pairs if names[pair[0]] not in dropped and names[pair[1]] not in dropped]
    founded = {names[a] for a, b, _ in pairs if names[b] not in dropped}
    founded |= {names[b] for a, b, _ in pairs if names[a] not in dropped}
    texts = {name: text for name, _, text in documents}
    wordless = {name for name, members in zip(names, sets, strict=True) if not members}
    founded |= {name for name in wordless & dropped if texts[name] == texts[rows[name]["kept_id"]]}
    exact = {(names[a], names[b]): similarity for a, b, similarity in pairs}
    wrong = 0
    for name in dropped - wordless:
        pair = (name, rows[name]["kept_id"])
        wrong += round(exact.get(pair, exact.get(pair[::-1], -1.0)), 6) != rows[name]["similarity"]
    unfounded = dropped - founded
    print(f"dropped: {len(dropped):,} documents; {wrong} of another similarity than stated")
    print(f"true pairs with both kept: {len(surviving)} ({len(surviving) / max(1, len(pairs)):.3%})")
    print(f"dropped without a kept one near: {len(unfounded)} ({len(unfounded) / max(1, len(dropped)):.3%})")
    return len(surviving) <= SURVIVING * len(pairs) and len(unfounded) <= UNFOUNDED * len(dropped)


def templates(n: int, seed: int, workers: int) -> bool:
    all_kept = True
    for own_words in (30, 12):
        documents = filled_in(n, 144, own_words, random.Random(seed))
        similarity = 140 / (140 + 2 * own_words)
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            rows, run = verdicts(documents, Path(folder), workers)
            kept = sum(not row["is_duplicate"] for row in rows.values())
            clusters = len({row["cluster"] for row in rows.values() if row["cluster"] is not None})
            print(
                f"{n:,} documents of one template, similarity {similarity:.2f}: {kept:,} kept, {clusters} "
                f"clusters, {time.monotonic() - began:.1f} s"
            )
            show_phases(run)
        all_kept &= similarity >= THRESHOLD or kept == n
    return all_kept


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parquet", help="glob of Parquet files with text, id and source")
    parser.add_argument("--sample", type=int, default=5000, help="documents taken from them")
    parser.add_argument("--templates", type=int, help="documents of one template")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    args = parser.parse_args()
    if (args.parquet is None) == (args.templates is None):
        parser.error("give either --parquet or --templates")
    if args.templates is not None:
        good = templates(args.templates, args.seed, args.workers)
    else:
        good = against_brute_force(args.parquet, args.sample, args.seed, args.workers)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
