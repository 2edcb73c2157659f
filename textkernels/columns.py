"""The bytes and offsets of Arrow text columns, without copying them."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_OFFSET_TYPES: dict[pa.DataType, type] = {
    pa.string(): np.int32,
    pa.binary(): np.int32,
    pa.large_string(): np.int64,
    pa.large_binary(): np.int64,
}


def text_buffers(column: pa.Array | pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Return the UTF-8 bytes of a text column and where each document lies in them.

    Args:
        column: string, large_string, binary or large_binary, of n rows; a null counts as empty.

    Returns:
        data, uint8[n_bytes], read-only, and offsets, int64[n + 1], which begin at 0 and end at
        n_bytes: document i is ``data[offsets[i]:offsets[i + 1]]``. The data of a column of one
        chunk are not copied, unless a null hides bytes.

    Raises:
        TypeError: the column is of another type.
    """
    if column.type not in _OFFSET_TYPES:
        raise TypeError(
            f"expected a column of string, large_string, binary or large_binary, got {column.type}"
        )
    if isinstance(column, pa.ChunkedArray):
        chunks = column.chunks
        if len(chunks) != 1:
            return _joined([_array_buffers(chunk) for chunk in chunks])
        column = chunks[0]
    return _array_buffers(column)


def _array_buffers(array: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    rows = len(array)
    if rows == 0:
        return _frozen(np.empty(0, np.uint8)), np.zeros(1, np.int64)
    _, offsets_buffer, data_buffer = array.buffers()
    offset_type = _OFFSET_TYPES[array.type]
    item = np.dtype(offset_type).itemsize
    stored = np.frombuffer(offsets_buffer, offset_type, rows + 1, array.offset * item)
    offsets = stored.astype(np.int64)
    if array.null_count and np.any(np.diff(offsets)[array.is_null().to_numpy(False)]):
        return _array_buffers(pc.fill_null(array, pa.scalar(b"", pa.binary()).cast(array.type)))
    first, last = int(offsets[0]), int(offsets[-1])
    offsets -= first
    if first == last:
        return _frozen(np.empty(0, np.uint8)), offsets
    return _frozen(np.frombuffer(data_buffer, np.uint8, last - first, first)), offsets


def _joined(parts: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    # Joined here and not by Arrow, whose string offsets end at 2 GB.
    data = np.concatenate([np.empty(0, np.uint8), *(data for data, _ in parts)])
    offsets = [np.zeros(1, np.int64)]
    base = 0
    for part, part_offsets in parts:
        offsets.append(part_offsets[1:] + base)
        base += len(part)
    return _frozen(data), np.concatenate(offsets)


def _frozen(data: np.ndarray) -> np.ndarray:
    data.flags.writeable = False
    return data
