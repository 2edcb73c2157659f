"""JSON Lines: an object a line, plain (by byte range), gzip or zstd.

Lines are parsed one at a time by the standard parser, at 100 to 350 MB/s. Arrow's block reader is 1.2 to
2.7 times as fast, but one bad line fails its whole block, and it takes several objects on a line, an
object over several lines and `Inf` for records.
"""

import json
from collections.abc import Iterator
from typing import Any

from pipelines.readers.dates import microseconds
from pipelines.readers.files import file_name, open_input
from pipelines.readers.lines import EXCERPT_BYTES, Line, split_lines
from pipelines.readers.records import (
    BadRecord,
    Records,
    RecordsBuilder,
    Unusable,
    as_text,
)
from pipelines.readers.streams import gzip_chunks, plain_chunks, zstd_chunks
from schemas.config import Input
from schemas.plan import InputFile, Piece

DEEPEST = 200
"""Levels of nesting; what Python's parser bears depends on the stack it is called on."""

_BOM = b"\xef\xbb\xbf"
_NESTED = (dict, list)
_TYPES = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}


def read_jsonl(file: InputFile, piece: Piece, columns: Input, document_bytes: int) -> Iterator[Records]:
    """Records of a piece, in order, in batches of about BATCH_BYTES of lines or one line.

    A line may be twice as long as a document and 1 MB: escapes take room. Of a repeated key the last
    value counts. Raises OSError where the file can't be read.
    """
    lines = piece_lines(file, piece, 2 * document_bytes + 1_000_000)
    name = file_name(file.path)
    builder = RecordsBuilder(columns.metadata)
    for row, (number, line) in enumerate(lines):
        try:
            if line.reason is not None:
                raise Unusable(line.reason, line.detail)
            values = _values(_parse(line), columns, document_bytes)
            builder.add(row, (values[0] or f"{name}:{number}", *values[1:]), len(line.data))
        except Unusable as bad:
            place = f"byte {number}" if file.format == "jsonl" else f"line {number}"
            excerpt = line.data[:EXCERPT_BYTES]
            builder.bad.append(BadRecord(row, place, bad.reason, bad.detail, excerpt))
        if builder.is_full:
            records, builder = builder.records(), RecordsBuilder(columns.metadata)
            yield records
    if builder.rows or builder.bad:
        yield builder.records()


def piece_lines(file: InputFile, piece: Piece, longest: int) -> Iterator[tuple[int, Line]]:
    """Lines of a piece, each with its place: its first byte in a plain file, its number in a packed one."""
    with open_input(file.path) as stream:
        if file.format == "jsonl":
            chunks = plain_chunks(stream, max(piece.start - 1, 0))
            for line in split_lines(chunks, longest, piece.start, piece.end):
                yield line.offset, line
        else:
            chunks = gzip_chunks(stream) if file.format == "jsonl.gz" else zstd_chunks(stream)
            yield from enumerate(split_lines(chunks, longest), start=1)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode


def _parse(line: Line) -> dict[str, Any]:
    data = line.data
    if line.offset == 0 and data.startswith(_BOM):
        data = data[len(_BOM) :]
    try:
        record = _decode(data.decode())
    except UnicodeDecodeError as error:
        raise Unusable("bad_utf8", f"{error.reason} at byte {error.start} of the record") from None
    except json.JSONDecodeError as error:
        detail = f"{error.msg} at character {error.pos}" if data.strip() else "blank line"
        raise Unusable("bad_json", detail) from None
    except ValueError as error:
        raise Unusable("bad_json", str(error)) from None
    except RecursionError:
        raise Unusable("bad_json", f"nested deeper than {DEEPEST}") from None
    if not isinstance(record, dict):
        raise Unusable("wrong_type", f"the line is {_type_name(record)}, not an object")
    _require_shallow(record)
    if b"\\ud" in data or b"\\uD" in data:
        _require_utf8(record)
    return record


def _require_shallow(record: dict[str, Any]) -> None:
    level: list[Any] = [record]
    for _ in range(DEEPEST):
        values = (value for node in level for value in (node.values() if type(node) is dict else node))
        level = [value for value in values if type(value) in _NESTED]
        if not level:
            return
    raise Unusable("bad_json", f"nested deeper than {DEEPEST}")


def _require_utf8(record: dict[str, Any]) -> None:
    for name, value in record.items():
        try:
            name.encode()
            (as_text(value) or "").encode()
        except UnicodeEncodeError as error:
            raise Unusable("bad_utf8", f"lone surrogate at character {error.start} of {name!a}") from None


def _values(record: dict[str, Any], columns: Input, document_bytes: int) -> tuple[Any, ...]:
    """A record's values in the order of RECORD, but each column of the metadata by itself."""
    get = record.get
    text = get(columns.text)
    if type(text) is not str:
        if text is None:
            raise Unusable(
                "missing_text", f"`{columns.text}` is {'null' if columns.text in record else 'absent'}"
            )
        raise Unusable("wrong_type", f"`{columns.text}` is {_type_name(text)}, not a string")
    if not text or text.isspace():
        raise Unusable("empty_text", f"`{columns.text}` has {len(text)} characters, all blank")
    if 4 * len(text) > document_bytes and (size := len(text.encode())) > document_bytes:
        raise Unusable("oversize", f"`{columns.text}` has {size} bytes, more than {document_bytes}")
    source = None if columns.source_column is None else as_text(get(columns.source_column))
    return (
        as_text(get(columns.id)),
        text,
        source,
        as_text(get(columns.url)),
        as_text(get(columns.language)),
        as_text(get(columns.kind)),
        microseconds(get(columns.created)),
        *(as_text(get(name)) for name in columns.metadata),
    )


def _type_name(value: Any) -> str:
    return _TYPES.get(type(value), "a number")
