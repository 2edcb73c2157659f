"""The text as training sees it: documents with their spans applied."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.storage.parts import signal_file
from pipelines.storage.run_directory import RunDirectory
from textkernels.spans import apply_spans

_COLUMNS = ["doc", "start", "end", "replacement"]


def training_text(docs: np.ndarray, text: pa.Array, spans: pa.Table) -> pa.Array:
    """The texts of n documents with their spans replaced.

    docs: int64[n], ascending. spans: rows of SPANS of these documents alone, ordered by doc and start, that don't
    overlap.
    """
    if not spans.num_rows:
        return text
    rows = np.searchsorted(docs, spans["doc"].to_numpy())
    replacements = pc.fill_null(spans["replacement"].combine_chunks(), "")
    return apply_spans(text, rows, spans["start"].to_numpy(), spans["end"].to_numpy(), replacements)


class PartSpans:
    """The spans of a part, read beside its documents: no more of them are held than a row group."""

    def __init__(self, run: RunDirectory, part: str):
        self._file = run.parquet(signal_file("spans", part))
        self._next_group = 0
        self._held = self._file.schema_arrow.empty_table().select(_COLUMNS)

    def of(self, docs: np.ndarray) -> pa.Table:
        """Spans of these documents: int64[n], ascending, and behind those that were asked for before."""
        if not len(docs):
            return self._held.slice(0, 0)
        while self._next_group < self._file.num_row_groups and not self._reaches_beyond(docs[-1]):
            more = self._file.read_row_group(self._next_group, columns=_COLUMNS, use_threads=False)
            self._held = pa.concat_tables([self._held, more])
            self._next_group += 1
        held = self._held["doc"].to_numpy()
        first, end = np.searchsorted(held, [docs[0], docs[-1] + 1])
        found = self._held.slice(first, end - first)
        self._held = self._held.slice(end)
        return found.filter(pa.array(np.isin(held[first:end], docs)))

    def _reaches_beyond(self, doc: int) -> bool:
        held = self._held["doc"]
        return len(held) > 0 and held[-1].as_py() > doc
