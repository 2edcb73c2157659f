"""Columns of a foreign Parquet file as records."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.readers.dates import CREATED, created_of_column
from pipelines.readers.lines import EXCERPT_BYTES
from pipelines.readers.records import (
    BATCH_BYTES,
    LABELS,
    RECORD,
    ROW_BYTES,
    BadRecord,
    Records,
    as_text,
    byte_ranges,
    metadata_map,
    only_bad,
)
from schemas.config import Input

_TEXT_TYPES = (
    pa.string(),
    pa.large_string(),
    pa.string_view(),
    pa.binary(),
    pa.large_binary(),
    pa.binary_view(),
)


@dataclass(frozen=True)
class Place:
    """Where a batch begins: its file, and its first row in the file, in the piece and in its row group."""

    file: str
    in_file: int
    in_piece: int
    group: int
    in_group: int


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type, read as a dictionary, comes as string or binary."""
    return (kind.value_type if pa.types.is_dictionary(kind) else kind) in _TEXT_TYPES


def label_columns(columns: Input) -> dict[str, str | None]:
    """The column of each of LABELS, None where the input names none."""
    return {
        "source": columns.source_column,
        "url": columns.url,
        "language": columns.language,
        "kind": columns.kind,
    }


_KEYS = ("id", "url", "language", "kind", "created", "source_column")


def named_columns(columns: Input) -> dict[str, str]:
    """Columns beside the text's that the input itself names, by key: those that must be there."""
    named = {key: getattr(columns, key) for key in _KEYS if key in columns.model_fields_set}
    return {key: name for key, name in named.items() if name is not None}


def wanted_columns(columns: Input) -> list[str]:
    """Names of the columns that an input is read for, without repetition."""
    labels = label_columns(columns).values()
    named = [columns.text, columns.id, *labels, columns.created, *columns.metadata]
    return list(dict.fromkeys(name for name in named if name is not None))


def batch_records(
    batch: pa.RecordBatch, place: Place, columns: Input, document_bytes: int
) -> Iterator[Records]:
    """The rows of a batch in order, cut into at most BATCH_BYTES or one row; bad ones come with the first.

    batch: the wanted columns that the file has, those of text as dictionaries.
    """
    strings: dict[str, pa.DictionaryArray] = {}
    reasons: dict[int, tuple[str, str]] = {}
    for name in batch.schema.names:
        strings[name], broken = _as_strings(batch.column(name))
        for row, problem in broken.items():
            reasons.setdefault(row, ("bad_utf8", f"`{name}`: {problem}"))
    for row, reason in _unusable_texts(strings[columns.text], columns.text, document_bytes).items():
        reasons.setdefault(row, reason)
    bad = [_bad_record(row, reasons[row], batch.column(columns.text), place) for row in sorted(reasons)]
    good = np.setdiff1d(np.arange(batch.num_rows), np.fromiter(reasons, np.int64, len(reasons)))
    sizes = ROW_BYTES + sum(_bytes_of_rows(column) for column in strings.values())
    for start, end in byte_ranges(sizes[good], BATCH_BYTES):
        rows = good[start:end]
        usable = _usable(batch.take(pa.array(rows)), strings, rows, place, columns)
        yield Records(place.in_piece + rows, usable, bad)
        bad = []
    if bad:
        yield only_bad(bad)


def _as_strings(column: pa.Array) -> tuple[pa.DictionaryArray, dict[int, str]]:
    """A column as a dictionary of strings, and what is wrong with the rows that can't be text."""
    if not pa.types.is_dictionary(column.type):
        return _written_out(column)
    values = column.dictionary.view(pa.string())
    try:
        values.validate(full=True)
        return pa.DictionaryArray.from_arrays(column.indices, values), {}
    except pa.ArrowInvalid:
        entries, problems = [], {}
        for entry, value in enumerate(values.view(pa.binary()).to_pylist()):
            try:
                entries.append(value.decode())
            except UnicodeDecodeError as error:
                entries.append("")
                problems[entry] = f"{error.reason} at byte {error.start}"
        dictionary = pa.DictionaryArray.from_arrays(column.indices, pa.array(entries, pa.string()))
        indices = enumerate(column.indices.to_pylist())
        return dictionary, {row: problems[entry] for row, entry in indices if entry in problems}


def _written_out(column: pa.Array) -> tuple[pa.DictionaryArray, dict[int, str]]:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp(column.type.unit)).cast(pa.string())
    elif pa.types.is_temporal(column.type):
        column = column.cast(pa.string())
    texts: list[str | None] = []
    problems: dict[int, str] = {}
    for row, value in enumerate(column):
        try:
            texts.append(as_text(value.as_py()))
        except (ValueError, OverflowError) as error:
            texts.append(None)
            problems[row] = str(error)
    return pa.array(texts, pa.string()).dictionary_encode(), problems


def _unusable_texts(text: pa.DictionaryArray, name: str, document_bytes: int) -> dict[int, tuple[str, str]]:
    lengths = pc.binary_length(text.dictionary).to_numpy(zero_copy_only=False)
    is_blank = pc.utf8_is_space(text.dictionary).to_numpy(zero_copy_only=False) | (lengths == 0)
    entries = {
        int(entry): ("oversize", f"`{name}` has {lengths[entry]} bytes, more than {document_bytes}")
        for entry in np.flatnonzero(lengths > document_bytes)
    }
    for entry in np.flatnonzero(is_blank):
        entries[int(entry)] = (
            "empty_text",
            f"`{name}` has {len(text.dictionary[entry].as_py())} characters, all blank",
        )
    if not entries and not text.null_count:
        return {}
    entries[-1] = ("missing_text", f"`{name}` is null")
    indices = enumerate(text.indices.fill_null(-1).to_pylist())
    return {row: entries[entry] for row, entry in indices if entry in entries}


def _bad_record(row: int, reason: tuple[str, str], text: pa.DictionaryArray, place: Place) -> BadRecord:
    index = text.indices[row]
    excerpt = b""
    if index.is_valid:
        value = text.dictionary[index.as_py()].cast(pa.binary()).as_buffer()
        excerpt = value.slice(0, min(EXCERPT_BYTES, value.size)).to_pybytes()
    where = f"row group {place.group}, row {place.in_group + row}"
    return BadRecord(place.in_piece + row, where, *reason, excerpt)


def _bytes_of_rows(column: pa.DictionaryArray) -> np.ndarray:
    lengths = np.append(pc.binary_length(column.dictionary).to_numpy(zero_copy_only=False), 0)
    return lengths[column.indices.fill_null(-1).to_numpy()].astype(np.int64)


def _usable(
    batch: pa.RecordBatch,
    strings: dict[str, pa.DictionaryArray],
    rows: np.ndarray,
    place: Place,
    columns: Input,
) -> pa.RecordBatch:
    """Chosen rows as RECORD. batch: these rows as they were read."""

    def text_of(name: str | None) -> pa.Array:
        if name not in strings:
            return pa.nulls(len(rows), pa.string())
        return strings[name].dictionary.take(strings[name].indices.take(pa.array(rows)))

    created: Any = pa.nulls(len(rows), CREATED)
    if columns.created in strings:
        source = batch.column(columns.created)
        created = created_of_column(text_of(columns.created) if is_text(source.type) else source)
    labels = label_columns(columns)
    return pa.RecordBatch.from_arrays(
        [
            _with_made_ids(text_of(columns.id), rows, place),
            text_of(columns.text),
            *(text_of(labels[name]) for name in LABELS),
            created,
            metadata_map(columns.metadata, [text_of(name) for name in columns.metadata], len(rows)),
        ],
        schema=RECORD,
    )


def _with_made_ids(ids: pa.Array, rows: np.ndarray, place: Place) -> pa.Array:
    is_missing = pc.equal(pc.fill_null(pc.binary_length(ids), 0), 0)
    if not pc.any(is_missing).as_py():
        return ids
    made = [f"{place.file}:{place.in_file + row}" for row in rows.tolist()]
    return pc.if_else(is_missing, pa.array(made, pa.string()), ids)
