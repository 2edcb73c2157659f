"""Facts: what depends on one document and the config. One task a part opens the text once and makes
whatever table is missing or stale.

`quality` goes to signals/quality; `spans`, what training does not see as it is written, to signals/spans; `bands`, the keys by which near-duplicates meet, to the exchange;
`contamination` to signals/contamination and signals/hits. Each table has its own receipt, so a change
of one section of the config remakes one table.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from decontam.index import BenchmarkIndex
from pipelines.dedup import band_partitions
from pipelines.fact_tables.bands import Bands
from pipelines.fact_tables.batch import Batch
from pipelines.fact_tables.contamination import Contamination
from pipelines.fact_tables.quality import Group, Quality
from pipelines.fact_tables.quality_columns import quality_groups, spans_fingerprint
from pipelines.fact_tables.spans import Spans
from pipelines.runner import Outcome, Phase, Task
from pipelines.storage.parts import part_fingerprints, read_documents
from pipelines.storage.receipts import (
    commit_receipt,
    discard_receipt,
    is_done,
    read_receipt,
    read_receipts,
)
from pipelines.storage.run_directory import RunDirectory
from schemas.config import Config, fingerprint
from schemas.receipts import Receipt
from textkernels.minhash import SCHEME
from textkernels.words import NORMALISER

VERSION = 1
COLUMNS = ["doc", "id", "text", "url", "content"]
FACT_TABLES = ("quality", "spans", "bands", "contamination")


@dataclass(frozen=True)
class Facts:
    """What the makers of tables need; rides to the workers."""

    config: Config
    groups: tuple[Group, ...]
    partitions: int
    index_file: str | None

    def start(self, run: RunDirectory, table: str, task: Task) -> Quality | Spans | Bands | Contamination:
        if table == "quality":
            return Quality(run, task.name, task.payload["upstream"], self.groups)
        if table == "spans":
            return Spans()
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
    groups = quality_groups(config)
    tables = {}
    if config.privacy is not None:
        tables["spans"] = spans_fingerprint(config)
    tables["quality"] = fingerprint("quality", VERSION, [[group.name, group.fingerprint] for group in groups])
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
    facts = Facts(config, groups, partitions, benchmarks[0] if benchmarks else None)
    tasks = []
    for part, size in parts.items():
        own = {table: fingerprint(upstream[part], shape) for table, shape in tables.items()}
        payload = {"fingerprints": own, "upstream": upstream[part]}
        tasks.append(Task(part, payload, size, fingerprint(own)))
    return Phase("facts", fingerprint(tables), tasks, partial(_make, facts))


def table_digest(facts: Phase, table: str, parts: Collection[str]) -> str:
    """The fingerprint of one table of these parts, for what is made of that table alone."""
    return fingerprint(
        [[task.name, task.payload["fingerprints"].get(table)] for task in facts.tasks if task.name in parts]
    )


def _make(facts: Facts, run: RunDirectory, task: Task) -> Outcome:
    """Make the part's missing or stale tables, each committed with a receipt of its own."""
    wanted: dict[str, str] = task.payload["fingerprints"]
    makers = {
        table: facts.start(run, table, task)
        for table, own in wanted.items()
        if not is_done(run, table, task.name, own)
    }
    seconds = dict.fromkeys(makers, 0.0)
    for documents in read_documents(run, task.name, COLUMNS) if makers else ():
        batch = Batch(documents, facts.config.privacy)
        for table, maker in makers.items():
            began = time.monotonic()
            maker.add(batch)
            seconds[table] += time.monotonic() - began
    for table, maker in makers.items():
        began = time.monotonic()
        discard_receipt(run, table, task.name)
        outcome = maker.commit(run, task.name)
        receipt = Receipt(
            stage=table,
            task=task.name,
            fingerprint=wanted[table],
            files=outcome.files,
            counts=outcome.counts,
            details=outcome.details,
            seconds=round(seconds[table] + time.monotonic() - began, 3),
        )
        commit_receipt(run, receipt)
    receipts = [read_receipt(run, table, task.name) for table in wanted]
    files = [file for receipt in receipts if receipt for file in receipt.files]
    return Outcome(files, {"tables": len(wanted)})
