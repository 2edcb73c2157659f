"""Where in their documents' text runs of grams stand, and what they read."""

import numpy as np
import pyarrow as pa

from textkernels.columns import text_buffers
from textkernels.words import words

SEGMENT_CHARACTERS = 300
_MOST_BYTES = 4 * SEGMENT_CHARACTERS


class Segments:
    """The texts of n documents, with the places of their words."""

    def __init__(self, text: pa.Array | pa.ChunkedArray):
        self._data, self._text_offsets = text_buffers(text)
        self._words = words(text)

    def spans(
        self, documents: np.ndarray, firsts: np.ndarray, lasts: np.ndarray, n: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Byte spans of runs of n-grams.

        Args:
            documents: int64[r], the document of each run.
            firsts, lasts: int64[r], the words of the document with which the run's first and its
                last gram begin.
            n: words in a gram.

        Returns:
            First byte and end, int64[r] each, in the UTF-8 bytes of the document.
        """
        base = self._words.offsets[documents]
        starts = self._words.starts[base + firsts]
        ends = self._words.ends[base + lasts + n - 1]
        return starts - self._text_offsets[documents], ends - self._text_offsets[documents]

    def texts(self, documents: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> pa.Array:
        """What the spans read, cut at SEGMENT_CHARACTERS."""
        base = self._text_offsets[documents]
        cut = np.minimum(base + ends, base + starts + _MOST_BYTES)
        return pa.array(
            [
                self._data[start:end].tobytes().decode("utf-8", "replace")[:SEGMENT_CHARACTERS]
                for start, end in zip((base + starts).tolist(), cut.tolist(), strict=True)
            ],
            pa.string(),
        )
