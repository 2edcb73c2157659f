"""Cuts a document into passages that a recipe can take as seeds: at ends of paragraphs and sentences."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from synth.recipes.recipe import Seed
from textkernels.words import words

SHORTEST = 40  # words
SENTENCE = 8  # words: what is shorter and ends in a full stop may be an item of a list
MENU_LINES = 3

_PARAGRAPH = re.compile(r"\S(?:.*?\S)??(?=[^\S\n]*\n\s*\n|\s*\Z)", re.DOTALL)
_SENTENCE = re.compile(r"\S.*?(?:[.!?…؟।][\"'”’»)\]]*(?=\s)|[。！？｡][」』）]*|\Z)", re.DOTALL)
_PROSE_END = re.compile(r"[.!?…:؟।。！？｡][\"'”’»)\]」』）]*\Z")
_LINE = re.compile(r"\S[^\n]*")
_LABEL = re.compile(r"(?:[-*•|>#]+\s+)?[\w&/|,'’»›+-]+(?:\s+[\w&/|,'’»›+-]+){0,5}\s*")
_LONGEST_LABEL = 80  # characters


@dataclass(frozen=True)
class _Piece:
    """Characters start to end of the text: what a passage is put together from.

    words, and those of them that stand in sentences: prose.
    """

    start: int
    end: int
    words: int
    prose: int


def seeds(doc: int, id: str, text: str, seed_words: int, language: str | None = None) -> list[Seed]:
    """The passages of a document, in order; they do not overlap.

    A passage has SHORTEST to `seed_words` words (as `textkernels.words` counts them), ends where a paragraph ends,
    or else a sentence, or else a word, and has as many paragraphs as fit. SHORTEST of its words, and half of
    them, stand in sentences; what is all lists, tables or code is no seed. Runs of
    MENU_LINES and more lines that are mere labels (menus) end a passage and are in none.

    Args:
        doc, id, language: of the document, for the seeds.
        seed_words: most words of a passage.
    """
    places = _Places(text)
    found = []
    for block in _blocks(text):
        for start, end in _passages(_pieces(text, block, places, seed_words), seed_words):
            while text[start].isspace():
                start += 1
            found.append(Seed(doc, id, text[start:end], *places.byte_span(start, end), language))
    return found


def sentences(text: str) -> list[str]:
    """The sentences of a text, each without the space around it."""
    return [sentence[0] for sentence in _SENTENCE.finditer(text)]


class _Places:
    """Bytes and words of a text by its characters."""

    def __init__(self, text: str):
        data = np.frombuffer(text.encode(), np.uint8)
        self._byte_of = np.append(np.flatnonzero((data & 0xC0) != 0x80), data.size)
        found = words(pa.array([text], pa.large_string()))
        self._starts, self._ends = found.starts, found.ends

    def byte_span(self, start: int, end: int) -> tuple[int, int]:
        return int(self._byte_of[start]), int(self._byte_of[end])

    def words_between(self, start: int, end: int) -> int:
        first, last = self.byte_span(start, end)
        return int(np.searchsorted(self._starts, last) - np.searchsorted(self._ends, first, "right"))

    def after_words(self, start: int, count: int) -> int:
        """The character behind the count-th word that begins at or behind `start`."""
        first = int(np.searchsorted(self._starts, self._byte_of[start]))
        return int(np.searchsorted(self._byte_of, self._ends[first + count - 1]))


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """What stands between the menus."""
    start, labels = 0, []
    for line in _LINE.finditer(text):
        if line.end() - line.start() <= _LONGEST_LABEL and _LABEL.fullmatch(line[0]):
            labels.append(line)
            continue
        if len(labels) >= MENU_LINES:
            yield start, labels[0].start()
            start = line.start()
        labels = []
    yield start, labels[0].start() if len(labels) >= MENU_LINES else len(text)


def _pieces(text: str, block: tuple[int, int], places: _Places, most: int) -> Iterator[_Piece]:
    for paragraph in _PARAGRAPH.finditer(text, *block):
        sentences = [
            _Piece(*sentence.span(), size, size if _is_prose(sentence[0], size) else 0)
            for sentence in _SENTENCE.finditer(text, *paragraph.span())
            for size in [places.words_between(*sentence.span())]
        ]
        size = places.words_between(*paragraph.span())
        if size <= most:
            yield _Piece(*paragraph.span(), size, sum(sentence.prose for sentence in sentences))
            continue
        for sentence in sentences:
            for start, end, part in _cut(sentence.start, sentence.end, places, most):
                yield _Piece(start, end, part, part if sentence.prose else 0)


def _is_prose(sentence: str, size: int) -> bool:
    return size >= SENTENCE and _PROSE_END.search(sentence, max(0, len(sentence) - 5)) is not None


def _cut(start: int, end: int, places: _Places, most: int) -> Iterator[tuple[int, int, int]]:
    """The span in parts of at most `most` words, each with their number."""
    while (size := places.words_between(start, end)) > most:
        stop = places.after_words(start, most)
        yield start, stop, most
        start = stop
    yield start, end, size


def _passages(pieces: Iterator[_Piece], most: int) -> Iterator[tuple[int, int]]:
    taken: list[_Piece] = []
    for piece in pieces:
        if taken and sum(p.words for p in taken) + piece.words > most:
            yield from _worth_it(taken)
            taken = []
        taken.append(piece)
    yield from _worth_it(taken)


def _worth_it(pieces: list[_Piece]) -> Iterator[tuple[int, int]]:
    size = sum(piece.words for piece in pieces)
    prose = sum(piece.prose for piece in pieces)
    if prose >= SHORTEST and 2 * prose >= size:
        yield pieces[0].start, pieces[-1].end
