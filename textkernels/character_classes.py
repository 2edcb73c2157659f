"""What a code point is to the statistics of text, and the characters at the edges of a span.

`CLASSES`, uint8[0x110000], holds the classes below as bits, as Python 3.11 has them (Unicode 14):
str.isalpha, str.isspace, what datatrove counts as a symbol, what ends a sentence, the categories Lu
and Nd, and where str.splitlines breaks. Kernels are given its address.

A byte that is not part of valid UTF-8 is taken as U+0000.
"""

from pathlib import Path

import numpy as np
from numba import njit

from textkernels.simd import load8
from textkernels.utf8 import INVALID, bytes_ahead, decode

ALPHABETIC, SPACE, SYMBOL, TERMINAL, UPPER, DIGIT, LINE_BREAK = (1 << bit for bit in range(7))

_BLOCK_BITS = 7


@njit(forceinline=True)
def classes_at(base, at, end, size, classes):
    """Classes and length in bytes of the character at `at` of a document that ends at `end`."""
    byte = load8(base + at)
    if byte < 0x80:
        return load8(classes + byte), 1
    code, length, _ = decode(bytes_ahead(base, at, size), end - at)
    return load8(classes + code), length


@njit(forceinline=True)
def last_character(base, start, end, size):
    """Code point and length in bytes of the last character of start:end, which is not empty."""
    at = end - 1
    while at > start and load8(base + at) & 0xC0 == 0x80 and end - at < 4:
        at -= 1
    code, length, _ = decode(bytes_ahead(base, at, size), end - at)
    if length != end - at:
        return INVALID, 1
    return code, length


@njit(forceinline=True)
def skip_space(base, at, end, size, classes):
    """Where the white space that begins at `at` ends."""
    while at < end:
        found, length = classes_at(base, at, end, size, classes)
        if not found & SPACE:
            break
        at += length
    return at


@njit(forceinline=True)
def skip_space_back(base, start, end, size, classes):
    """Where the white space that ends at `end` begins."""
    while end > start:
        code, length = last_character(base, start, end, size)
        if not load8(classes + code) & SPACE:
            break
        end -= length
    return end


def _load() -> tuple[str, np.ndarray]:
    with np.load(Path(__file__).with_name("character_classes.npz")) as stored:
        blocks = stored["classes"].reshape(-1, 1 << _BLOCK_BITS)
        classes = blocks[stored["block_of"]].ravel()
        version = str(stored["unicode_version"])
    classes.flags.writeable = False
    return version, classes


UNICODE_VERSION, CLASSES = _load()
