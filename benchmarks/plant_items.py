"""Plants benchmark items into a corpus and lists what it planted where.

    python benchmarks/plant_items.py --source pages.jsonl --benchmarks 'benchmarks/*.jsonl.gz' --per-benchmark 5 \
        --out planted.jsonl --list list.jsonl [--seed 0]

--source is JSONL or Parquet with the columns id and text. Every benchmark gives N items of 13 words and more, as
question, question with choices, question with answer, or context, in one of three forms: `alone` (a document that
is the item), `inside` (between two lines of a longer document), `marked` (inside, with markup, line breaks and
upper case between and over its words). A document takes one item; its id ends in ~planted, its words elsewhere are
as they were. The list has one line an item: id, benchmark, item, form.
"""

import argparse
import glob
import gzip
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

BETWEEN = (" ", "\n", "\n\n", " * ", " | ", "\n> ", " — ", " ** ", "\t", " ... ", " _", "\u00a0")
FORMS = ("alone", "inside", "marked")
SHORTEST = 13


def read_documents(path: Path) -> Iterator[dict]:
    if path.suffix == ".parquet":
        for batch in pq.ParquetFile(path).iter_batches(1000):
            yield from batch.to_pylist()
    else:
        with open(path, encoding="utf-8") as file:
            yield from map(json.loads, file)


def texts(item: dict) -> list[str]:
    """The texts of an item that have enough words, by a count that is never too high."""
    question = item["question"]
    found = [question, "\n".join([question, *item.get("choices", [])])]
    found += [f"{question}\n{item['answer']}"] if item.get("answer") else []
    found += [item["context"]] if item.get("context") else []
    return [text for text in found if len(re.findall(r"[^\W_]+", text)) >= SHORTEST]


def marked(text: str, chance: random.Random) -> str:
    """The same words with other things between them."""
    pieces = re.split(r"\s+", text.strip())
    keeps = [piece.upper().casefold() == piece.casefold() for piece in pieces]
    dressed = [
        piece.upper() if k and chance.random() < 0.3 else piece
        for piece, k in zip(pieces, keeps, strict=True)
    ]
    return "".join(piece + chance.choice(BETWEEN) for piece in dressed)


def choose(pattern: str, count: int, chance: random.Random) -> Iterator[tuple[str, str, str]]:
    """benchmark, item and text of `count` items a benchmark, fewer where it has not as many of 13 words."""
    for path in sorted(glob.glob(pattern)):
        with (
            gzip.open(path, "rt", encoding="utf-8")
            if path.endswith(".gz")
            else open(path, encoding="utf-8") as file
        ):
            items = [json.loads(line) for line in file]
        chance.shuffle(items)
        usable = ((item, texts(item)) for item in items)
        for _, (item, found) in zip(range(count), ((i, t) for i, t in usable if t), strict=False):
            yield item["benchmark"], item["id"], chance.choice(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--benchmarks", required=True, help="glob of JSONL files, plain or .gz")
    parser.add_argument("--per-benchmark", type=int, default=5)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--list", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    chance = random.Random(args.seed)
    chosen = list(choose(args.benchmarks, args.per_benchmark, chance))
    total = sum(len(document["text"]) > 2000 for document in read_documents(args.source))
    hosts = dict(zip(chance.sample(range(total), len(chosen)), chosen, strict=True))
    with open(args.out, "w", encoding="utf-8") as out, open(args.list, "w", encoding="utf-8") as listed:
        long = -1
        for document in read_documents(args.source):
            long += len(document["text"]) > 2000
            if len(document["text"]) > 2000 and long in hosts:
                benchmark, item, text = hosts[long]
                form = FORMS[long % len(FORMS)]
                document["id"] += "~planted"
                if form == "alone":
                    document["text"] = text
                else:
                    lines = document["text"].split("\n")
                    at = chance.randrange(len(lines) + 1)
                    planted = text if form == "inside" else marked(text, chance)
                    document["text"] = "\n".join([*lines[:at], planted, *lines[at:]])
                listed.write(
                    json.dumps({"id": document["id"], "benchmark": benchmark, "item": item, "form": form})
                    + "\n"
                )
            out.write(json.dumps(document, ensure_ascii=False) + "\n")
    print(f"{len(chosen)} items of {len({benchmark for benchmark, _, _ in chosen})} benchmarks planted")


if __name__ == "__main__":
    main()
