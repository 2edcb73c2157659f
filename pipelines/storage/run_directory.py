"""A run's folder, local or any fsspec URL, and the one way a file gets into it."""

import hashlib
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from schemas.receipts import WrittenFile

COMPRESSION = "zstd"
SCRATCH = ".scratch"
REPETITIVE = frozenset(
    (
        "source",
        "language",
        "bucket",
        "kind",
        "verdict",
        "rule",
        "benchmark",
        "component",
        "file",
        "reason",
        "detail",
    )
)
"""Columns worth a dictionary; on text and ids one costs a quarter of the writer's time and saves nothing."""


class RunDirectory:
    """Files of one run, named relative to it. Picklable: workers open their own.

    Every write goes through `writing`: a file finished on local disk, then fsync and rename, or one
    put to an object store. Two attempts at one task write the same bytes under the same name.
    """

    def __init__(self, url: str | os.PathLike[str]):
        self.url = str(url).rstrip("/")
        self.fs, root = fsspec.core.url_to_fs(self.url)
        self.root = root.rstrip("/")
        self.is_local = isinstance(self.fs, LocalFileSystem)

    def __reduce__(self) -> tuple[Any, ...]:
        return RunDirectory, (self.url,)

    def path(self, name: str) -> str:
        return f"{self.root}/{name}"

    def exists(self, name: str) -> bool:
        return self.fs.exists(self.path(name))

    def size(self, name: str) -> int | None:
        """Bytes of a file, None where it is absent."""
        try:
            return self.fs.size(self.path(name))
        except FileNotFoundError:
            return None

    def list(self, folder: str, suffix: str = "") -> list[str]:
        """Names (relative to the run) of the files directly in a folder, sorted; empty where it is absent."""
        try:
            found = self.fs.ls(self.path(folder), detail=False, refresh=True)
        except FileNotFoundError:
            return []
        names = (entry.rstrip("/").rsplit("/", 1)[-1] for entry in found)
        return [f"{folder}/{name}" for name in sorted(names) if name.endswith(suffix)]

    def read_bytes(self, name: str) -> bytes:
        return self.fs.cat_file(self.path(name))

    def read_json(self, name: str) -> Any:
        return json.loads(self.read_bytes(name))

    def parquet(self, name: str) -> pq.ParquetFile:
        """Open a Parquet file of the run without reading ahead."""
        if self.is_local:
            return pq.ParquetFile(self.path(name), pre_buffer=False)
        return pq.ParquetFile(self.fs.open(self.path(name), "rb"), pre_buffer=True)

    def local_copy(self, name: str) -> Path:
        """The file itself where the run is local, else a copy of it in this machine's scratch, made once."""
        if self.is_local:
            return Path(self.path(name))
        digest = hashlib.sha256(self.path(name).encode()).hexdigest()[:24]
        target = Path(tempfile.gettempdir()) / "syllabus" / f"{digest}-{self.size(name)}"
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f"{target.name}.{uuid.uuid4().hex}")
            self.fs.get_file(self.path(name), str(partial))
            os.replace(partial, target)
        return target

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """A local path to write; on leaving without an error the file stands in the run, whole and durable."""
        target = self.path(name)
        scratch = Path(self.path(SCRATCH)) if self.is_local else Path(tempfile.gettempdir()) / "syllabus"
        scratch.mkdir(parents=True, exist_ok=True)
        draft = scratch / f"{uuid.uuid4().hex}-{name.rsplit('/', 1)[-1]}"
        try:
            yield draft
            if self.is_local:
                _sync(draft)
                Path(target).parent.mkdir(parents=True, exist_ok=True)
                os.replace(draft, target)
                _sync(Path(target).parent)
            else:
                self.fs.makedirs(target.rsplit("/", 1)[0], exist_ok=True)
                self.fs.put_file(str(draft), target)
                self.fs.invalidate_cache()
        finally:
            draft.unlink(missing_ok=True)

    def write_bytes(self, name: str, data: bytes) -> WrittenFile:
        with self.writing(name) as draft:
            draft.write_bytes(data)
        return WrittenFile(path=name, bytes=len(data), sha256=hashlib.sha256(data).hexdigest(), rows=0)

    def write_json(self, name: str, value: Any) -> WrittenFile:
        return self.write_bytes(name, (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode())

    def write_parquet(
        self,
        name: str,
        schema: pa.Schema,
        batches: Iterable[pa.RecordBatch | pa.Table],
    ) -> WrittenFile:
        """Write record batches, each a row group, that must have exactly the columns of `schema`.

        Raises ValueError where a batch has other columns: nothing is dropped or made up on the way.
        """
        with self.writing(name) as draft:
            rows = 0
            with parquet_writer(draft, schema) as writer:
                for batch in batches:
                    table = conform(batch, schema)
                    writer.write_table(table, row_group_size=max(table.num_rows, 1))
                    rows += table.num_rows
            return written(draft, name, rows)

    def remove(self, name: str) -> None:
        """Remove a file or a folder; absent is fine."""
        try:
            self.fs.rm(self.path(name), recursive=True)
        except FileNotFoundError:
            return

    def clear_scratch(self) -> None:
        """Remove drafts that a killed run left behind."""
        if self.is_local:
            shutil.rmtree(self.path(SCRATCH), ignore_errors=True)


def parquet_writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """A Parquet writer with the settings of all files of a run."""
    repetitive = [name for name in schema.names if name in REPETITIVE]
    return pq.ParquetWriter(path, schema, compression=COMPRESSION, version="2.6", use_dictionary=repetitive)


def conform(batch: pa.RecordBatch | pa.Table, schema: pa.Schema) -> pa.Table:
    """The batch as a table of exactly this schema. Raises ValueError on missing or further columns."""
    table = batch if isinstance(batch, pa.Table) else pa.Table.from_batches([batch])
    if table.schema.names != schema.names:
        missing = [name for name in schema.names if name not in table.schema.names]
        extra = [name for name in table.schema.names if name not in schema.names]
        if missing or extra:
            raise ValueError(f"columns missing: {missing}, columns not in the schema: {extra}")
        table = table.select(schema.names)
    return table.cast(schema)


def written(draft: Path, name: str, rows: int) -> WrittenFile:
    """The receipt's line for a finished local file that is about to be committed as `name`."""
    with open(draft, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return WrittenFile(path=name, bytes=draft.stat().st_size, sha256=digest, rows=rows)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
