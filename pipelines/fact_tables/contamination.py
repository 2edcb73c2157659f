"""Verdicts of Algorithm 1 of the Phi-4 report, and every hit they rest on."""

import pyarrow as pa

from decontam.index import BenchmarkIndex
from decontam.rule import check
from pipelines.fact_tables.batch import Batch
from pipelines.runner import Outcome
from pipelines.storage.parts import signal_file
from pipelines.storage.run_directory import RunDirectory
from schemas.config import Decontaminate
from schemas.signals import CONTAMINATION, HITS


class Contamination:
    """Makes signals/contamination and signals/hits of a part."""

    def __init__(self, index: BenchmarkIndex, decontaminate: Decontaminate):
        self.index = index
        self.thresholds = (decontaminate.info_threshold, decontaminate.contaminated_threshold)
        self.verdicts: list[pa.Table] = []
        self.hits: list[pa.Table] = []

    def add(self, batch: Batch) -> None:
        docs = batch.docs
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
