"""Records: what every reader yields, usable ones as Arrow columns, unusable ones with their reason."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.readers.dates import CREATED

BATCH_BYTES = 8_000_000
BAD_IN_BATCH = 4096
ROW_BYTES = 128
"""What a record weighs beside its strings when batches are cut: a thousand empty ones are not nothing."""

LABELS = ("source", "url", "language", "kind")

RECORD = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        *(pa.field(name, pa.string()) for name in LABELS),
        pa.field("created", pa.timestamp("us", tz="UTC")),
        pa.field("metadata", pa.map_(pa.string(), pa.string()), nullable=False),
    ]
)


class Unusable(Exception):
    """A record that can't be a document. `reason` is one of schemas.quarantine.REASONS."""

    def __init__(self, reason: str, detail: str):
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class BadRecord:
    """A record that goes to quarantine; `row` is its ordinal in the piece."""

    row: int
    place: str
    reason: str
    detail: str
    excerpt: bytes


@dataclass(frozen=True)
class Records:
    """Consecutive records of a piece.

    rows: int64[n], ordinals in the piece of the n usable ones; usable: n rows of RECORD; bad: the others.
    not_documents: what stood between them and is no record of a document, by schemas.quarantine.NOT_DOCUMENTS.
    """

    rows: np.ndarray
    usable: pa.RecordBatch
    bad: list[BadRecord]
    not_documents: Mapping[str, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.rows) + len(self.bad)


def only_bad(bad: list[BadRecord]) -> Records:
    return Records(np.empty(0, np.int64), pa.RecordBatch.from_pylist([], RECORD), bad)


def as_text(value: Any) -> str | None:
    """A value of any column as text: strings as they are, nested values and numbers as JSON.

    Raises UnicodeDecodeError where bytes are not UTF-8.
    """
    if value is None or type(value) is str:
        return value
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, bool | int | float | dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return str(value)


def metadata_map(names: Sequence[str], columns: Sequence[pa.Array], rows: int) -> pa.MapArray:
    """A map of each record's values, by column name, nulls left out.

    columns: string arrays of `rows` values, one a name.
    """
    present = np.zeros((rows, len(names)), bool)
    for k, column in enumerate(columns):
        present[:, k] = column.is_valid().to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(present.sum(axis=1))]).astype(np.int32)
    row, k = np.nonzero(present)
    keys = pa.array(names, pa.string()).take(pa.array(k))
    items = pa.chunked_array([*columns, pa.array([], pa.string())]).take(pa.array(k * rows + row))
    return pa.MapArray.from_arrays(offsets, keys, items.combine_chunks())


def record_sizes(records: pa.RecordBatch) -> np.ndarray:
    """Bytes that each record's strings take, and ROW_BYTES; int64[rows]."""
    sizes = np.full(records.num_rows, ROW_BYTES, np.int64)
    for column in records.columns:
        if pa.types.is_string(column.type):
            sizes += _lengths(column)
        elif pa.types.is_map(column.type):
            ends = np.concatenate([[0], np.cumsum(_lengths(column.keys) + _lengths(column.items))])
            sizes += np.diff(ends[column.offsets.to_numpy()])
    return sizes


def _lengths(column: pa.Array) -> np.ndarray:
    return pc.fill_null(pc.binary_length(column), 0).to_numpy(zero_copy_only=False).astype(np.int64)


def byte_ranges(sizes: np.ndarray, most: int) -> Iterator[tuple[int, int]]:
    """Cut rows into ranges (start, end) of at most `most` bytes or one row each. sizes: int64[rows]."""
    totals = np.cumsum(sizes)
    start, before = 0, 0
    while start < len(sizes):
        end = max(start + 1, int(np.searchsorted(totals, before + most, side="right")))
        yield start, end
        start, before = end, int(totals[end - 1])


class RecordsBuilder:
    """Records on their way into a batch.

    metadata: names of the columns that go to `metadata`; a record's values are those of RECORD but the last, then
    one a name, all text or None but `created`: microseconds since 1970.
    """

    def __init__(self, metadata: Iterable[str]):
        self.metadata = tuple(metadata)
        self.rows: list[int] = []
        self.values: list[tuple[Any, ...]] = []
        self.bad: list[BadRecord] = []
        self.not_documents: Counter[str] = Counter()
        self.bytes = 0

    @property
    def is_full(self) -> bool:
        return self.bytes >= BATCH_BYTES or len(self.bad) >= BAD_IN_BATCH

    def add(self, row: int, values: tuple[Any, ...], size: int) -> None:
        self.rows.append(row)
        self.values.append(values)
        self.bytes += size + ROW_BYTES

    def records(self) -> Records:
        width = len(RECORD) - 1 + len(self.metadata)
        columns = list(zip(*self.values, strict=True)) if self.values else [()] * width
        texts = [pa.array(column, pa.string()) for column in columns[: 2 + len(LABELS)]]
        created = pa.array(columns[2 + len(LABELS)], pa.int64()).cast(CREATED)
        extra = [pa.array(column, pa.string()) for column in columns[len(RECORD) - 1 :]]
        metadata = metadata_map(self.metadata, extra, len(self.rows))
        usable = pa.RecordBatch.from_arrays([*texts, created, metadata], schema=RECORD)
        return Records(np.array(self.rows, np.int64), usable, self.bad, self.not_documents)
