"""The words between white space, as the quality rules of Gopher count them.

Words are those of Python's str.split. They are not the words of `words`, which are of the normal
form and leave punctuation out.
"""

import numpy as np
from numba import njit

from textkernels.byte_masks import BLOCK, block_address
from textkernels.character_classes import ALPHABETIC, SYMBOL, classes_at
from textkernels.mixing import mix64
from textkernels.simd import load64, low_bits, low_bytes, ones, store64, trailing_zeros
from textkernels.utf8 import bytes_ahead
from textkernels.white_space import white64

STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
"""Gopher's, Rae et al. 2021, appendix A1.1."""

WORD_COUNTS = ("words", "word_count", "word_chars", "alphabetic", "stop_words", "distinct_stop_words")
"""Columns of `take_words`: all words; those that are not all symbols, and the characters of these; those
with a letter; those that are stop words, and how many different ones."""

STREAM_PADDING = 40

_ZERO, _ONE = np.uint64(0), np.uint64(1)
_LENGTHS = np.uint64(0x9E3779B97F4A7C15)
_HIGH = np.uint64(0x8080808080808080)
_S56, _S59 = np.uint64(56), np.uint64(59)


def _stop_word_table() -> tuple[np.uint64, np.ndarray]:
    """A factor that tells the stop words apart by the highest 5 bits of their product, and where each is."""
    numbers = [int.from_bytes(word.encode(), "little") | len(word) << 56 for word in STOP_WORDS]
    factor = 0x9E3779B97F4A7C15
    while len({(n * factor & (1 << 64) - 1) >> 59 for n in numbers}) < len(numbers):
        factor = factor * 0xD1342543DE82EF95 & (1 << 64) - 1
    table = np.zeros(32, np.uint64)
    for number in numbers:
        table[(number * factor & (1 << 64) - 1) >> 59] = number
    return np.uint64(factor), table


_STOP_FACTOR, _STOP_TABLE = _stop_word_table()


@njit(forceinline=True)
def _take_word(base, start, end, size, stream, filled):
    """Hash of a word and the number of its characters; its bytes are added to the stream."""
    h = np.uint64(end - start) * _LENGTHS
    beyond_first = 0
    first = _ZERO
    at = start
    while at < end:
        chunk = load64(base + at) if at + 8 <= size else bytes_ahead(base, at, size)
        chunk &= low_bytes(min(8, end - at))
        store64(stream + filled + at - start, chunk)
        if at == start:
            first = chunk
        h = mix64(h ^ chunk)
        beyond_first += ones(chunk & ~(chunk << _ONE) & _HIGH)
        at += 8
    return h, end - start - beyond_first, first


@njit(forceinline=True)
def _has_letter_and_other(base, start, end, size, classes):
    """Whether a word has a letter, and whether it has what is not a symbol."""
    found, length = classes_at(base, start, end, size, classes)
    letter, other = found & ALPHABETIC != 0, found & SYMBOL == 0
    at = start + length
    while at < end and not (letter and other):
        found, length = classes_at(base, at, end, size, classes)
        letter |= found & ALPHABETIC != 0
        other |= found & SYMBOL == 0
        at += length
    return letter, other


@njit(nogil=True)
def take_words(base, start, end, size, classes, hashes, stream_at, chars_at, stream, tail, counts):
    """Find the words of one document.

    Args:
        base: address of the data, of `size` bytes; the document is start:end.
        classes: address of `character_classes.CLASSES`.
        hashes: uint64, of each word; two words share one with probability 2^-64.
        stream_at, chars_at: int64, one more than words; where each word begins in the stream, and the
            characters of all words before it.
        stream: uint8, filled with the bytes of all words without what was between them, and zeros
            behind; STREAM_PADDING bytes longer than the document.
        counts: int64[6], see `WORD_COUNTS`.

    Returns:
        The number of words.
    """
    stream_base = stream.ctypes.data
    n, filled, chars = 0, 0, 0
    others, other_chars, letters, stops, stop_bits = 0, 0, 0, 0, 0
    word = -1  # where the word that goes on from the block before began
    carried = _ZERO
    at = start
    while at < end:
        left = end - at
        block = block_address(base, at, end, size, tail)
        white, carried = white64(block, left, carried)
        inside = low_bits(min(BLOCK, left))
        black = ~white & inside
        before = black << _ONE | np.uint64(word >= 0)
        first = black & ~before
        last = before & ~black & inside
        # Where the last word ends, if it ends with the document.
        last_stop = end if left <= BLOCK and black >> np.uint64(left - 1) & _ONE else -1
        while last or last_stop >= 0:
            if last:
                stop = at + trailing_zeros(last)
                last &= last - _ONE
            else:
                stop = last_stop
                last_stop = -1
            if word < 0:
                word = at + trailing_zeros(first)
                first &= first - _ONE
            h, length, head = _take_word(base, word, stop, size, stream_base, filled)
            hashes[n], stream_at[n], chars_at[n] = h, filled, chars
            letter, other = _has_letter_and_other(base, word, stop, size, classes)
            letters += letter
            if other:
                others += 1
                other_chars += length
            if stop - word <= 4:
                head |= np.uint64(stop - word) << _S56
                place = np.int64(head * _STOP_FACTOR >> _S59)
                if _STOP_TABLE[place] == head:
                    stops += 1
                    stop_bits |= 1 << place
            n += 1
            filled += stop - word
            chars += length
            word = -1
        if first:
            word = at + trailing_zeros(first)
        at += BLOCK
    stream_at[n], chars_at[n] = filled, chars
    for k in range(STREAM_PADDING):
        stream[filled + k] = 0
    counts[0], counts[1], counts[2] = n, others, other_chars
    counts[3], counts[4], counts[5] = letters, stops, ones(np.uint64(stop_bits))
    return n
