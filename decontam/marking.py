"""Which parts of a benchmark item a document's segment shares, for people to see."""

import numpy as np
import pyarrow as pa

from decontam.index import SHORT
from textkernels.ngrams import ngram_hashes
from textkernels.words import words

_BEFORE, _MOST = 200, 900  # bytes shown before the first shared part, and in all

Piece = tuple[str, bool]


def mark_shared(text: str, segment: str) -> list[Piece]:
    """Cut a text into pieces, each with whether the segment shares it by 7-grams.

    A long text is shown from shortly before the first shared part, with an ellipsis for the rest.
    """
    both = words(pa.array([text, segment], pa.large_string()))
    grams, offsets = ngram_hashes(both.hashes, both.offsets, SHORT)
    places = np.flatnonzero(np.isin(grams[: offsets[1]], grams[offsets[1] :]))
    raw = text.encode()
    spans: list[tuple[int, int]] = []
    for start, end in zip(both.starts[places].tolist(), both.ends[places + SHORT - 1].tolist(), strict=True):
        if spans and start <= spans[-1][1]:
            spans[-1] = spans[-1][0], end
        else:
            spans.append((start, end))
    first = max(0, spans[0][0] - _BEFORE) if spans else 0
    first, last = (0, len(raw)) if len(raw) <= _MOST else (first, min(len(raw), first + _MOST))
    pieces: list[Piece] = [("… ", False)] if first else []
    at = first
    for start, end in spans:
        pieces.append((_decoded(raw[at : min(start, last)]), False))
        pieces.append((_decoded(raw[min(start, last) : min(end, last)]), True))
        at = min(end, last)
    pieces.append((_decoded(raw[at:last]), False))
    pieces += [(" …", False)] if last < len(raw) else []
    return [piece for piece in pieces if piece[0]]


def _decoded(raw: bytes) -> str:
    # A cut inside a character leaves its rest out.
    return raw.decode("utf-8", "ignore")
