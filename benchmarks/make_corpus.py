"""Makes a corpus of any size out of a small one: half-new copies of its documents and planted near-duplicates.

    python benchmarks/make_corpus.py --source 'corpus/*.parquet' --out big --bytes 1_000_000_000 \
        --benchmarks 'benchmarks/*.jsonl.gz'

Copy 0 is the corpus itself. In every further copy one word of each two is replaced by a word drawn from its
source, so that next to no 5-gram of the original stays; ids end in ~1, ~2, ... A fifth of the documents are
near-duplicates, `<id>~dup`: the document `<id>` with a few words replaced, at a 5-gram Jaccard similarity of
0.85 to 0.99, some way behind it in the file or in a later one. Same source, seed and bytes: same files. Memory is
bounded by the largest kind of the source.

Columns of source and output: id, source, url, text, lang, kind. Writes OUT/<kind>/<kind>-000.parquet (100 MB of
text a file, 24 MB a row group) and OUT/config.yaml.
"""

import argparse
import glob
import os
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

COLUMNS = ["id", "source", "url", "text", "lang", "kind"]
SCHEMA = pa.schema([(name, pa.string()) for name in COLUMNS])
BUCKETS = {"web": "web", "news": "web", "forum": "web", "code": "code"}
FILE_BYTES, GROUP_BYTES, HELD_BYTES = 100_000_000, 24_000_000, 8_000_000
LONGEST_DRAWN = 40
DUPLICATES_PER_DOCUMENT = 0.25
SHORTEST_EDITED = 24
SEPARATOR, RUN, SINGLE = range(3)
FACTORS = np.random.default_rng(0).integers(1, 2**64, 256, np.uint64) | np.uint64(1)


def tokens(data: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut UTF-8 bytes into words and what stands between: starts, ends, is_word. Han and kana are words singly."""
    lead = np.flatnonzero((data & 0xC0) != 0x80)
    byte = data[lead]
    second = data[np.minimum(lead + 1, len(data) - 1)]
    table = np.full(256, SEPARATOR, np.uint8)
    for low, high in ((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A), (0xC3, 0xF0)):
        table[low : high + 1] = RUN
    table[0xE2], table[0xE3:0xEA] = SEPARATOR, SINGLE
    kind = table[byte]
    kind[(byte == 0xE3) & (second == 0x80)] = SEPARATOR
    kind[(byte == 0xEF) & (second == 0xBC)] = SEPARATOR
    new = np.ones(len(lead), bool)
    new[1:] = (kind[1:] != kind[:-1]) | (kind[1:] == SINGLE)
    starts = lead[new]
    return starts, np.append(starts[1:], len(data)), kind[new] != SEPARATOR


def gather(data: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pieces of `data` one after another, and where each ends."""
    lengths = ends - starts
    stops = np.cumsum(lengths)
    index = np.arange(stops[-1] if len(stops) else 0)
    index += np.repeat(starts - (stops - lengths), lengths)
    return data[index], stops


class Kind:
    """All documents of one kind, sorted by source, with the places of their words."""

    def __init__(self, table: pa.Table):
        table = table.sort_by([("source", "ascending"), ("id", "ascending")]).combine_chunks()
        self.rows = {name: table[name].to_pylist() for name in COLUMNS if name != "text"}
        text = table["text"].chunk(0).cast(pa.large_string())
        self.offsets = np.frombuffer(text.buffers()[1], np.int64)[: len(text) + 1]
        self.data = np.frombuffer(text.buffers()[2], np.uint8)[: self.offsets[-1]]
        self.cuts = []
        pools: dict[str, list[np.ndarray]] = {}
        for row, source in enumerate(self.rows["source"]):
            at, end = self.offsets[row : row + 2].tolist()
            starts, ends, is_word = tokens(self.data[at:end])
            starts, ends = (starts + at).astype(np.int32), (ends + at).astype(np.int32)
            self.cuts.append((starts, ends, is_word))
            drawn = is_word & (ends - starts <= LONGEST_DRAWN)
            pools.setdefault(source, []).append(np.stack([starts[drawn], ends[drawn]]))
        self.pools = {source: np.concatenate(words, axis=1) for source, words in pools.items()}

    def draw(self, row: int, n: int, random: np.random.Generator) -> np.ndarray:
        """Starts and ends of n words of the document's source, none where it has none."""
        pool = self.pools[self.rows["source"][row]]
        return pool[:, random.integers(0, pool.shape[1], n if pool.shape[1] else 0)]

    def text(self, row: int, copy: int, random: np.random.Generator) -> bytes:
        """Text of a document in copy 0, or with one word of each two replaced."""
        if copy == 0:
            return self.data[self.offsets[row] : self.offsets[row + 1]].tobytes()
        starts, ends, is_word = self.cuts[row]
        words = np.flatnonzero(is_word)
        pairs = np.arange(0, len(words), 2)
        replaced = words[np.minimum(pairs + random.integers(0, 2, len(pairs)), len(words) - 1)]
        starts, ends = starts.copy(), ends.copy()
        drawn_starts, drawn_ends = self.draw(row, len(replaced), random)
        if len(drawn_starts):
            starts[replaced], ends[replaced] = drawn_starts, drawn_ends
        return gather(self.data, starts, ends)[0].tobytes()


def shingles(data: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Distinct hashes of the 5-grams of words, upper and lower case of ASCII alike."""
    letters, stops = gather(data, starts, ends)
    firsts = stops - (ends - starts)
    places = np.arange(len(letters)) - np.repeat(firsts, ends - starts)
    lower = letters | ((letters >= 0x41) & (letters <= 0x5A)) * np.uint8(0x20)
    words = np.add.reduceat((lower + np.uint64(1)) * FACTORS[places % len(FACTORS)], firsts)
    grams = np.lib.stride_tricks.sliding_window_view(words ^ (words >> np.uint64(29)), 5)
    return np.unique((grams * FACTORS[:5]).sum(axis=1, dtype=np.uint64))


def near_duplicate(text: bytes, source: Kind, row: int, random: np.random.Generator) -> bytes | None:
    """The text with words replaced, at a 5-gram Jaccard of 0.85 to 0.99; None where that can't be had."""
    data = np.frombuffer(text, np.uint8)
    starts, ends, is_word = tokens(data)
    words = np.flatnonzero(is_word)
    if len(words) < SHORTEST_EDITED:
        return None
    before = shingles(data, starts[words], ends[words])
    similarity = random.uniform(0.87, 0.985)
    edits = int(len(before) * (1 - similarity) / (1 + similarity) / 5)
    places = random.choice(len(words) - 4, edits, replace=False) + 2 if edits else np.array([-1])
    drawn_starts, drawn_ends = source.draw(row, len(places), random)
    drawn, stops = gather(source.data, drawn_starts, drawn_ends)
    if not len(stops):
        return None
    joined = np.concatenate([data, drawn])
    ends[words[places]] = len(data) + stops
    starts[words[places]] = len(data) + stops - (drawn_ends - drawn_starts)
    after = shingles(joined, starts[words], ends[words])
    shared = len(np.intersect1d(before, after, assume_unique=True))
    if not 0.85 <= shared / (len(before) + len(after) - shared) <= 0.99:
        return None
    return gather(joined, starts, ends)[0].tobytes()


class Writer:
    """Files of one kind, cut by bytes of text."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        for stale in folder.glob("*.parquet"):
            stale.unlink()
        self.folder = folder
        self.rows: list[tuple] = []
        self.group_bytes = self.file_bytes = self.bytes = self.documents = self.files = 0
        self.file: pq.ParquetWriter | None = None

    def add(self, row: tuple) -> None:
        self.rows.append(row)
        self.group_bytes += len(row[3])
        self.bytes += len(row[3])
        self.documents += 1
        if self.group_bytes >= GROUP_BYTES:
            self.flush()
            if self.file_bytes >= FILE_BYTES:
                self.close()

    def flush(self) -> None:
        if self.file is None:
            path = self.folder / f"{self.folder.name}-{self.files:03d}.parquet"
            self.file = pq.ParquetWriter(path, SCHEMA, compression="zstd")
            self.files, self.file_bytes = self.files + 1, 0
        columns = [pa.array(column, pa.string()) for column in zip(*self.rows, strict=True)]
        self.file.write_table(pa.table(columns, schema=SCHEMA), row_group_size=len(self.rows))
        self.file_bytes += self.group_bytes
        self.rows, self.group_bytes = [], 0

    def close(self) -> None:
        if self.rows:
            self.flush()
        self.file = self.file and self.file.close()


def make_kind(kind: str, table: pa.Table, target: int, out: Path, seed: int) -> tuple[int, int, int]:
    """Write one kind. Returns bytes, documents and how many of those are planted."""
    source, writer = Kind(table), Writer(out / kind)
    editable = sum(int(np.count_nonzero(cut[2])) >= SHORTEST_EDITED for cut in source.cuts)
    chance = min(0.5, DUPLICATES_PER_DOCUMENT * len(source.cuts) / max(editable, 1))
    held, held_bytes, planted, copy = [], 0, 0, 0
    while writer.bytes < target:
        random = np.random.default_rng([seed, *kind.encode(), copy])
        for row in random.permutation(len(source.cuts)).tolist():
            text = source.text(row, copy, random)
            name, *fields = (source.rows[column][row] for column in COLUMNS if column != "text")
            line = (name + (f"~{copy}" if copy else ""), *fields[:2], text, *fields[2:])
            writer.add(line)
            edited = near_duplicate(text, source, row, random) if random.random() < chance else None
            if edited is not None:
                held.append((line[0] + "~dup", *line[1:3], edited, *line[4:]))
                held_bytes += len(edited)
            if held_bytes >= HELD_BYTES or writer.bytes + held_bytes >= target:
                for line in held:
                    writer.add(line)
                planted += len(held)
                held, held_bytes = [], 0
            if writer.bytes >= target:
                break
        copy += 1
    writer.close()
    return writer.bytes, writer.documents, planted


def config(out: Path, kinds: list[str], benchmarks: list[str], tokens: int) -> dict:
    """A run over the made corpus."""
    common = {"source_column": "source", "language": "lang"}
    paths = {str(out / kind / "*.parquet"): BUCKETS.get(kind, "acquired") for kind in kinds}
    inputs = [{"path": path, "bucket": bucket, **common} for path, bucket in paths.items()]
    shares = {"web": 0.3, "acquired": 0.5, "code": 0.2}
    mixture = {"tokens": tokens, "sequence_length": 4096, "shares": shares, "on_shortfall": "redistribute"}
    checked = {"decontaminate": {"benchmarks": benchmarks}} if benchmarks else {}
    return {"run": str(out / "run"), "inputs": inputs, **checked, "mixture": mixture}


def show(what: str, size: int, documents: int, planted: int) -> None:
    print(f"{what:6} {size / 1e6:8.1f} MB {documents:8} documents, {planted} planted duplicates", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", nargs="+", required=True, help="Parquet files or globs")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--bytes", type=int, required=True, help="bytes of text to write, about")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--benchmarks", nargs="*", default=[], help="globs for the config")
    parser.add_argument("--tokens", type=int, help="budget of the config; default: bytes / 5")
    args = parser.parse_args()
    files = sorted(file for pattern in args.source for file in glob.glob(pattern))
    query = "SELECT kind, sum(strlen(text))::BIGINT FROM read_parquet(?) GROUP BY kind"
    sizes = dict(duckdb.execute(query, [files]).fetchall())
    total = np.zeros(3, int)
    for kind, size in sorted(sizes.items()):
        tables = [pq.read_table(file, columns=COLUMNS, filters=[("kind", "=", kind)]) for file in files]
        target = args.bytes * size // sum(sizes.values())
        made = make_kind(kind, pa.concat_tables(tables), target, args.out, args.seed)
        show(kind, *made)
        total += made
    benchmarks = [os.path.abspath(pattern) for pattern in args.benchmarks]
    plain = config(args.out.resolve(), sorted(sizes), benchmarks, args.tokens or args.bytes // 5)
    (args.out / "config.yaml").write_text(yaml.safe_dump(plain, sort_keys=False))
    show("total", *total)


if __name__ == "__main__":
    main()
