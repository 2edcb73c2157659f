"""Keys by which documents that may be near-duplicates meet."""

import numpy as np
import pyarrow as pa

from pipelines.dedup import band_rows
from pipelines.exchange import write_partitions
from pipelines.fact_tables.batch import Batch
from pipelines.runner import Outcome
from pipelines.storage.run_directory import RunDirectory
from schemas.config import Dedup


class Bands:
    """Makes the part's file of the exchange `bands`."""

    def __init__(self, dedup: Dedup, partitions: int):
        self.dedup = dedup
        self.partitions = partitions
        self.rows: list[pa.Table] = []
        self.documents = 0

    def add(self, batch: Batch) -> None:
        docs = batch.docs
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
