"""Pieces of a plan, whatever their format, as records."""

from collections.abc import Iterator, Sequence

from pipelines.errors import RunError
from pipelines.readers.archives import read_archive
from pipelines.readers.document_files import read_document_files
from pipelines.readers.files import require_unchanged
from pipelines.readers.jsonl import read_jsonl
from pipelines.readers.parquet import read_parquet
from pipelines.readers.records import Records
from schemas.config import Input
from schemas.plan import DOCUMENT_FORMATS, InputFile, Piece


def read_piece(file: InputFile, piece: Piece, columns: Input, document_bytes: int) -> Iterator[Records]:
    """Every record of a piece: usable with at most `document_bytes` of text, or bad with a reason.

    Raises RunError where the file can't be read, is not the planned one any more, or is Parquet without
    a usable column of text.
    """
    if file.format in DOCUMENT_FORMATS:
        yield from read_files([file], columns, document_bytes)
        return
    require_unchanged(file)
    try:
        if file.format in ("warc", "warc.gz"):
            yield from read_archive(file, columns, document_bytes)
        else:
            read = read_parquet if file.format == "parquet" else read_jsonl
            yield from read(file, piece, columns, document_bytes)
    except OSError as error:
        raise RunError(f"{file.path} can't be read: {error}; run again to go on") from error
    require_unchanged(file)


def read_files(files: Sequence[InputFile], columns: Input, document_bytes: int) -> Iterator[Records]:
    """The same of files of DOCUMENT_FORMATS, of which each is one record: its row is its place in `files`."""
    try:
        yield from read_document_files(files, columns, document_bytes)
    except OSError as error:
        for file in files:
            require_unchanged(file)
        raise RunError(f"{error.filename or 'a file'} can't be read: {error}; run again to go on") from error
    for file in files:
        require_unchanged(file)
