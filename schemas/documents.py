"""The document table: one row a document, immutable once written."""

import pyarrow as pa

BUCKETS = ("web", "web_rewrites", "synthetic", "code", "acquired")

ROW_BITS = 32
"""`doc` = split << ROW_BITS | row: the row is the record's ordinal within its split, counted over
every record read, so that a quarantined or unsampled record keeps its number too."""

DOCUMENT = pa.schema(
    [
        pa.field("doc", pa.int64(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("url", pa.string()),
        pa.field("language", pa.string()),
        pa.field("bucket", pa.string(), nullable=False),
        pa.field("kind", pa.string()),
        pa.field("created", pa.timestamp("us", tz="UTC")),
        pa.field("content", pa.binary(16), nullable=False),
        pa.field("metadata", pa.map_(pa.string(), pa.string()), nullable=False),
        pa.field("parents", pa.list_(pa.int64()), nullable=False),
    ]
)


def split_of(doc: int) -> int:
    return doc >> ROW_BITS


def row_of(doc: int) -> int:
    return doc & ((1 << ROW_BITS) - 1)
