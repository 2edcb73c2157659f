"""Stretches of documents that training does not see as they are written."""

from collections import Counter

import pyarrow as pa

from pipelines.fact_tables.batch import Batch
from pipelines.runner import Outcome
from pipelines.storage.parts import signal_file
from pipelines.storage.run_directory import RunDirectory
from schemas.signals import SPANS


class Spans:
    """Makes signals/spans of a part, a row group for each batch that has any."""

    def __init__(self) -> None:
        self.rows: list[pa.Table] = []
        self.documents = 0

    def add(self, batch: Batch) -> None:
        self.documents += batch.documents.num_rows
        if batch.spans.num_rows:
            self.rows.append(batch.spans)

    def commit(self, run: RunDirectory, part: str) -> Outcome:
        file = run.write_parquet(signal_file("spans", part), SPANS, self.rows)
        kinds: Counter[str] = Counter()
        for table in self.rows:
            kinds.update({row["values"]: row["counts"] for row in table["kind"].value_counts().to_pylist()})
        return Outcome(
            [file], {"documents": self.documents, "spans": file.rows, **dict(sorted(kinds.items()))}
        )
