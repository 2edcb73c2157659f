"""Quarantine: one file a split of the records that could not become documents."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.readers.records import BadRecord
from schemas.quarantine import QUARANTINE
from schemas.receipts import WrittenFile

from .run_directory import RunDirectory, parquet_writer, written

GROUP_ROWS = 65_536


def quarantine_file(split: int) -> str:
    return f"quarantine/split-{split:06d}.parquet"


class Quarantine:
    """The bad records of a split, written as they come, GROUP_ROWS rows to a row group.

    On leaving without an error the file is committed and stands as `file`; without bad records there is
    none, and one of an earlier attempt is removed.
    """

    def __init__(self, run: RunDirectory, split: int):
        self.file: WrittenFile | None = None
        self._run = run
        self._split = split
        self._held: list[tuple[Any, ...]] = []
        self._rows = 0
        self._open = ExitStack()
        self._draft: Path | None = None
        self._writer: pq.ParquetWriter | None = None

    def add(self, file: str, first_row: int, bad: list[BadRecord]) -> None:
        """Bad records of a piece of `file` whose first record is the split's `first_row`."""
        self._held += [
            (self._split, first_row + one.row, file, one.place, one.reason, one.detail, one.excerpt)
            for one in bad
        ]
        while len(self._held) >= GROUP_ROWS:
            self._write(self._held[:GROUP_ROWS])
            self._held = self._held[GROUP_ROWS:]

    def _write(self, rows: list[tuple[Any, ...]]) -> None:
        if self._writer is None:
            self._draft = self._open.enter_context(self._run.writing(quarantine_file(self._split)))
            self._writer = parquet_writer(self._draft, QUARANTINE)
        columns = [
            pa.array(column, field.type)
            for column, field in zip(zip(*rows, strict=True), QUARANTINE, strict=True)
        ]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=QUARANTINE), row_group_size=len(rows))
        self._rows += len(rows)

    def __enter__(self) -> "Quarantine":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._held:
            self._write(self._held)
        if self._writer is not None:
            self._writer.close()
        if error is None and self._draft is not None:
            self.file = written(self._draft, quarantine_file(self._split), self._rows)
        elif error is None:
            self._run.remove(quarantine_file(self._split))
        self._open.__exit__(kind, error, trace)
