"""Foreign Parquet files: read in small batches, cut by bytes, never a row group at once."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from pipelines.errors import RunError
from pipelines.readers.files import file_name, filesystem
from pipelines.readers.parquet_columns import Place, batch_records, is_text, named_columns, wanted_columns
from pipelines.readers.records import BAD_IN_BATCH, BadRecord, Records, only_bad
from schemas.config import Input
from schemas.plan import InputFile, Piece

_BUFFER_BYTES = 1_000_000
_BATCH_BYTES = 4_000_000
_MOST_ROWS = 4096


class UnreadableFooter(Exception):
    """The file is not Parquet, or its footer is damaged: what it held can't be known."""


def read_footer(path: str) -> tuple[pq.FileMetaData, pa.Schema]:
    """The metadata and the Arrow schema of a file.

    Raises UnreadableFooter where the bytes are not a footer, OSError where they can't be had.
    """
    with _open(path) as source:
        try:
            file = pq.ParquetFile(source)
            metadata, schema = file.metadata, file.schema_arrow
            rows = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
            # Names that are not UTF-8 raise when they are asked for.
            _ = schema.names
        except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
            _raise_if_not_damage(error)
            raise UnreadableFooter(_one_line(error)) from None
    if sum(rows) != metadata.num_rows or min(rows, default=0) < 0:
        raise UnreadableFooter(f"{metadata.num_rows} rows in all, but {rows} in its row groups")
    return metadata, schema


def require_columns(path: str, schema: pa.Schema, columns: Input) -> None:
    """Raises RunError unless the column of the text is there, once, and holds text, and every other column that the
    input names is there."""
    absent = sorted(name for name in named_columns(columns).values() if name not in schema.names)
    if absent:
        raise RunError(
            f"{path} has no column `{absent[0]}`, which the input {columns.path} names (columns: "
            f"{', '.join(schema.names)}); mend the name, or take it out of the input"
        )
    found = schema.get_all_field_indices(columns.text)
    if len(found) != 1:
        raise RunError(
            f"{path} has {len(found) or 'no'} column{'s' * (len(found) > 1)} `{columns.text}` (columns: {', '.join(schema.names)}); set `text` "
            f"of the input {columns.path} to the column that holds the text"
        )
    if not is_text(schema.field(found[0]).type):
        raise RunError(
            f"{path}: column `{columns.text}` is of type {schema.field(found[0]).type}, not text; set `text` of the "
            f"input {columns.path} to the column that holds the text"
        )


def read_parquet(file: InputFile, piece: Piece, columns: Input, document_bytes: int) -> Iterator[Records]:
    """Records of the row groups [start, end), in order; 0 to 0 is the whole file.

    A file without a readable footer is one bad record. What can't be read of a row group is one bad
    record a row. Raises RunError where the column of the text is missing or of another type, OSError
    where the file can't be read.
    """
    try:
        metadata, schema = read_footer(file.path)
    except UnreadableFooter as error:
        yield only_bad([BadRecord(0, "footer", "corrupt", str(error), b"")])
        return
    require_columns(file.path, schema, columns)
    wanted = [name for name in wanted_columns(columns) if len(schema.get_all_field_indices(name)) == 1]
    texts = [name for name in wanted if is_text(schema.field(name).type)]
    before = sum(metadata.row_group(group).num_rows for group in range(piece.start))
    row = 0
    with _open(file.path) as source:
        # As dictionaries, a long text that many rows share is held once, and every kind of text looks alike.
        parquet = pq.ParquetFile(
            source,
            metadata=metadata,
            read_dictionary=texts,
            buffer_size=_BUFFER_BYTES,
            page_checksum_verification=True,
        )
        for group in range(piece.start, piece.end or metadata.num_row_groups):
            # The sizes of single columns would be nearer, but Arrow ends the process over some damaged ones.
            rows, size = metadata.row_group(group).num_rows, metadata.row_group(group).total_byte_size
            batch_rows = max(1, min(_MOST_ROWS, rows * _BATCH_BYTES // max(size, 1)))
            batches = parquet.iter_batches(batch_rows, row_groups=[group], columns=wanted, use_threads=False)
            done = 0
            while done < rows:
                batch, problem = _next_batch(batches)
                if batch is None:
                    yield from _lost_rows(group, done, rows - done, row, problem)
                    row += rows - done
                    break
                place = Place(file_name(file.path), before + row, row, group, done)
                yield from batch_records(batch, place, columns, document_bytes)
                row += batch.num_rows
                done += batch.num_rows


def _open(path: str) -> Any:
    fs, name = filesystem(path)
    # Arrow's own file, for its reads take no turn at the interpreter.
    return pa.OSFile(name) if isinstance(fs, LocalFileSystem) else fs.open(name, "rb")


def _raise_if_not_damage(error: Exception) -> None:
    """What has an errno was said by the system, not found in the file."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _next_batch(batches: Iterator[pa.RecordBatch]) -> tuple[pa.RecordBatch | None, str]:
    try:
        batch = next(batches)
        if not all(_is_in_bounds(column) for column in batch.columns):
            return None, "an index leads out of its dictionary"
        return batch, ""
    except StopIteration:
        return None, "the row group has fewer rows than its footer says"
    except (OSError, pa.ArrowException) as error:
        _raise_if_not_damage(error)
        return None, _one_line(error)


def _is_in_bounds(column: pa.Array) -> bool:
    """Whether a dictionary's indices lead to entries: damaged ones may lead anywhere in memory."""
    if not pa.types.is_dictionary(column.type):
        return True
    least, most = pc.min_max(column.indices).as_py().values()
    return least is None or (least >= 0 and most < len(column.dictionary))


def _lost_rows(group: int, first: int, count: int, row: int, problem: str) -> Iterator[Records]:
    for start in range(0, count, BAD_IN_BATCH):
        lost = range(start, min(start + BAD_IN_BATCH, count))
        yield only_bad(
            [BadRecord(row + k, f"row group {group}, row {first + k}", "corrupt", problem, b"") for k in lost]
        )
