"""The quality signals of Gopher, C4 and FineWeb, as columns."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import zstandard

from schemas.heuristics import HEURISTICS
from textkernels.c4_lines import C4_COUNTS
from textkernels.character_counts import CHARACTER_COUNTS
from textkernels.columns import text_buffers
from textkernels.lines import FEED_COUNTS, LINE_COUNTS, PARAGRAPH_COUNTS
from textkernels.repetition import DUPLICATE_GRAMS, TOP_GRAMS
from textkernels.text_stats import TextStats, text_stats
from textkernels.trigram_surprise import trigram_surprise
from textkernels.whitespace_words import WORD_COUNTS


def heuristics(text: pa.Array | pa.ChunkedArray) -> dict[str, pa.Array]:
    """Every signal of `schemas.heuristics` of a column of n documents, doc and id left out.

    A null is an empty document. No document's signals depend on another one.

    Raises:
        TypeError: the column is not of text.
        ValueError: a document has 2^31 bytes or more.
    """
    stats = text_stats(text)
    values = {
        **_of_words(stats),
        **_of_lines(stats),
        **_of_grams(stats),
        **_of_c4(stats),
        "compression_ratio": _compression_ratios(text),
        "trigram_surprise": trigram_surprise(text),
    }
    return {
        field.name: pa.array(values[field.name], field.type, from_pandas=True)
        for field in HEURISTICS
        if field.name not in ("doc", "id")
    }


def _columns(counts: np.ndarray, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    return dict(zip(names, counts.T, strict=True))


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole, NaN where the whole is 0."""
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole != 0)


def _of_words(stats: TextStats) -> dict[str, np.ndarray]:
    chars = _columns(stats.characters, CHARACTER_COUNTS)
    words = _columns(stats.words, WORD_COUNTS)
    return {
        "n_chars": chars["characters"],
        "whitespace_words": words["words"],
        "word_count": words["word_count"],
        "mean_word_length": _ratio(words["word_chars"], words["word_count"]),
        "hash_to_word_ratio": _ratio(chars["hashes"], words["words"]),
        "ellipsis_to_word_ratio": _ratio(chars["ellipses"], words["words"]),
        "alpha_word_ratio": _ratio(words["alphabetic"], words["words"]),
        "stop_word_count": words["stop_words"],
        "distinct_stop_words": words["distinct_stop_words"],
        "newline_to_word_ratio": _ratio(chars["newlines"], words["words"]),
    }


def _of_lines(stats: TextStats) -> dict[str, np.ndarray]:
    chars = _columns(stats.characters, CHARACTER_COUNTS)
    lines = _columns(stats.lines, LINE_COUNTS)
    feed = _columns(stats.feed_lines, FEED_COUNTS)
    paragraphs = _columns(stats.paragraphs, PARAGRAPH_COUNTS)
    n_chars, filled = chars["characters"], feed["filled_lines"]
    not_feeds = np.where(filled > 0, n_chars - chars["newlines"], 0)
    return {
        "bullet_line_ratio": _ratio(lines["bullet_lines"], lines["lines"]),
        "ellipsis_line_ratio": _ratio(lines["ellipsis_lines"], lines["lines"]),
        "dup_line_frac": _ratio(feed["duplicate_pieces"], feed["pieces"]),
        "dup_line_char_frac": _ratio(feed["duplicate_chars"], n_chars),
        "dup_para_frac": _ratio(
            paragraphs["duplicate_paragraphs"], np.where(n_chars > 0, paragraphs["paragraphs"], 0)
        ),
        "dup_para_char_frac": _ratio(paragraphs["duplicate_chars"], n_chars),
        "nonblank_lines": filled,
        "line_punct_ratio": _ratio(feed["terminal_lines"], filled),
        "short_line_ratio": _ratio(feed["short_lines"], filled),
        "char_dup_ratio": _ratio(feed["duplicate_filled_chars"], not_feeds),
        "third_longest_line": feed["third_longest"],
    }


def _of_grams(stats: TextStats) -> dict[str, np.ndarray]:
    n_chars = stats.characters[:, CHARACTER_COUNTS.index("characters")]
    values = {}
    for n, chars in zip(TOP_GRAMS, stats.top_grams.T, strict=True):
        values[f"top_{n}_gram_char_frac"] = _ratio(chars, np.where(chars < 0, 0, n_chars))
    for n, chars in zip(DUPLICATE_GRAMS, stats.duplicate_grams.T, strict=True):
        values[f"dup_{n}_gram_char_frac"] = _ratio(chars, n_chars)
    return values


def _of_c4(stats: TextStats) -> dict[str, np.ndarray]:
    counts = _columns(stats.c4, C4_COUNTS)
    lorem, curly = counts.pop("lorem_ipsum_lines"), counts.pop("curly_bracket_lines")
    return {
        **{f"c4_{name}": column for name, column in counts.items()},
        "c4_lorem_ipsum": lorem > 0,
        "c4_curly_bracket": curly > 0,
    }


def _compression_ratios(text: pa.Array | pa.ChunkedArray) -> np.ndarray:
    data, offsets = text_buffers(text)
    plain = zstandard.ZstdCompressionParameters.from_level(
        1, format=zstandard.FORMAT_ZSTD1_MAGICLESS, write_content_size=False, write_checksum=False
    )
    compress = zstandard.ZstdCompressor(compression_params=plain).compress
    view = memoryview(data)
    ends = offsets.tolist()
    compressed = [len(compress(view[start:end])) for start, end in pairwise(ends)]
    sizes = np.diff(offsets)
    return np.round(_ratio(sizes, np.where(sizes > 0, np.array(compressed, np.int64), 0)), 3)
