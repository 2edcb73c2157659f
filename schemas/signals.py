"""Signal tables: facts about documents. None of them holds a decision to keep or to drop.

`quality`, `duplicates` and `contamination` have one row a document, aligned with the part;
`hits`, `spans` and `passages` have any number of rows a document. Byte spans are half-open, in the
UTF-8 bytes of the document's text.
"""

import pyarrow as pa

from schemas.heuristics import HEURISTICS

_DOC = [pa.field("doc", pa.int64(), nullable=False), pa.field("id", pa.string(), nullable=False)]

QUALITY = pa.schema(
    [
        *_DOC,
        pa.field("n_tokens", pa.int64(), nullable=False),
        pa.field("n_words", pa.int64(), nullable=False),
        pa.field("n_bytes", pa.int64(), nullable=False),
        pa.field("detected_language", pa.string()),
        pa.field("language_score", pa.float64()),
        pa.field("edu_score", pa.float64()),
        pa.field("licence", pa.string()),
        pa.field("blocked_by", pa.string()),
        *(field.with_nullable(True) for field in list(HEURISTICS)[2:]),
    ]
)
"""`n_tokens` counts the text as training sees it, with its spans applied; `n_words` and `n_bytes` count the text as it
is. What a config makes no signal of is null. `licence` is a hint found in the text, `blocked_by` the entry
of a block list that the URL meets. The columns from `n_chars` on are those of schemas/heuristics.py. The view `signals` calls `language` what the input says, or else `detected_language`."""

DUPLICATES = pa.schema(
    [
        *_DOC,
        pa.field("cluster", pa.int64()),
        pa.field("kept_doc", pa.int64()),
        pa.field("kept_id", pa.string()),
        pa.field("similarity", pa.float64()),
        pa.field("is_duplicate", pa.bool_(), nullable=False),
    ]
)
"""`cluster` is the smallest doc of the group of documents that share a band, null outside any group.
`kept_doc` is the kept document this one is near (itself when it is kept inside a group)."""

VERDICTS = ("clean", "partial", "contaminated")
RULES = ("13-gram", "7-gram", "short", "numbers", "embedding")

CONTAMINATION = pa.schema(
    [
        *_DOC,
        pa.field("verdict", pa.string(), nullable=False),
        pa.field("rule", pa.string()),
        pa.field("ratio", pa.float64(), nullable=False),
        pa.field("benchmark", pa.string()),
        pa.field("item_id", pa.string()),
        pa.field("segment", pa.string()),
        pa.field("shared_13grams", pa.int32(), nullable=False),
        pa.field("shared_7grams", pa.int32(), nullable=False),
    ]
)
"""`ratio` is the largest 7-gram ratio over all items, logged for contaminated documents too, as the
worked record of the Phi-4 report does. `benchmark` and `item_id` name the item that decided."""

HITS = pa.schema(
    [
        *_DOC,
        pa.field("rule", pa.string(), nullable=False),
        pa.field("benchmark", pa.string(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("start", pa.int64(), nullable=False),
        pa.field("end", pa.int64(), nullable=False),
        pa.field("segment", pa.string(), nullable=False),
        pa.field("items", pa.list_(pa.string()), nullable=False),
    ]
)
"""One row a maximal run of shared n-grams. The item named holds most of its grams; `items` lists every
`benchmark/item_id` with evidence in the run."""

SPANS = pa.schema(
    [
        *_DOC,
        pa.field("start", pa.int64(), nullable=False),
        pa.field("end", pa.int64(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("action", pa.string(), nullable=False),
        pa.field("replacement", pa.string()),
    ]
)

PASSAGES = pa.schema(
    [
        *_DOC,
        pa.field("passage", pa.int32(), nullable=False),
        pa.field("start", pa.int64(), nullable=False),
        pa.field("end", pa.int64(), nullable=False),
        pa.field("factual", pa.float64()),
        pa.field("reasoning", pa.float64()),
    ]
)

NORMED = ("compression_ratio", "trigram_surprise")
"""Signals whose outliers depend on what a document is."""

NORMS = pa.schema(
    [
        pa.field("bucket", pa.string(), nullable=False),
        pa.field("kind", pa.string()),
        pa.field("language", pa.string()),
        pa.field("signal", pa.string(), nullable=False),
        pa.field("documents", pa.int64(), nullable=False),
        pa.field("median", pa.float64(), nullable=False),
        pa.field("deviation", pa.float64(), nullable=False),
    ]
)
"""How a signal is spread in a group of documents that were read. `deviation` is the median absolute deviation from the
median. The view `signals` has `<signal>_z`, 0.6745 (value - median) / deviation: the modified z-score of Iglewicz and
Hoaglin (1993); null for documents of a group too small to have a norm, or without spread."""

SIGNALS: dict[str, pa.Schema] = {
    "quality": QUALITY,
    "duplicates": DUPLICATES,
    "contamination": CONTAMINATION,
    "hits": HITS,
    "spans": SPANS,
    "passages": PASSAGES,
}
