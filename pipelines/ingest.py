"""Ingest: raw files in, parts of documents out; what can't be a document goes to quarantine."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.errors import RunError
from pipelines.readers import pages
from pipelines.readers.files import file_name, source_name
from pipelines.readers.piece import read_files, read_piece
from pipelines.readers.records import BadRecord, Records, record_sizes
from pipelines.runner import Outcome, Phase, Task
from pipelines.storage.parts import BATCH_TEXT_BYTES, PART_TEXT_BYTES, document_file, part_name
from pipelines.storage.quarantine import Quarantine
from pipelines.storage.run_directory import RunDirectory
from schemas.config import Config, Input, fingerprint
from schemas.documents import DOCUMENT, ROW_BITS
from schemas.plan import DOCUMENT_FORMATS, TABLE_FORMATS, InputFile, Piece, Plan, Split
from schemas.receipts import WrittenFile
from textkernels.content import content_hashes
from textkernels.words import NORMALISER

VERSION = 1


@dataclass(frozen=True)
class Reading:
    """A piece of a file and how its columns are to be read."""

    file: InputFile
    piece: Piece
    columns: Input


@dataclass(frozen=True)
class Ingest:
    """What shapes every split alike: largest document in bytes of text, and the share kept."""

    document_bytes: int
    sample: float


def split_task(split: int) -> str:
    return f"split-{split:06d}"


def ingest_phase(run: RunDirectory, config: Config, plan: Plan) -> Phase:
    """The phase that reads every split of the plan into parts.

    A task's fingerprint follows what its own files are and how they are read, not where they or the run
    lie. Counts of a receipt: records = documents + unsampled + quarantined, and `quarantined_<reason>`;
    beside them `not_documents` and `not_documents_<why>`, which web archives hold between the records.
    """
    shape = Ingest(config.limits.document_bytes, config.sample)
    own = fingerprint("ingest", VERSION, NORMALISER, shape.document_bytes, shape.sample)
    tasks = [_task(config, plan, split, own) for split in plan.splits]
    return Phase("ingest", own, tasks, partial(_ingest_split, shape))


def _task(config: Config, plan: Plan, split: Split, own: str) -> Task:
    readings = [
        Reading(plan.files[piece.file], piece, config.inputs[plan.files[piece.file].input])
        for piece in split.pieces
    ]
    return Task(
        split_task(split.split),
        {"split": split.split, "readings": readings},
        split.bytes,
        fingerprint(own, split.split, [_identity(reading) for reading in readings]),
    )


def _identity(reading: Reading) -> list[Any]:
    file, piece = reading.file, reading.piece
    columns = reading.columns.model_dump(mode="json", exclude={"path"})
    columns["source"] = _source(reading.columns)
    # What ids are made of.
    name = file.name if file.format in DOCUMENT_FORMATS else file_name(file.path)
    read_by = {} if file.format in TABLE_FORMATS else {"pages": pages.VERSION}
    return [name, file.format, file.size, file.version, piece.start, piece.end, {**columns, **read_by}]


def _source(columns: Input) -> str:
    return columns.source or source_name(columns.path)


def _ingest_split(shape: Ingest, run: RunDirectory, task: Task) -> Outcome:
    """Read one split: its parts, at most one quarantine file, and the counts of both."""
    split = task.payload["split"]
    with Quarantine(run, split) as quarantine:
        reader = _SplitReader(shape, split, quarantine)
        batches = chain.from_iterable(map(reader.documents, _together(task.payload["readings"])))
        files, parts = write_parts(run, split, recut(batches, BATCH_TEXT_BYTES))
    if quarantine.file is not None:
        files.append(quarantine.file)
    return Outcome(files, dict(reader.counts), {"parts": parts, "pieces": reader.pieces})


def _together(readings: list[Reading]) -> Iterator[list[Reading]]:
    """Readings one by one, but those of neighbouring files that are one document each together: a batch a file
    would cost more than the reading."""
    for is_document, group in groupby(readings, key=lambda reading: reading.file.format in DOCUMENT_FORMATS):
        group = list(group)
        yield from [group] if is_document else ([reading] for reading in group)


class _SplitReader:
    """Reads the pieces of a split one after the other, and keeps count."""

    def __init__(self, shape: Ingest, split: int, quarantine: Quarantine):
        self.shape = shape
        self.split = split
        self.quarantine = quarantine
        self.counts = Counter({"records": 0, "documents": 0, "unsampled": 0, "quarantined": 0})
        self.pieces: list[dict[str, Any]] = []

    def documents(self, readings: list[Reading]) -> Iterator[pa.RecordBatch]:
        """The documents of a piece, or of files that are a document each, batch after batch; bad records go to
        quarantine on the way."""
        first_row = self.counts["records"]
        for records in self._records(readings):
            for file, bad in _by_file(readings, records):
                self.quarantine.add(file.path, first_row, bad)
            documents = _as_documents(records, self.split, first_row, readings[0].columns)
            sampled = _sampled(documents, self.shape.sample)
            self._count(records, sampled.num_rows, readings[0].file)
            yield sampled
        read = self.counts["records"] - first_row
        for number, reading in enumerate(readings):
            place = {"file": reading.file.path, "start": reading.piece.start, "end": reading.piece.end}
            records_of_it = {"records": read} if len(readings) == 1 else {"records": 1}
            self.pieces.append({**place, "first_row": first_row + number, **records_of_it})

    def _records(self, readings: list[Reading]) -> Iterator[Records]:
        reading, document_bytes = readings[0], self.shape.document_bytes
        if reading.file.format in DOCUMENT_FORMATS:
            return read_files([one.file for one in readings], reading.columns, document_bytes)
        return read_piece(reading.file, reading.piece, reading.columns, document_bytes)

    def _count(self, records: Records, sampled: int, file: InputFile) -> None:
        self.counts["records"] += records.count
        self.counts["documents"] += sampled
        self.counts["unsampled"] += records.usable.num_rows - sampled
        self.counts["quarantined"] += len(records.bad)
        self.counts.update(f"quarantined_{bad.reason}" for bad in records.bad)
        for why, count in records.not_documents.items():
            self.counts["not_documents"] += count
            self.counts[f"not_documents_{why}"] += count
        if self.counts["records"] >= 1 << ROW_BITS:
            raise RunError(f"{file.path} has more than {1 << ROW_BITS} records; cut it into smaller files")


def _by_file(readings: list[Reading], records: Records) -> Iterator[tuple[InputFile, list[BadRecord]]]:
    """The bad ones of records, file by file: of files that are a document each, the row is the file's number."""
    if readings[0].file.format not in DOCUMENT_FORMATS:
        yield readings[0].file, records.bad
        return
    for one in records.bad:
        yield readings[one.row].file, [one]


def _as_documents(records: Records, split: int, first_row: int, columns: Input) -> pa.RecordBatch:
    """Records as rows of DOCUMENT."""
    usable = records.usable
    rows = usable.num_rows
    known: dict[str, pa.Array] = {name: usable.column(name) for name in usable.schema.names}
    known["doc"] = pa.array((split << ROW_BITS) + first_row + records.rows)
    known["source"] = pc.fill_null(known["source"], _source(columns))
    known["bucket"] = pa.repeat(pa.scalar(columns.bucket, pa.string()), rows)
    known["content"] = content_hashes(known["text"])
    known["parents"] = pa.ListArray.from_arrays(np.zeros(rows + 1, np.int32), pa.array([], pa.int64()))
    return pa.RecordBatch.from_arrays([known[name] for name in DOCUMENT.names], schema=DOCUMENT)


def _sampled(documents: pa.RecordBatch, sample: float) -> pa.RecordBatch:
    """The documents whose content hash lies in the first `sample` of its range: smaller samples are parts
    of larger ones, and copies stay together."""
    if sample >= 1:
        return documents
    content = documents.column("content")
    halves = np.frombuffer(content.buffers()[1], "<u8", 2 * len(content), 16 * content.offset)
    return documents.filter(pa.array(halves[::2] < np.uint64(int(sample * 2**64))))


def recut(batches: Iterable[pa.RecordBatch], most: int) -> Iterator[pa.RecordBatch]:
    """Cut a stream of rows into batches of at most `most` bytes or one row, wherever it was cut before.

    Bytes are those of records.record_sizes, so the text of a batch has no more.
    """
    held: list[pa.RecordBatch] = []
    held_bytes = 0
    for batch in batches:
        totals = np.cumsum(record_sizes(batch))
        start, before = 0, 0
        while start < batch.num_rows:
            end = max(start, int(np.searchsorted(totals, before + most - held_bytes, side="right")))
            if end == start and held:
                yield _joined(held)
                held, held_bytes = [], 0
                continue
            end = max(end, start + 1)
            held.append(batch.slice(start, end - start))
            held_bytes += int(totals[end - 1]) - before
            start, before = end, int(totals[end - 1])
    if held:
        yield _joined(held)


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return pa.Table.from_batches(batches).combine_chunks().to_batches()[0]


def write_parts(
    run: RunDirectory, split: int, batches: Iterable[pa.RecordBatch]
) -> tuple[list[WrittenFile], list[dict[str, Any]]]:
    """Write batches, each a row group, to parts of at most PART_TEXT_BYTES or one batch; parts of an
    earlier attempt that go beyond are removed."""
    text_bytes: Counter[int] = Counter()

    def numbered() -> Iterator[tuple[int, pa.RecordBatch]]:
        part, held = 0, 0
        for batch in batches:
            size = int(record_sizes(batch).sum())
            if held and held + size > PART_TEXT_BYTES:
                part, held = part + 1, 0
            held += size
            text_bytes[part] += pc.sum(pc.binary_length(batch.column("text"))).as_py()
            yield part, batch

    files, parts = [], []
    for part, group in groupby(numbered(), key=itemgetter(0)):
        name = part_name(split, part)
        files.append(run.write_parquet(document_file(name), DOCUMENT, map(itemgetter(1), group)))
        parts.append({"name": name, "rows": files[-1].rows, "text_bytes": text_bytes[part]})
    _remove_parts_from(run, split, len(parts))
    return files, parts


def _remove_parts_from(run: RunDirectory, split: int, first: int) -> None:
    stale = first
    while run.exists(document_file(part_name(split, stale))):
        stale += 1
    # The last goes first: a kill in between leaves no gap that would hide the others.
    for part in reversed(range(first, stale)):
        run.remove(document_file(part_name(split, part)))
