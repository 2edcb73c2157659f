"""Documents of one row group, and what several tables need of them, made once."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from textkernels.words import word_hashes


@dataclass(frozen=True)
class Batch:
    """Rows of the columns that facts are made of, with their words hashed once for all tables."""

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
