"""Linear models over grams: their file, and what they say of pieces of text.

With the distinct grams g of a piece that the model knows, their inverse document frequencies idf(g) and
weights w(g), a piece's raw value is the ridge regression

    intercept + sum of w(g) idf(g) / root of the sum of idf(g)^2,

that is, presence and not frequency, in vectors of length 1. A piecewise linear map through `knots` makes
the score of it.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numba import njit

from classifiers.errors import ModelError

_SCHEMA = pa.schema(
    [
        pa.field("gram", pa.uint32(), nullable=False),
        pa.field("idf", pa.float32(), nullable=False),
        pa.field("weight", pa.float32(), nullable=False),
    ]
)
_CARD = b"card"


@dataclass(frozen=True)
class LinearModel:
    """A regression over grams.

    grams: uint32[k], ascending. idf, weights: float32[k].
    knots: float64[n, 2], raw value and score, both ascending; beyond the ends the end's score holds.
    card: what it was made of and how, as JSON has it; `windows` and `grams` name the rules it was trained on.
    """

    grams: np.ndarray
    idf: np.ndarray
    weights: np.ndarray
    intercept: float
    knots: np.ndarray
    card: dict[str, Any]

    def raw(self, hashes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """Raw values of n pieces, of whose grams `grams.grams` gave the hashes and offsets.

        Returns:
            float64[n]; NaN where the model knows no gram of the piece.
        """
        out = np.empty(len(offsets) - 1)
        _raw_values(hashes, offsets, self.grams, self._slots, self.idf, self.weights, self.intercept, out)
        return out

    @cached_property
    def _slots(self) -> np.ndarray:
        slots = np.full(1 << (2 * len(self.grams) + 1).bit_length(), -1, np.int32)
        _fill_slots(self.grams, slots)
        return slots

    def scores(self, hashes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        """Scores of n pieces, float64[n]; NaN where the model knows no gram of the piece."""
        raw = self.raw(hashes, offsets)
        return np.where(np.isnan(raw), np.nan, np.interp(raw, *self.knots.T))

    def write(self, path: Path) -> None:
        """Write one Parquet file; the same model gives the same bytes."""
        card = self.card | {"intercept": self.intercept, "knots": self.knots.tolist()}
        table = pa.table([self.grams, self.idf, self.weights], schema=_SCHEMA)
        metadata = {_CARD: json.dumps(card, sort_keys=True)}
        pq.write_table(
            table.replace_schema_metadata(metadata),
            path,
            compression="zstd",
            use_dictionary=False,
            column_encoding={"gram": "DELTA_BINARY_PACKED", "idf": "BYTE_STREAM_SPLIT", "weight": "BYTE_STREAM_SPLIT"},
        )  # fmt: skip

    @classmethod
    def read(cls, path: Path, windows: str, grams: str) -> "LinearModel":
        """Read what `write` wrote.

        Args:
            windows, grams: names of the rules that it will be used with.

        Raises:
            ModelError: the file is absent, no such model, or was trained on other rules.
        """
        try:
            table = pq.read_table(pa.BufferReader(path.read_bytes()))
            card = json.loads((table.schema.metadata or {})[_CARD])
            if not table.schema.equals(_SCHEMA):
                raise ValueError("other columns")
            intercept, knots = float(card.pop("intercept")), np.array(card.pop("knots"), np.float64)
            rules = card["windows"], card["grams"]
            if knots.ndim != 2 or knots.shape[1] != 2 or np.any(np.diff(knots, axis=0) < 0):
                raise ValueError("knots that do not rise")
        except OSError as error:
            raise ModelError(f"{path}: the model can't be read: {error.strerror or error}") from error
        except (KeyError, TypeError, ValueError, pa.ArrowInvalid) as error:
            raise ModelError(f"{path}: not a model that `classifiers.training` wrote ({error})") from error
        if rules != (windows, grams):
            raise ModelError(
                f"{path}: trained on {' and '.join(map(str, rules))}, but this version reads {windows} and {grams}: "
                "train it anew"
            )
        columns = (table[name].combine_chunks().to_numpy() for name in _SCHEMA.names)
        return cls(*columns, intercept, knots, card)


@njit(cache=True, nogil=True)
def _fill_slots(keys, slots):
    mask = np.uint32(slots.size - 1)
    for k in range(keys.size):
        slot = keys[k] & mask
        while slots[slot] >= 0:
            slot = (slot + np.uint32(1)) & mask
        slots[slot] = k


@njit(cache=True, nogil=True)
def _raw_values(hashes, offsets, keys, slots, idf, weights, intercept, out):
    mask = np.uint32(slots.size - 1)
    last_seen = np.full(keys.size, -1, np.int64)
    for piece in range(out.size):
        total = squares = 0.0
        for at in range(offsets[piece], offsets[piece + 1]):
            slot = hashes[at] & mask
            while slots[slot] >= 0:
                k = slots[slot]
                if keys[k] == hashes[at]:
                    if last_seen[k] != piece:
                        last_seen[k] = piece
                        total += np.float64(weights[k]) * np.float64(idf[k])
                        squares += np.float64(idf[k]) ** 2
                    break
                slot = (slot + np.uint32(1)) & mask
        out[piece] = intercept + total / np.sqrt(squares) if squares > 0 else np.nan
