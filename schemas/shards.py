"""Shards of training sequences, the pieces they are made of, and the manifest."""

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

SHARD = pa.schema(
    [
        pa.field("sequence", pa.int64(), nullable=False),
        pa.field("input_ids", pa.list_(pa.int32()), nullable=False),
        pa.field("cu_seqlens", pa.list_(pa.int32()), nullable=False),
    ]
)
"""`sequence` counts through the whole run. Every row has exactly `sequence_length` input_ids.
`cu_seqlens` are the document boundaries as attention kernels take them: 0, the offset of every later
document that starts inside the sequence, and `sequence_length`."""

PIECES = pa.schema(
    [
        pa.field("shard", pa.int32(), nullable=False),
        pa.field("sequence", pa.int64(), nullable=False),
        pa.field("offset", pa.int32(), nullable=False),
        pa.field("doc", pa.int64(), nullable=False),
        pa.field("epoch", pa.int32(), nullable=False),
        pa.field("component", pa.string(), nullable=False),
        pa.field("first", pa.int64(), nullable=False),
        pa.field("last", pa.int64(), nullable=False),
    ]
)
"""Where every token came from: tokens `first` to `last` (inclusive) of copy (doc, epoch) stand at
`offset` of the sequence. A copy is the document's ordinary tokens and one end-of-document token."""


class ManifestModel(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ShardEntry(ManifestModel):
    """One shard file: its path relative to the manifest, its SHA-256 and its exact contents."""

    path: str
    sha256: str
    bytes: int
    sequences: int
    tokens: int
    first_sequence: int
    components: dict[str, int]


class ComponentEntry(ManifestModel):
    """One component of the mixture: shares and tokens as asked for and as realised."""

    share: float
    realised_share: float
    unique_documents: int
    unique_tokens: int
    tokens: int
    epochs: float
    max_epochs: float | None


class Manifest(ManifestModel):
    """RUN/shards/manifest.json: what a trainer needs to trust the shards."""

    version: int = 1
    tokenizer: str
    tokenizer_sha256: str
    vocabulary_size: int
    end_of_document: int
    seed: int
    sequence_length: int
    sequences: int
    tokens: int
    bound_by: str | None
    components: dict[str, ComponentEntry]
    shards: list[ShardEntry]
    pieces: dict[str, str | int]
