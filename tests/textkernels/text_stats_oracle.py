"""The counts of `text_stats` by the book: plain Python over str, as slow as it is short."""

import re
import unicodedata
from collections import Counter
from functools import cache
from heapq import nlargest

from textkernels.build_character_classes import SYMBOL_RANGES, SYMBOLS, TERMINAL_RANGES
from textkernels.whitespace_words import STOP_WORDS

TERMINALS = {chr(code) for low, high in TERMINAL_RANGES for code in range(low, high + 1)}
SYMBOL_SET = TERMINALS | set(SYMBOLS)
SYMBOL_SET |= {chr(code) for low, high in SYMBOL_RANGES for code in range(low, high + 1)}
CITATION = re.compile(r"\[\d*]|\[edit]|\[citation needed]")
POLICIES = (
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
)


def duplicates(pieces: list[str]) -> tuple[int, int]:
    """How many pieces were met before, and their characters."""
    met: set[str] = set()
    repeated = []
    for piece in pieces:
        if piece in met:
            repeated.append(len(piece))
        met.add(piece)
    return len(repeated), sum(repeated)


def characters(text: str) -> list[int]:
    return [len(text), text.count("\n"), text.count("#"), text.count("...") + text.count("…")]


def words(text: str) -> list[int]:
    found = text.split()
    others = [len(word) for word in found if not set(word) <= SYMBOL_SET]
    letters = sum(any(char.isalpha() for char in word) for word in found)
    stops = [word for word in found if word in STOP_WORDS]
    return [len(found), len(others), sum(others), letters, len(stops), len(set(stops))]


def top_gram(text: str, n: int) -> int:
    found = text.split()
    tally = Counter(" ".join(found[k : k + n]) for k in range(len(found) - n + 1))
    if not tally:
        return -1
    gram, times = tally.most_common(1)[0]
    return len(gram) * times


def duplicate_gram(text: str, n: int) -> int:
    found = text.split()
    met: set[str] = set()
    chars, k = 0, 0
    while k + n <= len(found):
        gram = "".join(found[k : k + n])
        if gram in met:
            chars += len(gram)
            k += n
        else:
            met.add(gram)
            k += 1
    return chars


def lines(text: str) -> list[int]:
    found = [line.strip() for line in text.splitlines()]
    bullets = sum(line.startswith(("•", "-")) for line in found)
    return [len(found), bullets, sum(line.endswith(("...", "…")) for line in found)]


def feed_lines(text: str) -> list[int]:
    pieces = re.split("\n+", text) if text else []
    every = text.split("\n")
    filled = [line for line in every if line.strip()]
    terminal = sum(line[-1] in TERMINALS for line in filled)
    short = sum(len(line) <= 30 for line in filled)
    third = min(nlargest(3, map(len, every))) if len(every) > 2 else 0
    return [
        len(pieces), *duplicates(pieces), len(filled), terminal, short, duplicates(filled)[1], third
    ]  # fmt: skip


def paragraphs(text: str) -> list[int]:
    pieces = re.split("\n{2,}", text.strip())
    return [len(pieces), *duplicates(pieces)]


@cache
def sentence_pattern() -> re.Pattern[str]:
    upper = "".join(map(chr, range(0x110000)))
    upper = re.escape("".join(char for char in upper if unicodedata.category(char) == "Lu"))
    terminal = re.escape("".join(sorted(TERMINALS)))
    return re.compile(f"(?:(?:[{upper}]\\.)|.)+?[{terminal}]+[\"'”]?")


def sentences(line: str) -> int:
    return max(len(sentence_pattern().findall(line)), 1)


def c4(text: str) -> list[int]:
    counts = Counter()
    for raw in text.splitlines():
        counts["lines"] += 1
        line = raw.strip()
        found = line.split()
        if any(len(word) > 1000 for word in found):
            counts["long_word_lines"] += 1
            continue
        line = CITATION.sub("", line)
        if not line.endswith((".", "?", "!", '"', "'")) or line.endswith("..."):
            counts["unpunctuated_lines"] += 1
            continue
        if len(found) < 3:
            counts["short_lines"] += 1
            continue
        lower = line.lower()
        counts["lorem_ipsum_lines"] += "lorem ipsum" in lower
        if "javascript" in lower:
            counts["javascript_lines"] += 1
            continue
        counts["curly_bracket_lines"] += "{" in line
        if any(policy in lower for policy in POLICIES):
            counts["policy_lines"] += 1
            continue
        counts["lines_kept"] += 1
        counts["words_kept"] += len(line.split())
        counts["sentences_kept"] += sentences(line)
    return [counts[name] for name in C4_NAMES]


C4_NAMES = (
    "lines", "long_word_lines", "unpunctuated_lines", "short_lines", "javascript_lines", "policy_lines",
    "lorem_ipsum_lines", "curly_bracket_lines", "lines_kept", "words_kept", "sentences_kept",
)  # fmt: skip


def text_stats(text: str) -> dict[str, list[int]]:
    """The row of each table of `TextStats`."""
    return {
        "characters": characters(text),
        "words": words(text),
        "top_grams": [top_gram(text, n) for n in (2, 3, 4)],
        "duplicate_grams": [duplicate_gram(text, n) for n in (5, 6, 7, 8, 9, 10)],
        "lines": lines(text),
        "feed_lines": feed_lines(text),
        "paragraphs": paragraphs(text),
        "c4": c4(text),
    }
