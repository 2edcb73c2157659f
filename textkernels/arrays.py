"""What every kernel of this package is given: read-only, contiguous arrays of one known type."""

import numpy as np


def as_input(array: np.ndarray, dtype: type[np.generic], name: str) -> np.ndarray:
    """A read-only, C-contiguous view of `array` (a copy where it is strided).

    One type for writable and memory-mapped arrays, so that a kernel is compiled once.

    Raises:
        TypeError: `array` is not an array of `dtype`.
    """
    if not isinstance(array, np.ndarray) or array.dtype != dtype:
        found = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise TypeError(f"{name} must be an array of {np.dtype(dtype)}, got {found}")
    view = np.ascontiguousarray(array).view(np.ndarray)
    if view is array:
        view = array[:]
    view.flags.writeable = False
    return view


def as_offsets(offsets: np.ndarray, length: int, name: str = "offsets") -> np.ndarray:
    """`offsets`, int64[n + 1], as input, checked to cut an array of `length` into n pieces.

    Raises:
        TypeError: not an array of int64.
        ValueError: does not begin at 0, end at `length` and rise in between.
    """
    view = as_input(offsets, np.int64, name)
    if view.ndim != 1 or not view.size or view[0] != 0 or view[-1] != length:
        raise ValueError(f"{name} must begin at 0 and end at the number of values, {length}")
    if np.any(view[1:] < view[:-1]):
        raise ValueError(f"{name} must not fall")
    return view
