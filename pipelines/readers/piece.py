"""One piece of a plan, whatever its format, as records."""

from collections.abc import Iterator

from pipelines.errors import RunError
from pipelines.readers.files import require_unchanged
from pipelines.readers.jsonl import read_jsonl
from pipelines.readers.parquet import read_parquet
from pipelines.readers.records import Records
from schemas.config import Input
from schemas.plan import InputFile, Piece


def read_piece(file: InputFile, piece: Piece, columns: Input, document_bytes: int) -> Iterator[Records]:
    """Every record of a piece: usable with at most `document_bytes` of text, or bad with a reason.

    Raises RunError where the file can't be read, is not the planned one any more, or is Parquet without
    a usable column of text.
    """
    read = read_parquet if file.format == "parquet" else read_jsonl
    require_unchanged(file)
    try:
        yield from read(file, piece, columns, document_bytes)
    except OSError as error:
        raise RunError(f"{file.path} can't be read: {error}; run again to go on") from error
    require_unchanged(file)
