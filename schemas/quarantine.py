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
)

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
"""`place` reads like `byte 1048576`, `line 17` or `row group 3, row 42`. `excerpt` is at most the first
200 bytes of the record, as they were."""
