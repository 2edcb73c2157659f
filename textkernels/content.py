"""128-bit hashes of normalised texts: equal for documents that say the same words."""

import numpy as np
import pyarrow as pa
from numba import njit

from textkernels.arrays import as_input, as_offsets
from textkernels.columns import text_buffers
from textkernels.mixing import mix64
from textkernels.words import word_hashes

_SECOND = np.uint64(0x9E3779B97F4A7C15)
_ONE = np.uint64(1)
_BYTES = 16


def content_hashes(
    column: pa.Array | pa.ChunkedArray,
    hashes: np.ndarray | None = None,
    offsets: np.ndarray | None = None,
) -> pa.FixedSizeBinaryArray:
    """Hash the normalised text of each document: the sequence of its words and their number.

    Over the hashes v of the n words, modulo 2^64 and with S = 0x9E3779B97F4A7C15,

        a = b = 0; for v: a = mix64(a XOR v), b = mix64(b XOR v * S)
        a = mix64(a XOR n), b = mix64(b XOR n * S)

    and the result is a, its lowest bit cleared, then b, each as 8 bytes, lowest first. A document
    without words takes for v its bytes in chunks of 8, the last one filled up with zeros, for n
    their number, and sets that bit: it never has the hash of one with words.

    Args:
        column: string, large_string, binary or large_binary; a null is an empty text.
        hashes, offsets: what `words.word_hashes` gave for the column, where it is at hand.

    Returns:
        One value of 16 bytes for each document, never null.

    Raises:
        TypeError: the column is of another type.
        ValueError: only one of hashes and offsets is given, or they are not of this column.
    """
    if (hashes is None) != (offsets is None):
        raise ValueError("hashes and offsets must be given together")
    data, text_offsets = text_buffers(column)
    if hashes is None:
        hashes, offsets = word_hashes(column)
    hashes = as_input(hashes, np.uint64, "hashes")
    offsets = as_offsets(offsets, hashes.size)
    if offsets.size != text_offsets.size:
        raise ValueError(
            f"the words of {offsets.size - 1} documents, but a column of {text_offsets.size - 1}"
        )
    out = np.empty((offsets.size - 1, 2), "<u8")
    _hash_contents(data, as_input(text_offsets, np.int64, "offsets"), hashes, offsets, out)
    buffers = [None, pa.py_buffer(out)]
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(_BYTES), len(out), buffers)


@njit(cache=True, nogil=True)
def _hash_contents(data, text_offsets, hashes, offsets, out):
    for document in range(out.shape[0]):
        a, b = np.uint64(0), np.uint64(0)
        first, end = offsets[document], offsets[document + 1]
        length = np.uint64(end - first)
        wordless = first == end
        if wordless:
            first, end = text_offsets[document], text_offsets[document + 1]
            length = np.uint64(end - first)
            for start in range(first, end, 8):
                v = np.uint64(0)
                for k in range(min(8, end - start)):
                    v |= np.uint64(data[start + k]) << np.uint64(8 * k)
                a, b = mix64(a ^ v), mix64(b ^ (v * _SECOND))
        else:
            for k in range(first, end):
                a, b = mix64(a ^ hashes[k]), mix64(b ^ (hashes[k] * _SECOND))
        a, b = mix64(a ^ length), mix64(b ^ (length * _SECOND))
        out[document, 0] = a & ~_ONE | np.uint64(wordless)
        out[document, 1] = b
