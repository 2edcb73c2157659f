"""Documents of one row group, and what several tables need of them, made once."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from classifiers.personal_data import find_spans, span_rows
from pipelines.training_text import training_text
from schemas.privacy import Privacy
from schemas.signals import SPANS
from textkernels.words import word_hashes


@dataclass(frozen=True)
class Batch:
    """Rows of the columns that facts are made of, in the order of `doc`."""

    documents: pa.RecordBatch
    privacy: Privacy | None

    @property
    def text(self) -> pa.Array:
        return self.documents.column("text")

    @property
    def docs(self) -> np.ndarray:
        return self.documents.column("doc").to_numpy()

    @cached_property
    def words(self) -> tuple[np.ndarray, np.ndarray]:
        return word_hashes(self.text)

    @cached_property
    def spans(self) -> pa.Table:
        """What training does not see as it is written: rows of SPANS."""
        if self.privacy is None:
            return SPANS.empty_table()
        doc, id = self.documents.column("doc"), self.documents.column("id")
        return span_rows(self.text, doc, id, find_spans(self.text), self.privacy)

    @cached_property
    def training_text(self) -> pa.Array:
        """The text with its spans applied."""
        return training_text(self.docs, self.text, self.spans)

    def columns(self, **more: Any) -> pa.Table:
        """`doc` and `id` beside further columns of the same length."""
        own = {"doc": self.documents.column("doc"), "id": self.documents.column("id")}
        return pa.table({**own, **more})
