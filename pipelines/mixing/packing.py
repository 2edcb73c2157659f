"""Packing: a stream of document copies cut into training sequences, without padding."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Pieces:
    """n pieces in stream order, as int64 columns: the sequence and the offset in it where the piece stands,
    the copy (an index) it is of, and the first and the last token of that copy that it holds."""

    sequence: np.ndarray
    offset: np.ndarray
    copy: np.ndarray
    first: np.ndarray
    last: np.ndarray

    @property
    def length(self) -> np.ndarray:
        return self.last - self.first + 1


def cut_pieces(lengths: np.ndarray, start: int, sequences: range, sequence_length: int) -> Pieces:
    """The pieces that sequences `sequences` of a stream are made of.

    lengths: int64[copies], tokens of the copies of this stretch of the stream, each at least 1; start: the
    position in the stream of the first one. The stretch holds all of the sequences. Every piece but those
    cut by a sequence's end is a whole copy.
    """
    bounds = start + np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    begin, end = sequences.start * sequence_length, sequences.stop * sequence_length
    inside = bounds[(bounds >= begin) & (bounds < end)]
    cuts = np.union1d(inside, np.arange(begin, end, sequence_length))
    copy = np.searchsorted(bounds, cuts, side="right") - 1
    first = cuts - bounds[copy]
    last = first + np.diff(cuts, append=end) - 1
    return Pieces(cuts // sequence_length, cuts % sequence_length, copy, first, last)


def boundaries(pieces: Pieces, sequences: range, sequence_length: int) -> tuple[np.ndarray, np.ndarray]:
    """The document boundaries of each sequence, as attention kernels take them (`cu_seqlens`).

    Returns values, int32, and offsets, int32[sequences + 1], into them: a sequence's are 0, the offset of
    every later copy that starts in it, and `sequence_length`.
    """
    counts = np.bincount(pieces.sequence - sequences.start, minlength=len(sequences))
    values = np.insert(pieces.offset, np.cumsum(counts), sequence_length)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts + 1)])
    return values.astype(np.int32), offsets.astype(np.int32)
