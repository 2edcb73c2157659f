"""Text with byte spans replaced: what training sees of documents that are stored unedited."""

import numpy as np
import pyarrow as pa
from numba import njit

from textkernels.arrays import as_input
from textkernels.columns import text_buffers

_LARGE = (pa.large_string(), pa.large_binary())


def apply_spans(
    text: pa.Array | pa.ChunkedArray,
    rows: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    replacements: pa.Array | pa.ChunkedArray,
) -> pa.Array:
    """Replace the bytes of each span.

    Args:
        text: string, large_string, binary or large_binary of n documents.
        rows, starts, ends: int64[m], the document's place in `text` and half-open byte offsets in it,
            ascending by row and start, without overlap within a document.
        replacements: string or binary of m values; an empty one, or a null, cuts the span.

    Returns:
        Of the type of `text`, nulls where it has them. Without spans, `text` itself, not copied.

    Raises:
        TypeError: an argument is of another type.
        ValueError: spans overlap, are out of order or reach over the end of their document, the
            arguments are not of one length, or the result is too large for the type of `text`.
    """
    rows, starts, ends = (
        as_input(array, np.int64, name)
        for array, name in ((rows, "rows"), (starts, "starts"), (ends, "ends"))
    )
    if not rows.size == starts.size == ends.size == len(replacements):
        raise ValueError(
            f"{rows.size} rows, {starts.size} starts, {ends.size} ends and {len(replacements)} replacements"
        )
    if rows.size == 0:
        return text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
    data, offsets = text_buffers(text)
    new_data, new_offsets = text_buffers(replacements)
    out_offsets = np.empty(offsets.size, np.int64)
    wrong = _place(offsets, rows, starts, ends, new_offsets, out_offsets)
    if wrong >= 0:
        raise ValueError(
            f"span {wrong}, bytes {starts[wrong]} to {ends[wrong]} of row {rows[wrong]}, is out of order, "
            "overlaps the one before or is not within its document"
        )
    large = text.type in _LARGE
    if not large and out_offsets[-1] > np.iinfo(np.int32).max:
        raise ValueError(f"{out_offsets[-1]} bytes do not fit in a column of {text.type}")
    out = np.empty(out_offsets[-1], np.uint8)
    _write(data, offsets, rows, starts, ends, new_data, new_offsets, out)
    validity = None
    if text.null_count:
        validity = pa.array(text.is_valid().to_numpy(zero_copy_only=False)).buffers()[1]
    stored = out_offsets if large else out_offsets.astype(np.int32)
    buffers = [validity, pa.py_buffer(stored), pa.py_buffer(out)]
    return pa.Array.from_buffers(text.type, len(text), buffers, text.null_count)


@njit(cache=True, nogil=True)
def _place(offsets, rows, starts, ends, new_offsets, out_offsets):
    """Fill the offsets of the result. Returns the place of the first span that can't be, -1 if all can."""
    n = 0
    out_offsets[0] = 0
    for document in range(offsets.size - 1):
        size = offsets[document + 1] - offsets[document]
        length, before = size, 0
        while n < rows.size and rows[n] == document:
            if not before <= starts[n] <= ends[n] <= size:
                return n
            length += new_offsets[n + 1] - new_offsets[n] - (ends[n] - starts[n])
            before = ends[n]
            n += 1
        out_offsets[document + 1] = out_offsets[document] + length
    return n if n < rows.size else -1


@njit(cache=True, nogil=True)
def _write(data, offsets, rows, starts, ends, new_data, new_offsets, out):
    at, kept = 0, 0  # written, and the end of what was copied from the data
    for n in range(rows.size):
        base = offsets[rows[n]]
        start, stop = base + starts[n], base + ends[n]
        out[at : at + start - kept] = data[kept:start]
        at += start - kept
        first, last = new_offsets[n], new_offsets[n + 1]
        out[at : at + last - first] = new_data[first:last]
        at += last - first
        kept = stop
    out[at:] = data[kept:]
