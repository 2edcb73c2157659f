"""Trees of text, code and HTML: one file is one document."""

from collections.abc import Iterator, Sequence

from pipelines.readers.encoding import decoded, require_text
from pipelines.readers.files import open_input
from pipelines.readers.languages import language_of
from pipelines.readers.lines import EXCERPT_BYTES
from pipelines.readers.pages import Document, page_document, record_values, require_document, require_size
from pipelines.readers.records import BadRecord, Records, RecordsBuilder, Unusable
from schemas.config import Input
from schemas.plan import InputFile


def read_document_files(files: Sequence[InputFile], columns: Input, document_bytes: int) -> Iterator[Records]:
    """A record a file, in order, in batches of about BATCH_BYTES or one file; a record's row is the file's place in
    `files`.

    The id is the file's name (its path relative to the input's folder), the kind `code` or `text`, the language of
    code its programming language, that of a page what it says of itself. A page's `title` may go to `metadata`.
    Raises OSError where a file can't be read.
    """
    builder = RecordsBuilder(columns.metadata)
    for row, file in enumerate(files):
        data = b""
        try:
            with open_input(file.path) as stream:
                # No more is read than a document may have, whatever the file has become.
                data = stream.read(min(file.size, document_bytes) + 1)
            require_size(max(len(data), file.size), document_bytes)
            document, kind = _document(file, data, document_bytes)
            values = record_values(file.name, document, kind, columns.metadata, {})
            builder.add(row, values, len(data))
        except Unusable as bad:
            builder.bad.append(BadRecord(row, "file", bad.reason, bad.detail, data[:EXCERPT_BYTES]))
        if builder.is_full:
            records, builder = builder.records(), RecordsBuilder(columns.metadata)
            yield records
    if builder.rows or builder.bad:
        yield builder.records()


def _document(file: InputFile, data: bytes, document_bytes: int) -> tuple[Document, str]:
    if file.format == "html":
        return page_document(data, None, document_bytes), "text"
    require_text(data)
    text = require_document(decoded(data), document_bytes)
    language = language_of(file.name, text)
    return (text, None, language), "code" if file.format == "code" or language else "text"
