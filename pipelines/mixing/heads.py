"""The heads of the shards: the copies that a shard begins with.

The last sequence of a shard is filled up from the shards after it, so the task that makes it must know
which copies these begin with, without reading all that they hold.
"""

import numpy as np
import pyarrow as pa

from pipelines.mixing.copies import Copies

HEADS = pa.schema(
    [
        pa.field("shard", pa.int64(), nullable=False),
        pa.field("place", pa.uint64(), nullable=False),
        pa.field("doc", pa.int64(), nullable=False),
        pa.field("epoch", pa.int32(), nullable=False),
        pa.field("length", pa.int64(), nullable=False),
        pa.field("part", pa.string(), nullable=False),
    ]
)
"""Rows are in the order of (shard, place, doc, epoch): that of the stream. `length` is in tokens."""


class Heads:
    """The first copies of every shard, as many as hold `tokens` tokens, gathered part by part."""

    def __init__(self, shards: int, tokens: int):
        self.tokens = tokens
        self.table = HEADS.empty_table()
        # No copy behind this place is among the first.
        self._last_place = np.full(shards, np.iinfo(np.uint64).max, np.uint64)

    def add(self, part: str, documents: pa.Table, copies: Copies) -> None:
        """Take copies of a part's documents into account. documents: the COPIES they are rows of."""
        early = copies.take(np.flatnonzero(copies.place <= self._last_place[copies.shard]))
        if not len(early.row):
            return
        candidates = pa.table(
            {
                "shard": early.shard,
                "place": early.place,
                "doc": documents["doc"].to_numpy()[early.row],
                "epoch": early.epoch,
                "length": early.length,
                "part": pa.repeat(part, len(early.row)),
            },
            schema=HEADS,
        )
        order = [(name, "ascending") for name in ("shard", "place", "doc", "epoch")]
        table = pa.concat_tables([self.table, candidates]).sort_by(order).combine_chunks()
        shard, length = table["shard"].to_numpy(), table["length"].to_numpy()
        present, starts, counts = np.unique(shard, return_index=True, return_counts=True)
        through = np.cumsum(length)
        through -= np.repeat(through[starts] - length[starts], counts)
        self.table = table.filter(pa.array(through - length < self.tokens))
        full = through >= self.tokens
        at = np.minimum.reduceat(np.where(full, table["place"].to_numpy(), self._last_place[shard]), starts)
        self._last_place[present] = at
