"""Copies of documents: which there are, which shard each goes to, and where in it.

A copy (doc, epoch) goes to shard hash(seed, doc, epoch) mod n and stands there in the order of (place,
doc, epoch), where `place` is another hash of the same. So a copy's neighbours depend on the seed and on
nothing else, and a component's epochs are spread over the whole run.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from textkernels.mixing import mix64

COPIES = pa.schema(
    [
        pa.field("doc", pa.int64(), nullable=False),
        pa.field("component", pa.int32(), nullable=False),
        pa.field("tokens", pa.int64(), nullable=False),
        pa.field("copies", pa.int32(), nullable=False),
        pa.field("cut", pa.int64()),
    ]
)
"""What the mixture takes of a document: `copies` copies, epochs 0 to copies - 1, of `tokens` tokens each,
the end-of-document token among them; the last one is cut to its first `cut` tokens unless that is null."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_COPIES_AT_ONCE = 2**20


@dataclass(frozen=True)
class Copies:
    """n copies as columns of n: row (int64) of the document in its table of COPIES, epoch (int32), shard
    (int64), place (uint64), and length in tokens (int64)."""

    row: np.ndarray
    epoch: np.ndarray
    shard: np.ndarray
    place: np.ndarray
    length: np.ndarray

    def take(self, wanted: np.ndarray) -> "Copies":
        return Copies(
            self.row[wanted], self.epoch[wanted], self.shard[wanted], self.place[wanted], self.length[wanted]
        )


def copy_hash(seed: int, stream: str, docs: np.ndarray, epochs: np.ndarray) -> np.ndarray:
    """uint64[n]: mix64(mix64(doc + key) + epoch x 0x9E3779B97F4A7C15) modulo 2^64, where key is the first
    8 bytes, little-endian, of the SHA-256 of `stream/seed`. No two docs of one epoch have the same."""
    key = np.frombuffer(hashlib.sha256(f"{stream}/{seed}".encode()).digest()[:8], "<u8")
    mix = mix64.py_func
    return mix(mix(docs.view(np.uint64) + key) + epochs.astype(np.uint64) * _GOLDEN)


def list_copies(documents: pa.Table, seed: int, shards: int) -> Iterator[Copies]:
    """All copies of a table of COPIES, about a million at a time, in its order."""
    docs = documents["doc"].to_numpy()
    tokens = documents["tokens"].to_numpy()
    copies = documents["copies"].to_numpy().astype(np.int64)
    cuts = documents["cut"].fill_null(0).to_numpy()
    ends = np.cumsum(copies)
    start = 0
    while start < len(docs):
        before = ends[start] - copies[start]
        end = max(start + 1, int(np.searchsorted(ends, before + _COPIES_AT_ONCE, side="right")))
        row = np.repeat(np.arange(start, end), copies[start:end])
        epoch = np.arange(len(row)) - (ends[row] - copies[row] - before)
        is_cut = (epoch == copies[row] - 1) & (cuts[row] > 0)
        yield Copies(
            row=row,
            epoch=epoch.astype(np.int32),
            shard=(copy_hash(seed, "shard", docs[row], epoch) % np.uint64(shards)).astype(np.int64),
            place=copy_hash(seed, "place", docs[row], epoch),
            length=np.where(is_cut, cuts[row], tokens[row]),
        )
        start = end
