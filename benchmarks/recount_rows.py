"""Recounts a run's inputs and finds every record again: as a document, unsampled, or in quarantine.

    python benchmarks/recount_rows.py RUN [--root FOLDER]

Reads RUN/plan.json, the inputs it names, RUN/documents, RUN/quarantine and RUN/receipts/ingest. Records of
JSONL are its lines (of a packed file that is cut off, its last place too), records of Parquet the rows its
footer states. Exit code 1 where any number or any row differs. `--root` is the folder that relative inputs are relative to.
"""

import argparse
import bisect
import json
import sys
import zlib
from array import array
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

BLOCK = 1 << 22


def blocks(path: Path, form: str) -> Iterator[bytes]:
    """The file's bytes, decompressed, up to where that fails. Raises what the decompressor raises."""
    with open(path, "rb") as raw:
        if form == "jsonl.gz":
            yield from gzip_blocks(raw)
            return
        file = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
        while block := (file if form == "jsonl.zst" else raw).read(BLOCK):
            yield block


def gzip_blocks(raw: BinaryIO) -> Iterator[bytes]:
    """Members one after another, zeros between them left out. What can't be unpacked is tried byte by byte."""
    member, begun = zlib.decompressobj(wbits=31), False
    while packed := raw.read(1 << 16):
        while packed := packed if begun else packed.lstrip(b"\0"):
            before, begun = member.copy(), True
            try:
                yield member.decompress(packed)
            except zlib.error:
                for place in range(len(packed)):
                    yield before.decompress(packed[place : place + 1])
            packed = member.unused_data
            if member.eof:
                member, begun = zlib.decompressobj(wbits=31), False
    if begun:
        raise EOFError("the last member has no end")


def line_starts(path: Path, form: str) -> array:
    """Bytes at which lines begin; where the stream is cut off, that place begins one more."""
    starts, at, last = array("q", [0]), 0, b""
    try:
        for block in blocks(path, form):
            newlines = np.flatnonzero(np.frombuffer(block, np.uint8) == 10)
            starts.extend((newlines + (at + 1)).tolist())
            at, last = at + len(block), block[-1:] or last
    except (EOFError, zlib.error, zstandard.ZstdError) as error:
        print(f"  {path.name}: the stream ends early: {error}")
        return starts
    if last == b"\n" or not at:
        starts.pop()
    return starts


def between(places: array, start: int, end: int) -> int:
    return bisect.bisect_left(places, end) - bisect.bisect_left(places, start)


def count_file(path: Path, form: str, pieces: list[dict]) -> tuple[list[int], int]:
    """Records of each piece of one file and of all of it, by the file alone."""
    whole = [(piece["start"], piece["end"]) == (0, 0) for piece in pieces]
    if form != "parquet":
        starts = line_starts(path, form)
        total = len(starts)
        ranged = [between(starts, piece["start"], piece["end"]) for piece in pieces]
    else:
        try:
            footer = pq.ParquetFile(path).metadata
        except pa.ArrowInvalid as error:
            print(f"  {path.name}: no footer, so one bad record: {error}")
            return [1 for _ in pieces], 1
        groups = [footer.row_group(group).num_rows for group in range(footer.num_row_groups)]
        total = footer.num_rows
        ranged = [sum(groups[piece["start"] : piece["end"]]) for piece in pieces]
    return [total if all_of_it else n for all_of_it, n in zip(whole, ranged, strict=True)], total


def rows_out(run: Path, split: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Rows (of the split) of its documents and of its quarantined records, and what is wrong with them."""
    wrong, documents = [], []
    for part in sorted((run / "documents").glob(f"part-{split:06d}-*.parquet")):
        doc = pq.read_table(part, columns=["doc"])["doc"].to_numpy()
        if np.any(np.diff(doc) <= 0):
            wrong.append(f"{part.name}: doc does not rise from row to row")
        if np.any(doc >> 32 != split):
            wrong.append(f"{part.name}: holds documents of another split")
        documents.append(doc & 0xFFFFFFFF)
    kept = np.concatenate(documents) if documents else np.empty(0, np.int64)
    bad = np.empty(0, np.int64)
    file = run / "quarantine" / f"split-{split:06d}.parquet"
    if file.exists():
        table = pq.read_table(file, columns=["split", "row"])
        bad = table["row"].to_numpy()
        if np.any(table["split"].to_numpy() != split):
            wrong.append(f"{file.name}: holds records of another split")
    return kept, bad, wrong


def check_split(run: Path, split: dict, recounted: int) -> tuple[Counter, list[str]]:
    number = split["split"]
    kept, bad, wrong = rows_out(run, number)
    receipt = json.loads((run / "receipts" / "ingest" / f"split-{number:06d}.json").read_text())
    counts = receipt["counts"]
    found = {"records": recounted, "documents": len(kept), "quarantined": len(bad)}
    for name, value in found.items():
        if counts.get(name, 0) != value:
            wrong.append(f"split {number}: the receipt says {counts.get(name, 0)} {name}, recounted {value}")
    unsampled = counts.get("unsampled", 0)
    if len(kept) + len(bad) + unsampled != recounted:
        wrong.append(
            f"split {number}: {recounted} records in, {len(kept)} documents, {len(bad)} quarantined and "
            f"{unsampled} unsampled out"
        )
    every = np.concatenate([kept, bad])
    if len(np.unique(every)) != len(every):
        wrong.append(f"split {number}: a record is there twice")
    if len(every) and (every.min() < 0 or every.max() >= recounted):
        wrong.append(f"split {number}: row numbers reach {every.max()}, of {recounted} records")
    found["unsampled"] = unsampled
    return Counter(found), wrong


def check(run: Path, root: Path) -> bool:
    plan = json.loads((run / "plan.json").read_text())
    splits = {split["split"]: split for split in plan["splits"]}
    recounted: Counter = Counter()
    wrong: list[str] = []
    for number, file in enumerate(plan["files"]):
        path = root / file["path"].removeprefix("file://")
        pieces = [(s, piece) for s in splits.values() for piece in s["pieces"] if piece["file"] == number]
        records, whole = count_file(path, file["format"], [piece for _, piece in pieces])
        for (split, _), n in zip(pieces, records, strict=True):
            recounted[split["split"]] += n
        if sum(records) != whole:
            wrong.append(f"{file['path']}: the plan covers {sum(records)} of its {whole} records")
        print(f"  {file['path']}: {whole} records in {len(pieces)} pieces")
    names = {f"split-{number:06d}" for number in splits}
    for folder in ("quarantine", "receipts/ingest"):
        for stray in {path.stem for path in (run / folder).glob("*")} - names:
            wrong.append(f"{folder}/{stray} belongs to no split of the plan")
    generated = sorted((run / "documents").glob("part-900000-*.parquet"))
    if generated:
        documents = sum(pq.ParquetFile(path).metadata.num_rows for path in generated)
        outcomes = pq.read_table(run / "synthetic/outcomes.parquet", columns=["doc"])["doc"]
        kept = len(outcomes) - outcomes.null_count
        print(f"  generated: {documents} documents of {len(outcomes)} seeds")
        if documents != kept:
            wrong.append(f"{documents} generated documents, but {kept} seeds that gave one")
    for part in set((run / "documents").glob("*")) - set(generated):
        if part.stem.removeprefix("part-")[:6] not in {name.removeprefix("split-") for name in names}:
            wrong.append(f"documents/{part.name} belongs to no split of the plan")
    totals: Counter = Counter()
    for number, split in splits.items():
        counts, problems = check_split(run, split, recounted[number])
        totals += counts
        wrong += problems
    print(
        ", ".join(f"{totals[name]} {name}" for name in ("records", "documents", "quarantined", "unsampled"))
    )
    for problem in wrong:
        print(f"WRONG {problem}")
    return not wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--root", type=Path, default=Path())
    args = parser.parse_args()
    right = check(args.run, args.root)
    print("every record is accounted for" if right else "FAILED")
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
