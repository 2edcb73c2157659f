"""What generation leaves in RUN/synthetic: seeds, requests, outcomes."""

import pyarrow as pa

FIRST_GENERATED_SPLIT = 900_000
"""Generated documents have this split; those that are read have smaller ones. It is the last batch."""

SEEDS = pa.schema(
    [
        pa.field("ordinal", pa.int64(), nullable=False),
        pa.field("recipe", pa.string(), nullable=False),
        pa.field("doc", pa.int64(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("start", pa.int64(), nullable=False),
        pa.field("end", pa.int64(), nullable=False),
        pa.field("language", pa.string()),
        pa.field("text", pa.string(), nullable=False),
    ]
)
"""The work list: passage `text`, bytes `start` to `end` of document `doc` as training sees it, is to be written by `recipe`, a key of
`synthesize.recipes`. `ordinal` counts from 0; the document that comes of it is row `ordinal` of its split."""

REQUESTS = pa.schema(
    [
        pa.field("ordinal", pa.int64(), nullable=False),
        pa.field("question", pa.int32(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("model", pa.string(), nullable=False),
        pa.field("prompt", pa.string(), nullable=False),
        pa.field("answer", pa.string()),
        pa.field("finish", pa.string()),
        pa.field("failure", pa.string()),
        pa.field("prompt_tokens", pa.int64()),
        pa.field("completion_tokens", pa.int64()),
    ]
)
"""What was asked for a seed, in order: `question` counts from 0. `prompt` is a text, or JSON of messages. Either
`answer` or `failure`, a reason, is there. `key` names the answer in the answer store."""

OUTCOMES = pa.schema(
    [
        pa.field("ordinal", pa.int64(), nullable=False),
        pa.field("recipe", pa.string(), nullable=False),
        pa.field("bucket", pa.string(), nullable=False),
        pa.field("seed_doc", pa.int64(), nullable=False),
        pa.field("doc", pa.int64()),
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
        pa.field("answers", pa.list_(pa.string()), nullable=False),
    ]
)
"""What came of every seed: a document, `doc`, or none for `reason`. `answers`: keys of what it rests on."""

DRAFTS = pa.schema(
    [
        *OUTCOMES,
        pa.field("seed_id", pa.string(), nullable=False),
        pa.field("seed_start", pa.int64(), nullable=False),
        pa.field("language", pa.string()),
        pa.field("text", pa.string()),
        pa.field("metadata", pa.map_(pa.string(), pa.string()), nullable=False),
    ]
)
"""Outcomes on their way from the lanes to documents."""
