"""WARC, WET and ARC: pages and texts of web archives as records."""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from fastwarc.warc import WarcRecord

from pipelines.readers.archive_bytes import Window, archive_chunks
from pipelines.readers.archive_records import HEAD_BYTES, ArchiveRecord, archive_records
from pipelines.readers.dates import microseconds
from pipelines.readers.files import file_name, open_input
from pipelines.readers.lines import EXCERPT_BYTES
from pipelines.readers.pages import page_document, record_values, text_document
from pipelines.readers.records import BadRecord, Records, RecordsBuilder, Unusable
from pipelines.readers.streams import BrokenStream, gzip_chunks
from schemas.config import Input
from schemas.plan import InputFile

_HTML = frozenset(("text/html", "application/xhtml+xml"))
_TEXT = frozenset(("text/plain", "text/markdown"))
_OF_DOCUMENTS = frozenset(("response", "resource", "conversion"))
_OTHER_TYPES = frozenset(("warcinfo", "request", "metadata", "revisit", "continuation"))
_LOOKS_LIKE_HTML = re.compile(
    rb"\s*(?:<!--.{0,500}?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_CHUNK_LENGTH = re.compile(rb"\s*[0-9A-Fa-f]{1,16}[ \t]*(?:;[^\n]{0,100})?\r?\n")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.\-]{1,40})", re.IGNORECASE)


class _NoDocument(Exception):
    """A record that is no page and no text, for one of schemas.quarantine.NOT_DOCUMENTS."""


def read_archive(file: InputFile, columns: Input, document_bytes: int) -> Iterator[Records]:
    """The pages and texts of an archive, in order, in batches of about BATCH_BYTES or one document.

    Responses with status 200, resources and conversions, where they are HTML or plain text, are records, and so
    is whatever is broken; all others are counted as not documents. A record's block may have `document_bytes`,
    and so may what it unpacks to. id = WARC-Record-ID or the place, url = WARC-Target-URI, created = WARC-Date.
    Any other field of the record's header, and a page's `title`, may go to `metadata`. Raises OSError where the
    file can't be read.
    """
    builder = RecordsBuilder(columns.metadata)
    row = 0
    with open_input(file.path) as stream:
        window = Window(archive_chunks(stream, is_packed=file.format == "warc.gz"))
        for record in archive_records(window, document_bytes):
            try:
                if not isinstance(record, ArchiveRecord):
                    builder.bad.append(
                        BadRecord(row, record.place, record.reason, record.detail, record.excerpt)
                    )
                else:
                    builder.add(row, *_values(record, file, columns, document_bytes))
                row += 1
            except _NoDocument as other:
                builder.not_documents[str(other)] += 1
            except Unusable as bad:
                excerpt = record.body[:EXCERPT_BYTES]
                builder.bad.append(BadRecord(row, record.place, bad.reason, bad.detail, excerpt))
                row += 1
            if builder.is_full:
                records, builder = builder.records(), RecordsBuilder(columns.metadata)
                yield records
    if builder.rows or builder.bad or builder.not_documents:
        yield builder.records()


def _values(
    record: ArchiveRecord, file: InputFile, columns: Input, document_bytes: int
) -> tuple[tuple[Any, ...], int]:
    """A record's values, and the bytes of its text at least. Raises _NoDocument and Unusable."""
    header = record.header
    kind = header.get("warc-type", "").lower()
    if kind not in _OF_DOCUMENTS:
        raise _NoDocument(kind if kind in _OTHER_TYPES else "unknown_type")
    media_type, charset, body = _content(record, document_bytes)
    if media_type not in _HTML and media_type not in _TEXT:
        raise _NoDocument("media_type")
    if not record.is_whole:
        raise Unusable("oversize", f"{header['content-length']} bytes, more than {document_bytes}")
    read = page_document if media_type in _HTML else text_document
    document = read(body, charset, document_bytes)
    url = header.get("warc-target-uri", "").strip("<> ") or None
    values = record_values(
        header.get("warc-record-id") or f"{file_name(file.path)}:{record.place}",
        document,
        "text",
        columns.metadata,
        header,
        url,
        microseconds(header.get("warc-date")),
    )
    return values, len(document[0])


def _content(record: ArchiveRecord, document_bytes: int) -> tuple[str, str | None, bytes]:
    """Media type, charset and bytes of what a record holds, taken out of HTTP where it is inside of it."""
    content_type = record.header.get("content-type", "")
    if content_type.lower().startswith("application/http"):
        return _http_content(record, document_bytes)
    return *_media_type(content_type, record.body), record.body


def _http_content(record: ArchiveRecord, document_bytes: int) -> tuple[str, str | None, bytes]:
    try:
        response = _parsed(record.body, "none")
    except OSError as error:
        raise _broken_http(error) from None
    header = response.http_headers
    if header is None or header.status_code is None:
        raise Unusable("corrupt", "the record is no HTTP response")
    if header.status_code != 200:
        raise _NoDocument("status")
    body = response.reader.read(document_bytes + 1)
    if record.is_whole and header.get("Transfer-Encoding"):
        body = _decoded(record.body, "transfer", body, document_bytes)
    encoding = (header.get("Content-Encoding") or "").strip().lower()
    if record.is_whole and encoding in ("gzip", "x-gzip"):
        body = _gunzipped(body, document_bytes)
    elif record.is_whole and encoding not in ("", "identity"):
        body = _decoded(record.body, "all", body, document_bytes)
    return *_media_type(header.get("Content-Type") or "", body), body


def _decoded(block: bytes, what: str, body: bytes, document_bytes: int) -> bytes:
    """A body without its encodings. Many archives keep the header after undoing what it says: a body that does not
    begin as it says is taken as it is."""
    try:
        return _parsed(block, what).reader.read(document_bytes + 1)
    except OSError as error:
        is_plain = (
            not _CHUNK_LENGTH.match(body) if what == "transfer" else _LOOKS_LIKE_HTML.match(body[:1000])
        )
        if not is_plain:
            raise _broken_http(error) from None
        return body


def _gunzipped(body: bytes, document_bytes: int) -> bytes:
    """The same of gzip, of which fastwarc takes the beginning for the whole."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    parts, size = [], 0
    try:
        for part in gzip_chunks(BytesIO(body)):
            parts.append(part)
            size += len(part)
            if size > document_bytes:
                break
    except BrokenStream as broken:
        raise Unusable(broken.reason, f"HTTP: {broken.detail}") from None
    return b"".join(parts)


def _broken_http(error: OSError) -> Unusable:
    return Unusable("corrupt", f"HTTP: {' '.join(str(error).split())}")


def _parsed(body: bytes, decode: str) -> WarcRecord:
    """The HTTP response that a block is, read by fastwarc. Raises OSError where it can't be."""
    head = f"WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http\r\nContent-Length: {len(body)}\r\n\r\n"
    record = WarcRecord.from_bytes(head.encode() + body)
    record.parse_http(auto_decode=decode, max_header_len=HEAD_BYTES, quirks_mode=True)
    return record


def _media_type(content_type: str, body: bytes) -> tuple[str, str | None]:
    """Media type and charset, of a Content-Type or, where there is none, of how the body begins."""
    media_type = content_type.split(";", 1)[0].strip().lower()
    charset = _CHARSET.search(content_type)
    if not media_type and _LOOKS_LIKE_HTML.match(body[:1000]):
        media_type = "text/html"
    return media_type, charset[1] if charset else None
