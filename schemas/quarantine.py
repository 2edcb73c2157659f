"""Bad records: set aside with the file, the place and the reason; never dropped in silence."""

import pyarrow as pa

REASONS = (
    "bad_json",
    "bad_utf8",
    "missing_text",
    "empty_text",
    "wrong_type",
    "oversize",
    "truncated",
    "corrupt",
    "bad_encoding",
    "binary",
)

NOT_DOCUMENTS = (
    "warcinfo",
    "request",
    "metadata",
    "revisit",
    "continuation",
    "unknown_type",
    "status",
    "media_type",
)
"""Why a record of a web archive is no document: its type, an HTTP status other than 200, or a medium other than
HTML and plain text. They are not bad, and not counted as records; the receipt counts them as
`not_documents` and `not_documents_<why>`."""

QUARANTINE = pa.schema(
    [
        pa.field("split", pa.int32(), nullable=False),
        pa.field("row", pa.int64(), nullable=False),
        pa.field("file", pa.string(), nullable=False),
        pa.field("place", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
        pa.field("excerpt", pa.binary(), nullable=False),
    ]
)
"""`place` reads like `byte 1048576`, `line 17`, `row group 3, row 42`, `byte 977, record 3` (the third record of
the gzip member that begins at that byte) or `file`. `excerpt` is at most the first
200 bytes of the record, as they were."""
