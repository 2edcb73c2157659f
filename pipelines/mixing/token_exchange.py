"""The tokens exchange: chosen documents encoded, and their copies dealt out to shards."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.errors import RunError
from pipelines.exchange import read_partition, write_partitions
from pipelines.mixing.copies import Copies, list_copies
from pipelines.mixing.layout import Layout, copies_file, read_layout
from pipelines.runner import Outcome, Task
from pipelines.storage.parts import read_documents
from pipelines.storage.run_directory import RunDirectory
from pipelines.tokens import Tokenizer, load_tokenizer
from pipelines.training_text import PartSpans, training_text
from schemas.config import Config
from textkernels.columns import text_buffers

TOKENS = "tokens"
_TOKEN = np.dtype("<i4")
_STREAM_ORDER = ("place", "doc", "epoch")
COPY = pa.schema(
    [
        pa.field("place", pa.uint64(), nullable=False),
        pa.field("doc", pa.int64(), nullable=False),
        pa.field("epoch", pa.int32(), nullable=False),
        pa.field("component", pa.int32(), nullable=False),
        pa.field("tokens", pa.large_binary(), nullable=False),
    ]
)
"""A copy on its way to its shard. `tokens` are its int32, little-endian: Parquet reads and writes bytes
about three times as fast as lists."""


def _exchange_task(part: str, number: int) -> str:
    return f"{part}-{number:03d}"


def exchange_tokens(config: Config, run: RunDirectory, task: Task) -> Outcome:
    """Encode a part's chosen documents, once each, and write their copies to the tokens exchange.

    A row is a copy (COPY), a partition a shard. A part whose copies are more than about 128 MB writes
    several files, each of a range of shards, so that a shard reads one file of every part. Memory: the
    tokens of the part's documents, 4 bytes each (256 MB for ordinary text, 1 GB for text of a token a
    byte), and three times one file.
    """
    part = task.name
    layout = read_layout(run)
    with run.parquet(copies_file(part)) as file:
        documents = file.read(use_threads=False)
    spans = None if config.privacy is None else PartSpans(run, part)
    tokenizer = load_tokenizer(config.tokenizer, config.end_of_document)
    ids, offsets = _encode(run, part, documents, spans, tokenizer)
    files = []
    counts = {"documents": documents.num_rows, "copies": 0, "tokens": 0}
    for number in range(layout.exchange_files[part]):
        copies = _copies_of_file(layout, part, number, documents, config.seed)
        columns = {
            "place": copies.place,
            "doc": documents["doc"].to_numpy()[copies.row],
            "epoch": copies.epoch,
            "component": documents["component"].to_numpy()[copies.row],
            "tokens": _gathered(ids, offsets[copies.row], copies.length),
        }
        rows = pa.table(columns, schema=COPY)
        name = _exchange_task(part, number)
        files.append(write_partitions(run, TOKENS, name, rows, copies.shard, _STREAM_ORDER))
        counts["copies"] += rows.num_rows
        counts["tokens"] += int(copies.length.sum())
    return Outcome(files, counts)


def _encode(
    run: RunDirectory, part: str, documents: pa.Table, spans: PartSpans | None, tokenizer: Tokenizer
) -> tuple[np.ndarray, np.ndarray]:
    """Tokens of the chosen documents of a part, as training sees them, each with its end-of-document token: ids and
    offsets.

    Raises RunError where a document is missing, or has another number of tokens than was counted.
    """
    wanted = documents["doc"].to_numpy()
    ids: list[np.ndarray] = [np.empty(0, np.int32)]
    counts: list[np.ndarray] = [np.empty(0, np.int64)]
    found: list[np.ndarray] = [np.empty(0, np.int64)]
    for batch in read_documents(run, part, ["doc", "text"]) if len(wanted) else ():
        docs = batch["doc"].to_numpy()
        chosen = np.isin(docs, wanted)
        text = batch["text"] if chosen.all() else batch["text"].filter(pa.array(chosen))
        if spans is not None:
            text = training_text(docs[chosen], text, spans.of(docs[chosen]))
        encoded, offsets = tokenizer.encode(text)
        ids.append(np.insert(encoded, offsets[1:], tokenizer.end_of_document))
        counts.append(np.diff(offsets) + 1)
        found.append(docs[chosen])
    if not np.array_equal(np.concatenate(found), wanted):
        raise RunError(f"{part} lacks documents that were chosen from it; run all stages again")
    lengths = np.concatenate(counts)
    counted = documents["tokens"].to_numpy()
    if not np.array_equal(lengths, counted):
        i = int(np.flatnonzero(lengths != counted)[0])
        raise RunError(
            f"{part}, doc {wanted[i]}: {lengths[i] - 1} tokens, but signals/quality says {counted[i] - 1}: it was "
            "counted with another tokenizer or other spans; remove receipts/quality and run again"
        )
    return np.concatenate(ids), np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])


def _copies_of_file(layout: Layout, part: str, number: int, documents: pa.Table, seed: int) -> Copies:
    """The part's copies that go into one file of the exchange."""
    found = [
        copies.take(np.flatnonzero(layout.exchange_file_of(part, copies.shard) == number))
        for copies in list_copies(documents, seed, layout.shards)
    ]
    return Copies(
        *(np.concatenate([getattr(some, name) for some in found]) for name in Copies.__dataclass_fields__)
    )


def _gathered(ids: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> pa.Array:
    """The `tokens` of copies that are stretches of `ids`."""
    stretches = pa.LargeListViewArray.from_arrays(pa.array(starts), pa.array(lengths), pa.array(ids))
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]) * _TOKEN.itemsize
    gathered = stretches.flatten().to_numpy().astype(_TOKEN, copy=False)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(gathered)]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(lengths), buffers)


def read_copies(
    run: RunDirectory, layout: Layout, shard: int, parts: list[str], first: int | None = None
) -> pa.Table:
    """The rows of COPY of one shard that come from these parts, in stream order; all, or the first ones."""
    files = [_exchange_task(part, int(layout.exchange_file_of(part, np.array(shard)))) for part in parts]
    rows = read_partition(run, TOKENS, files, shard)
    if rows is None:
        return COPY.empty_table()
    ids, lengths = token_ids(rows)
    rows = rows.drop_columns("tokens").combine_chunks()
    order = pc.sort_indices(rows, [(name, "ascending") for name in _STREAM_ORDER]).slice(0, first).to_numpy()
    starts = np.cumsum(lengths) - lengths
    return rows.take(order).append_column(COPY.field("tokens"), _gathered(ids, starts[order], lengths[order]))


def token_ids(copies: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """All tokens of a table of COPY, one copy after the other: ids, int32, and each copy's length, int64."""
    data, offsets = text_buffers(copies["tokens"])
    return data.view(_TOKEN), np.diff(offsets) // _TOKEN.itemsize
