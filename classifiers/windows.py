"""What a model reads of a document: a few windows of its characters, never more.

A document of at most `characters` characters is one window. Of a longer one, window k lies around
the byte ``places[k] * n_bytes``, which is moved back to the beginning of a character: the part
``places[k]`` of the window's characters before it and the rest behind it. Windows of 0, 1/2 and 1
are thus the beginning, the middle and the end. They may overlap. In a window every byte that
fastText takes for white space (NUL, tab to carriage return) has become a space, so that a window is
one line. A window costs its own length whatever the document's.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numba import njit

from textkernels.columns import text_buffers


@dataclass(frozen=True)
class WindowsRule:
    """Which windows are cut. `name` stands in the card of every model that is trained on them."""

    name: str
    characters: int
    places: tuple[float, ...]


LANGUAGE = WindowsRule("start-middle-300", 300, (0.0, 0.5))
EDUCATIONAL = WindowsRule("start-middle-end-1500", 1500, (0.0, 0.5, 1.0))


def windows(text: pa.Array | pa.ChunkedArray, rule: WindowsRule) -> tuple[pa.LargeStringArray, np.ndarray]:
    """Cut the windows of a column of n documents.

    Args:
        text: string, large_string, binary or large_binary; a null is an empty text, which has no windows.
        rule: `LANGUAGE` or `EDUCATIONAL`.

    Returns:
        The windows, large_string, in the order of documents and places, and offsets, int64[n + 1]: those of
        document i are ``offsets[i]:offsets[i + 1]``. Windows of text that is not UTF-8 are not either.

    Raises:
        TypeError: the column is of another type.
    """
    data, text_offsets = text_buffers(text)
    places = np.array(rule.places)
    # 4 bytes a character, or the document where it is shorter than its windows could be.
    longest = np.minimum(np.diff(text_offsets), 4 * rule.characters)
    cut = np.empty(int(longest.sum()) * len(places), np.uint8)
    offsets = np.zeros(len(text_offsets), np.int64)
    ends = np.zeros((len(text_offsets) - 1) * len(places) + 1, np.int64)
    n = _cut_windows(data, text_offsets, rule.characters, places, cut, ends, offsets)
    size = int(ends[n])
    buffers = [None, pa.py_buffer(ends[: n + 1]), pa.py_buffer(cut[:size])]
    return pa.LargeStringArray.from_buffers(n, buffers[1], buffers[2]), offsets


@njit(forceinline=True)
def _is_continuation(byte):
    return byte & 0xC0 == 0x80


@njit(cache=True, nogil=True)
def _forward(data, at, end, characters):
    """Where `characters` characters from `at` on end, at most at `end`; and how many they are."""
    n = 0
    while at < end and n < characters:
        at += 1
        # A character takes 4 bytes at most: broken text does not make a window longer.
        limit = min(end, at + 3)
        while at < limit and _is_continuation(data[at]):
            at += 1
        n += 1
    return at, n


@njit(cache=True, nogil=True)
def _backward(data, at, begin, characters):
    """Where `characters` characters up to `at` begin, at least at `begin`; and how many they are."""
    n = 0
    while at > begin and n < characters:
        at -= 1
        limit = max(begin, at - 3)
        while at > limit and _is_continuation(data[at]):
            at -= 1
        n += 1
    return at, n


@njit(cache=True, nogil=True)
def _cut_windows(data, text_offsets, characters, places, cut, ends, offsets):
    n = 0
    for document in range(text_offsets.size - 1):
        begin, end = text_offsets[document], text_offsets[document + 1]
        whole, _ = _forward(data, begin, end, characters)
        if begin < end:
            for k in range(1 if whole == end else places.size):
                if whole == end:
                    first, last = begin, end
                else:
                    anchor = begin + np.int64(places[k] * (end - begin))
                    limit = max(begin, anchor - 3)
                    while limit < anchor < end and _is_continuation(data[anchor]):
                        anchor -= 1
                    first, before = _backward(data, anchor, begin, np.int64(places[k] * characters))
                    last, _ = _forward(data, anchor, end, characters - before)
                at = ends[n]
                for source in range(first, last):
                    byte = data[source]
                    cut[at] = 0x20 if byte == 0 or 9 <= byte <= 13 else byte
                    at += 1
                n += 1
                ends[n] = at
        offsets[document + 1] = n
    return n
