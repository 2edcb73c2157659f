"""Facts: what depends on one document and the config. One task a part opens the text once and makes
whatever table is missing or stale.

`quality` goes to signals/quality; `bands`, the keys by which near-duplicates meet, to the exchange;
`contamination` to signals/contamination and signals/hits. Each table has its own receipt, so a change
of one section of the config remakes one table.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import pyarrow as pa

from decontam.index import BenchmarkIndex
from decontam.rule import check
from pipelines.dedup import band_partitions, band_rows
from pipelines.exchange import write_partitions
from pipelines.runner import Outcome, Phase, Task
from pipelines.storage.parts import part_fingerprints, read_documents, signal_file
from pipelines.storage.receipts import (
    commit_receipt,
    discard_receipt,
    is_done,
    read_receipt,
    read_receipts,
)
from pipelines.storage.run_directory import RunDirectory
from pipelines.tokens import load_tokenizer
from schemas.config import Config, Decontaminate, Dedup, fingerprint
from schemas.receipts import Receipt
from schemas.signals import CONTAMINATION, HITS, QUALITY
from textkernels.minhash import SCHEME
from textkernels.words import NORMALISER, word_hashes

VERSION = 1
COLUMNS = ["doc", "id", "text", "content"]


@dataclass(frozen=True)
class Batch:
    """Documents of one row group, and their words, hashed once for all tables."""

    documents: pa.RecordBatch

    @property
    def text(self) -> pa.Array:
        return self.documents.column("text")

    @cached_property
    def words(self) -> tuple[np.ndarray, np.ndarray]:
        return word_hashes(self.text)

    def columns(self, **more: Any) -> pa.Table:
        """`doc` and `id` beside further columns of the same length."""
        own = {"doc": self.documents.column("doc"), "id": self.documents.column("id")}
        return pa.table({**own, **more})


class Quality:
    """Counts of tokens, words and bytes."""

    def __init__(self, tokenizer: str, end_of_document: str | None):
        self.tokenizer = load_tokenizer(tokenizer, end_of_document)
        self.rows: list[pa.Table] = []

    def add(self, batch: Batch) -> None:
        n_bytes = pa.compute.binary_length(batch.text).cast(pa.int64())
        self.rows.append(
            batch.columns(
                n_tokens=pa.array(self.tokenizer.count(batch.text), pa.int64()),
                n_words=pa.array(np.diff(batch.words[1]), pa.int64()),
                n_bytes=n_bytes,
            )
        )

    def commit(self, run: RunDirectory, part: str) -> Outcome:
        table = pa.concat_tables(self.rows)
        file = run.write_parquet(signal_file("quality", part), QUALITY, [table])
        tokens = pa.compute.sum(table["n_tokens"]).as_py()
        return Outcome([file], {"documents": table.num_rows, "tokens": tokens})


class Bands:
    """Keys by which documents that may be near-duplicates meet."""

    def __init__(self, dedup: Dedup, partitions: int):
        self.dedup = dedup
        self.partitions = partitions
        self.rows: list[pa.Table] = []
        self.documents = 0

    def add(self, batch: Batch) -> None:
        docs = batch.documents.column("doc").to_numpy()
        hashes, offsets = batch.words
        content = batch.documents.column("content")
        self.rows.append(band_rows(docs, hashes, offsets, content, self.dedup))
        self.documents += len(docs)

    def commit(self, run: RunDirectory, part: str) -> Outcome:
        table = pa.concat_tables(self.rows)
        keys = table["key"].to_numpy()
        partitions = ((keys >> np.uint64(40)) % np.uint64(self.partitions)).astype(np.int64)
        file = write_partitions(run, "bands", part, table, partitions, ["key", "doc"])
        return Outcome([file], {"documents": self.documents, "keys": table.num_rows})


class Contamination:
    """Verdicts of Algorithm 1 of the Phi-4 report, and every hit they rest on."""

    def __init__(self, index: BenchmarkIndex, decontaminate: Decontaminate):
        self.index = index
        self.thresholds = (decontaminate.info_threshold, decontaminate.contaminated_threshold)
        self.verdicts: list[pa.Table] = []
        self.hits: list[pa.Table] = []

    def add(self, batch: Batch) -> None:
        docs = batch.documents.column("doc").to_numpy()
        ids = batch.documents.column("id")
        verdicts, hits = check(batch.text, *batch.words, docs, ids, self.index, *self.thresholds)
        self.verdicts.append(verdicts)
        self.hits.append(hits)

    def commit(self, run: RunDirectory, part: str) -> Outcome:
        verdicts, hits = pa.concat_tables(self.verdicts), pa.concat_tables(self.hits)
        files = [
            run.write_parquet(signal_file("contamination", part), CONTAMINATION, [verdicts]),
            run.write_parquet(signal_file("hits", part), HITS, [hits] if hits.num_rows else []),
        ]
        counts = {"documents": verdicts.num_rows, "hits": hits.num_rows}
        for row in verdicts["verdict"].value_counts().to_pylist():
            counts[row["values"]] = row["counts"]
        return Outcome(files, counts)


@dataclass(frozen=True)
class Facts:
    """What the makers of tables need; rides to the workers."""

    config: Config
    partitions: int
    index_file: str | None

    def start(self, run: RunDirectory, table: str) -> Quality | Bands | Contamination:
        if table == "quality":
            return Quality(self.config.tokenizer, self.config.end_of_document)
        if table == "bands":
            assert self.config.dedup is not None
            return Bands(self.config.dedup, self.partitions)
        assert self.config.decontaminate is not None and self.index_file is not None
        return Contamination(BenchmarkIndex.open(run.local_copy(self.index_file)), self.config.decontaminate)


def facts_phase(
    run: RunDirectory, config: Config, parts: dict[str, int], benchmarks: tuple[str, str] | None
) -> Phase:
    """The phase that makes every per-document table the config calls for, a task a part.

    parts: name and bytes of text of each. benchmarks: file of the benchmark index in the run and its fingerprint, None without decontamination.
    """
    upstream = part_fingerprints(run)
    tables = {
        "quality": fingerprint(
            "quality", VERSION, load_tokenizer(config.tokenizer, config.end_of_document).sha256, NORMALISER
        )
    }
    partitions = 0
    if config.dedup is not None:
        # Of what was read alone: generated documents must not make the keys of all others stale.
        documents = sum(receipt.counts["documents"] for receipt in read_receipts(run, "ingest").values())
        partitions = band_partitions(documents, config.dedup.bands)
        shape = config.dedup.model_dump(include={"ngram", "bands", "rows", "seed"})
        tables["bands"] = fingerprint("bands", VERSION, shape, SCHEME, NORMALISER, partitions)
    if config.decontaminate is not None and benchmarks is not None:
        thresholds = config.decontaminate.model_dump(include={"info_threshold", "contaminated_threshold"})
        tables["contamination"] = fingerprint("contamination", VERSION, thresholds, benchmarks[1])
    facts = Facts(config, partitions, benchmarks[0] if benchmarks else None)
    tasks = []
    for part, size in parts.items():
        own = {table: fingerprint(upstream[part], shape) for table, shape in tables.items()}
        tasks.append(Task(part, {"fingerprints": own}, size, fingerprint(own)))
    return Phase("facts", fingerprint(tables), tasks, partial(_make, facts))


def table_digest(facts: Phase, table: str) -> str:
    """The fingerprint of one table of all parts, for what is made of that table alone."""
    return fingerprint([[task.name, task.payload["fingerprints"].get(table)] for task in facts.tasks])


def _make(facts: Facts, run: RunDirectory, task: Task) -> Outcome:
    """Make the part's missing or stale tables, each committed with a receipt of its own."""
    wanted: dict[str, str] = task.payload["fingerprints"]
    makers = {
        table: facts.start(run, table)
        for table, own in wanted.items()
        if not is_done(run, table, task.name, own)
    }
    for batch in _batches(run, task.name) if makers else ():
        for maker in makers.values():
            maker.add(batch)
    for table, maker in makers.items():
        discard_receipt(run, table, task.name)
        outcome = maker.commit(run, task.name)
        receipt = Receipt(
            stage=table,
            task=task.name,
            fingerprint=wanted[table],
            files=outcome.files,
            counts=outcome.counts,
        )
        commit_receipt(run, receipt)
    receipts = [read_receipt(run, table, task.name) for table in wanted]
    files = [file for receipt in receipts if receipt for file in receipt.files]
    return Outcome(files, {"tables": len(wanted)})


def _batches(run: RunDirectory, part: str) -> Iterator[Batch]:
    for documents in read_documents(run, part, COLUMNS):
        yield Batch(documents)
