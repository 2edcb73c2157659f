"""Shards: copies packed into training sequences."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.errors import RunError
from pipelines.mixing.layout import HEADS_FILE, Layout, read_layout
from pipelines.mixing.packing import Pieces, boundaries, cut_pieces
from pipelines.mixing.token_exchange import read_copies, token_ids
from pipelines.runner import Outcome, Task
from pipelines.storage.run_directory import RunDirectory
from schemas.shards import PIECES, SHARD

SHARDS = "shards"
_ROW_GROUP_BYTES = 16_000_000
_PIECES_AT_ONCE = 2**18


def shard_task(shard: int) -> str:
    return f"shard-{shard:05d}"


def shard_file(shard: int) -> str:
    return f"shards/train-{shard:05d}.parquet"


def pieces_file(shard: int) -> str:
    return f"exchange/pieces/{shard_task(shard)}.parquet"


def write_shard(run: RunDirectory, task: Task) -> Outcome:
    """Pack one shard's copies into its sequences, and list the pieces they are made of.

    Memory: about three times the shard's tokens, 4 bytes each, and 60 bytes a piece.
    """
    shard = task.payload["shard"]
    layout = read_layout(run)
    sequences = layout.sequences_of(shard)
    if not sequences:
        return Outcome([], {"sequences": 0, "tokens": 0})
    length = layout.mixture.sequence_length
    start = int(layout.starts[shard])
    copies = _stretch(run, layout, shard, sequences.stop * length)
    ids, lengths = token_ids(copies)
    ids = ids[sequences.start * length - start : sequences.stop * length - start]
    copies = copies.drop_columns("tokens")
    pieces = cut_pieces(lengths, start, sequences, length)
    component = copies["component"].to_numpy()[pieces.copy]
    tokens = np.bincount(component, pieces.length, len(layout.components)).astype(np.int64)
    files = [
        run.write_parquet(shard_file(shard), SHARD, _sequence_rows(ids, pieces, sequences, length)),
        run.write_parquet(pieces_file(shard), PIECES, _piece_rows(shard, copies, pieces, layout.components)),
    ]
    return Outcome(
        files,
        {"sequences": len(sequences), "tokens": len(ids), "pieces": len(pieces.copy)},
        {
            "first_sequence": sequences.start,
            "components": dict(zip(layout.components, tokens.tolist(), strict=True)),
        },
    )


def _stretch(run: RunDirectory, layout: Layout, shard: int, end: int) -> pa.Table:
    """The shard's copies in stream order, and those behind it up to the position `end` of the stream.

    Raises RunError where the exchange has other tokens than were laid out.
    """
    behind = list(_behind(run, layout, shard, end - int(layout.starts[shard + 1])))
    parts = [part for part, files in layout.exchange_files.items() if files]
    own = read_copies(run, layout, shard, parts)
    tokens = int(token_ids(own)[1].sum())
    if tokens != layout.shard_tokens[shard]:
        raise RunError(
            f"shard {shard} was laid out for {layout.shard_tokens[shard]:,} tokens, the exchange has {tokens:,}; "
            "remove receipts/tokens and run again"
        )
    return pa.concat_tables([own, *behind])


def _behind(run: RunDirectory, layout: Layout, shard: int, tokens: int) -> Iterator[pa.Table]:
    """The copies that stand behind a shard, as many as hold so many tokens: rows of COPY, shard by shard."""
    if tokens <= 0:
        return
    with run.parquet(HEADS_FILE) as file:
        heads = file.read(use_threads=False)
    heads = heads.filter(pc.greater(heads["shard"], shard))
    heads = heads.slice(0, int(np.searchsorted(np.cumsum(heads["length"].to_numpy()), tokens)) + 1)
    for later in heads["shard"].unique().to_pylist():
        needed = heads.filter(pc.equal(heads["shard"], later))
        # The first copies of a shard are also the first of those from the parts that have one of them.
        yield read_copies(run, layout, later, needed["part"].unique().to_pylist(), needed.num_rows)


def _sequence_rows(
    ids: np.ndarray, pieces: Pieces, sequences: range, sequence_length: int
) -> Iterator[pa.RecordBatch]:
    """Rows of SHARD, 16 MB of tokens at a time."""
    values, offsets = boundaries(pieces, sequences, sequence_length)
    rows = max(1, _ROW_GROUP_BYTES // (4 * sequence_length))
    for first in range(0, len(sequences), rows):
        count = min(rows, len(sequences) - first)
        bounds = offsets[first : first + count + 1]
        starts = np.arange(count + 1, dtype=np.int32) * sequence_length
        yield pa.record_batch(
            {
                "sequence": np.arange(sequences.start + first, sequences.start + first + count),
                "input_ids": pa.ListArray.from_arrays(
                    starts, ids[first * sequence_length : (first + count) * sequence_length]
                ),
                "cu_seqlens": pa.ListArray.from_arrays(bounds - bounds[0], values[bounds[0] : bounds[-1]]),
            }
        )


def _piece_rows(shard: int, copies: pa.Table, pieces: Pieces, components: list[str]) -> Iterator[pa.Table]:
    """Rows of PIECES."""
    doc, epoch, component = (copies[name].to_numpy() for name in ("doc", "epoch", "component"))
    names = pa.array(components)
    for first in range(0, len(pieces.copy), _PIECES_AT_ONCE):
        some = slice(first, first + _PIECES_AT_ONCE)
        copy = pieces.copy[some]
        yield pa.table(
            {
                "shard": np.full(len(copy), shard),
                "sequence": pieces.sequence[some],
                "offset": pieces.offset[some],
                "doc": doc[copy],
                "epoch": epoch[copy],
                "component": names.take(pa.array(component[copy])),
                "first": pieces.first[some],
                "last": pieces.last[some],
            }
        )
