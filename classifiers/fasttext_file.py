"""Reading supervised fastText models, .bin and .ftz, into arrays.

The layout is that of fastText 0.9 (`FastText::saveModel`): arguments, dictionary, input matrix, output
matrix, little-endian. Quantised matrices (product quantisation, Joulin et al. 2016, "FastText.zip") are
decoded once, here.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from classifiers.errors import ModelError

_MAGIC, _VERSION = 793712314, 12
_HIERARCHICAL_SOFTMAX, _SOFTMAX = 1, 3
_SUPERVISED = 3
_LABEL = 1
_CENTROIDS = 256


@dataclass(frozen=True)
class ModelFile:
    """What a file of a supervised model holds.

    words, labels: in the dictionary's order; `label_counts` int64[labels], of the training data.
    characters: shortest and longest character n-gram; (0, 0) where there are none.
    word_ngrams: longest n-gram of words; 1 where there are none.
    buckets: number of hashes of n-grams.
    kept: int32[k, 2], hash and row of the n-grams that pruning left; None where all were left.
    inputs: float32[words + rows of n-grams, dimensions].
    outputs: float32[labels, dimensions].
    hierarchical: whether the loss is the hierarchical softmax, else the softmax.
    """

    words: list[bytes]
    labels: list[str]
    label_counts: np.ndarray
    characters: tuple[int, int]
    word_ngrams: int
    buckets: int
    kept: np.ndarray | None
    inputs: np.ndarray
    outputs: np.ndarray
    hierarchical: bool


def read_model(path: Path) -> ModelFile:
    """Read a model.

    Raises:
        ModelError: the file is absent, cut off, no fastText model, or one of a kind that classifies nothing
            or has a loss other than `softmax` and `hs`.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: the model can't be read: {error.strerror or error}") from error
    try:
        return _parse(_Cursor(content))
    except (struct.error, ValueError, OverflowError) as error:
        reason = error if isinstance(error, ModelError) else f"no whole fastText model ({error})"
        raise ModelError(f"{path}: {reason}") from error


class _Cursor:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def numbers(self, layout: str) -> tuple:
        values = struct.unpack_from("<" + layout, self._content, self._at)
        self._at += struct.calcsize("<" + layout)
        return values

    def word(self) -> bytes:
        end = self._content.index(b"\0", self._at)
        word = self._content[self._at : end]
        self._at = end + 1
        return word

    def array(self, dtype: str, *shape: int) -> np.ndarray:
        if min(shape) < 0:
            raise ValueError(f"an array of shape {shape}")
        n = int(np.prod(shape, dtype=object))
        values = np.frombuffer(self._content, dtype, n, self._at).reshape(shape)
        self._at += values.nbytes
        return values


def _parse(cursor: _Cursor) -> ModelFile:
    magic, version = cursor.numbers("ii")
    if magic != _MAGIC:
        raise ModelError("not a fastText model")
    if version != _VERSION:
        raise ModelError(f"a fastText model of version {version}; {_VERSION} can be read")
    names = (
        "dimensions window epochs least_count negatives word_ngrams loss kind buckets shortest longest "
        "update_rate sampling"
    ).split()
    settings = dict(zip(names, cursor.numbers("12id"), strict=True))
    if settings["kind"] != _SUPERVISED:
        raise ModelError("a fastText model of word vectors; a supervised one is needed")
    if settings["loss"] not in (_HIERARCHICAL_SOFTMAX, _SOFTMAX):
        raise ModelError("a fastText model trained with another loss than softmax or hs")
    if settings["buckets"] < 0 or settings["word_ngrams"] < 1:
        raise ValueError("settings out of range")

    size, n_words, n_labels, _, n_kept = cursor.numbers("iiiqq")
    if n_labels < 1 or n_words < 0 or size != n_words + n_labels:
        raise ValueError("a dictionary of other size than it says")
    words, labels, counts = [], [], []
    for _ in range(size):
        entry = cursor.word()
        count, kind = cursor.numbers("qb")
        if kind == _LABEL:
            labels.append(entry.decode().removeprefix("__label__"))
            counts.append(count)
        else:
            words.append(entry)
    if len(labels) != n_labels:
        raise ValueError("a dictionary of other size than it says")
    kept = None if n_kept < 0 else cursor.array("<i4", n_kept, 2)

    (quantised,) = cursor.numbers("?")
    inputs = _quantised_matrix(cursor) if quantised else _matrix(cursor)
    (quantised_output,) = cursor.numbers("?")
    outputs = _quantised_matrix(cursor) if quantised and quantised_output else _matrix(cursor)

    longest = max(settings["longest"], 0)
    has_ngrams = longest > 0 or settings["word_ngrams"] > 1
    rows = n_words + (0 if not has_ngrams else settings["buckets"] if kept is None else len(kept))
    dimensions = settings["dimensions"]
    if len(inputs) < rows or inputs.shape[1] != dimensions or outputs.shape != (n_labels, dimensions):
        raise ValueError("matrices of other shapes than the dictionary needs")
    if kept is not None and not (
        _within(kept[:, 0], settings["buckets"]) and _within(kept[:, 1], len(inputs) - n_words)
    ):
        raise ValueError("n-grams without a row")
    return ModelFile(
        words=words,
        labels=labels,
        label_counts=np.array(counts, np.int64),
        characters=(max(settings["shortest"], 0), longest),
        word_ngrams=settings["word_ngrams"],
        buckets=settings["buckets"],
        kept=kept,
        inputs=np.ascontiguousarray(inputs, np.float32),
        outputs=np.ascontiguousarray(outputs, np.float32),
        hierarchical=settings["loss"] == _HIERARCHICAL_SOFTMAX,
    )


def _within(numbers: np.ndarray, end: int) -> bool:
    return bool(np.all((numbers >= 0) & (numbers < end)))


def _matrix(cursor: _Cursor) -> np.ndarray:
    return cursor.array("<f4", *cursor.numbers("qq"))


def _quantised_matrix(cursor: _Cursor) -> np.ndarray:
    has_norms, rows, _, n_codes = cursor.numbers("?qqi")
    codes = cursor.array("u1", n_codes)
    vectors = _decoded(cursor, codes)
    if len(vectors) != rows:
        raise ValueError("a quantised matrix of other size than it says")
    if has_norms:
        norm_codes = cursor.array("u1", rows)
        vectors *= _decoded(cursor, norm_codes)
    return vectors


def _decoded(cursor: _Cursor, codes: np.ndarray) -> np.ndarray:
    dimensions, parts, width, last_width = cursor.numbers("4i")
    if min(dimensions, parts, width, last_width) < 1 or (parts - 1) * width + last_width != dimensions:
        raise ValueError("a quantiser of impossible size")
    centroids = cursor.array("<f4", dimensions * _CENTROIDS)
    codes = codes.reshape(-1, parts)
    vectors = np.empty((len(codes), dimensions), np.float32)
    for part in range(parts):
        begin = part * width
        end = begin + (width if part < parts - 1 else last_width)
        table = centroids[begin * _CENTROIDS : end * _CENTROIDS].reshape(_CENTROIDS, end - begin)
        vectors[:, begin:end] = table[codes[:, part]]
    return vectors
