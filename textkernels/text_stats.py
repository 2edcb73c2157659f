"""Everything that is counted of a text to judge its quality by, in one pass over a column.

whitespace_words, repetition, lines, c4_lines and character_counts count; here is the loop over
documents, and the memory they share.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numba import njit

from textkernels.byte_masks import AHEAD, BLOCK
from textkernels.c4_lines import C4_COUNTS, count_c4_lines
from textkernels.character_classes import CLASSES
from textkernels.character_counts import CHARACTER_COUNTS, count_characters
from textkernels.columns import text_buffers
from textkernels.lines import (
    FEED_COUNTS,
    LINE_COUNTS,
    PARAGRAPH_COUNTS,
    count_feed_lines,
    count_lines,
    count_paragraphs,
    most_pieces,
)
from textkernels.repetition import (
    DUPLICATE_GRAMS,
    TOP_GRAMS,
    duplicate_gram_chars,
    filter_words,
    top_gram_chars,
)
from textkernels.span_hashes import SALT, new_table
from textkernels.white_space import count_words
from textkernels.whitespace_words import STREAM_PADDING, WORD_COUNTS, take_words

_MOST_BYTES = (1 << 31) - 1
_MOST_STAMPS = (1 << 31) - 100  # a document takes eleven


@dataclass(frozen=True)
class TextStats:
    """Counts of n documents, each int64[n, columns]; the columns are named where they are counted.

    characters: `character_counts.CHARACTER_COUNTS`.
    words: `whitespace_words.WORD_COUNTS`.
    top_grams: characters of the most frequent n-gram, n of `repetition.TOP_GRAMS`; -1 where there is none.
    duplicate_grams: characters of repeated n-grams, n of `repetition.DUPLICATE_GRAMS`.
    lines: `lines.LINE_COUNTS`.
    feed_lines: `lines.FEED_COUNTS`.
    paragraphs: `lines.PARAGRAPH_COUNTS`.
    c4: `c4_lines.C4_COUNTS`.
    """

    characters: np.ndarray
    words: np.ndarray
    top_grams: np.ndarray
    duplicate_grams: np.ndarray
    lines: np.ndarray
    feed_lines: np.ndarray
    paragraphs: np.ndarray
    c4: np.ndarray


def text_stats(column: pa.Array | pa.ChunkedArray) -> TextStats:
    """Count each document of a text column by itself.

    Memory beside the counts is that of one document: at most 60 bytes a word and one a byte of the
    largest.

    Args:
        column: string, large_string, binary or large_binary of n documents; a null counts as empty.

    Raises:
        TypeError: the column is of another type.
        ValueError: a document has 2^31 bytes or more.
    """
    data, offsets = text_buffers(column)
    n = len(offsets) - 1
    if n and np.diff(offsets).max() > _MOST_BYTES:
        place = int(np.diff(offsets).argmax())
        raise ValueError(f"document {place} has {offsets[place + 1] - offsets[place]:,} bytes, 2^31 or more")
    widths = (
        CHARACTER_COUNTS,
        WORD_COUNTS,
        TOP_GRAMS,
        DUPLICATE_GRAMS,
        LINE_COUNTS,
        FEED_COUNTS,
        PARAGRAPH_COUNTS,
        C4_COUNTS,
    )
    stats = TextStats(*(np.empty((n, len(columns)), np.int64) for columns in widths))
    _count(
        data,
        offsets,
        CLASSES,
        SALT,
        stats.characters,
        stats.words,
        stats.top_grams,
        stats.duplicate_grams,
        stats.lines,
        stats.feed_lines,
        stats.paragraphs,
        stats.c4,
    )
    return stats


@njit(cache=True, nogil=True)
def _count(
    data, offsets, classes, salt, characters, words, top_grams, duplicate_grams, lines, feed_lines,
    paragraphs, c4,
):  # fmt: skip
    base, size, class_base = data.ctypes.data, data.size, classes.ctypes.data
    longest = 0
    for document in range(offsets.size - 1):
        longest = max(longest, offsets[document + 1] - offsets[document])
    tail = np.zeros(BLOCK + AHEAD, np.uint8)
    # Room for the bytes of the longest document, which takes memory only where it is written to.
    stream = np.empty(longest + STREAM_PADDING, np.uint8)
    scratch = np.empty(longest, np.uint8)
    room = 1 << 12
    hashes = np.empty(room, np.uint64)
    stream_at, chars_at = np.empty(room + 1, np.int32), np.empty(room + 1, np.int32)
    candidates, slots = np.empty(room, np.int32), np.empty(room, np.int32)
    seen, twice = np.empty(filter_words(room), np.uint64), np.empty(filter_words(room), np.uint64)
    table, stamp = new_table(room), 0
    for document in range(offsets.size - 1):
        start, end = offsets[document], offsets[document + 1]
        count_characters(base, start, end, size, tail, characters[document])
        pieces = most_pieces(end - start, characters[document, 1])
        count_lines(base, start, end, size, class_base, tail, lines[document])
        if table[0].size < 2 * pieces or stamp > _MOST_STAMPS:
            table, stamp = new_table(pieces), 0
        stamp += 1
        count_feed_lines(
            base, start, end, size, class_base, tail, table[0], table[1], stamp, salt, pieces,
            feed_lines[document],
        )  # fmt: skip
        stamp += 1
        count_paragraphs(
            base, start, end, size, class_base, tail, table[0], table[1], stamp, salt, pieces,
            paragraphs[document],
        )  # fmt: skip
        count_c4_lines(base, start, end, size, class_base, tail, scratch, c4[document])
        n_words, _ = count_words(base, start, end, size, tail)
        if n_words > room:
            room = n_words + n_words // 4
            hashes = np.empty(room, np.uint64)
            stream_at, chars_at = np.empty(room + 1, np.int32), np.empty(room + 1, np.int32)
            candidates, slots = np.empty(room, np.int32), np.empty(room, np.int32)
            seen, twice = np.empty(filter_words(room), np.uint64), np.empty(filter_words(room), np.uint64)
        take_words(
            base, start, end, size, class_base, hashes, stream_at, chars_at, stream, tail, words[document]
        )
        table, stamp = top_gram_chars(
            hashes, chars_at, n_words, seen, twice, candidates, slots, table, stamp, salt, top_grams[document]
        )
        table, stamp = duplicate_gram_chars(
            stream_at, chars_at, n_words, stream, seen, twice, candidates, slots, table, stamp, salt,
            duplicate_grams[document],
        )  # fmt: skip
