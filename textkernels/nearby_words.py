"""Words near a place in text that tell what stands there: "tel." before a number, "version" before another."""

import numpy as np
from numba import njit

from textkernels.ascii_bytes import is_letter, lower

_ANY_END = 42  # the asterisk of a stem


def word_table(*words: str) -> np.ndarray:
    """Words in lower case as rows, uint8[n, longest], filled up with zeros. `phone*` is a stem."""
    encoded = [word.encode() for word in words]
    table = np.zeros((len(words), max(map(len, encoded)) + 1), np.uint8)
    for row, word in enumerate(encoded):
        table[row, : len(word)] = np.frombuffer(word, np.uint8)
    table.flags.writeable = False
    return table


@njit(cache=True, nogil=True)
def is_word_of(data, start, end, table):
    """Whether the word start:end is in a table of words, its ASCII letters in either case."""
    for row in range(table.shape[0]):
        k = 0
        while start + k < end and table[row, k] and lower(data[start + k]) == table[row, k]:
            k += 1
        if table[row, k] == _ANY_END or (start + k == end and table[row, k] == 0):
            return True
    return False


@njit(cache=True, nogil=True)
def nearest_word(data, least, at, telling, denying):
    """1 where the nearest ASCII word in `least:at` that is in a table is in `telling`, -1 where in
    `denying`, 0 where none is. Only the line of `at` counts."""
    k = at
    while k > least and data[k - 1] != 10:
        if is_letter(data[k - 1]):
            stop = k
            while k > least and is_letter(data[k - 1]):
                k -= 1
            if is_word_of(data, k, stop, telling):
                return 1
            if is_word_of(data, k, stop, denying):
                return -1
        else:
            k -= 1
    return 0


@njit(cache=True, nogil=True)
def has_literal(data, least, at, table):
    """Whether a row of the table stands anywhere in `least:at`, byte for byte."""
    for start in range(least, at):
        for row in range(table.shape[0]):
            k = 0
            while start + k < at and table[row, k] and data[start + k] == table[row, k]:
                k += 1
            if table[row, k] == 0:
                return True
    return False
