"""fastText's classification over Arrow buffers, whole columns at a time.

The arithmetic is fastText's own (Joulin et al. 2016, "Bag of Tricks for Efficient Text Classification"): a
line is split at ASCII white space; the vectors of its words, of their character n-grams, of its word n-grams
and of the end of the line are averaged, and the labels' probabilities are the softmax, or the hierarchical
softmax, of that vector. `fasttext.predict` over the same lines gives the same probabilities but for rounding
(the tests hold 1e-4). One thing differs, for text is data: a word `</s>` does not end the line.

It is here because the library takes and gives Python objects and decodes quantised vectors anew at every use:
see benchmarks/models.py for both.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
from numba import njit

from classifiers.fasttext_file import ModelFile, read_model
from textkernels.arrays import as_input, as_offsets
from textkernels.columns import text_buffers
from textkernels.simd import ones

_END_OF_LINE = b"</s>"
_FNV_OFFSET, _FNV_PRIME = 2166136261, 16777619
_WORD_NGRAM_FACTOR = np.uint64(116049371)
_RECENT = 1 << 12
_LABEL_PREFIX = np.frombuffer(b"__label__", np.uint8)
_UNKNOWN, _LABEL = -1, -2


class FastTextModel:
    """A supervised fastText model; `labels` are without their prefix, in the order of `probabilities`."""

    def __init__(self, model: ModelFile) -> None:
        n_words = len(model.words)
        self.labels = tuple(model.labels)
        self._word_bytes = as_input(np.frombuffer(b"".join(model.words), np.uint8), np.uint8, "words")
        self._word_ends = as_input(np.cumsum([0, *map(len, model.words)], dtype=np.int64), np.int64, "words")
        slots = np.full(1 << (2 * n_words + 1).bit_length(), -1, np.int32)
        _fill_slots(self._word_bytes, self._word_ends, slots)
        self._slots = as_input(slots, np.int32, "slots")
        self._end_of_line = model.words.index(_END_OF_LINE) if _END_OF_LINE in model.words else _UNKNOWN
        self._ngrams = (
            *model.characters,
            model.word_ngrams,
            *_ngram_places(model),
        )
        # A known word's vector with those of its character n-grams: they are needed only as a sum.
        vectors, counts = model.inputs[:n_words].copy(), np.ones(n_words, np.int64)
        _add_ngrams_of_words(
            self._word_bytes, self._word_ends, self._end_of_line,
            *model.characters, *self._ngrams[3:], vectors, counts,
        )  # fmt: skip
        self._vectors = as_input(vectors, np.float32, "vectors")
        self._counts = as_input(counts, np.int64, "counts")
        self._outputs = as_input(model.outputs.T, np.float32, "outputs")
        self._tree = _huffman_tree(model.label_counts) if model.hierarchical else None

    @classmethod
    def load(cls, path: Path) -> "FastTextModel":
        """Read a .bin or .ftz file. Raises `errors.ModelError`."""
        return cls(read_model(path))

    def probabilities(self, pieces: pa.Array, lines: np.ndarray) -> np.ndarray:
        """Classify lines of text.

        Args:
            pieces: string or binary, of m pieces; their newlines count as spaces.
            lines: int64[n + 1], line i is the pieces ``lines[i]:lines[i + 1]``, between which words end.

        Returns:
            float32[n, labels]. Each is up to 1e-5 above the label's share, as fastText has it.

        Raises:
            TypeError: pieces are not text, lines not int64.
            ValueError: lines do not cut the pieces.
        """
        data, offsets = text_buffers(pieces)
        lines = as_offsets(lines, len(pieces), "lines")
        most = len(data) // 2 + len(pieces)
        begins, ends, hashes = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.uint32)
        line_ends = np.empty(len(lines), np.int64)
        n = _split(data, as_input(offsets, np.int64, "offsets"), lines, begins, ends, hashes, line_ends)
        begins, ends, hashes = begins[:n], ends[:n], hashes[:n]
        words = np.empty(n, np.int32)
        _look_up(data, begins, ends, hashes, self._word_bytes, self._word_ends, self._slots, words)
        hidden = np.empty((len(lines) - 1, self._vectors.shape[1]), np.float32)
        _average(
            data, begins, ends, hashes, words, line_ends, self._vectors, self._counts,
            self._end_of_line, _END_HASH, *self._ngrams, hidden,
        )  # fmt: skip
        scores = np.empty((len(hidden), len(self.labels)), np.float32)
        _scores(hidden, self._outputs, scores)
        if self._tree is None:
            _softmax(scores)
        else:
            _hierarchical_softmax(scores, self._tree)
        return scores


def _ngram_places(model: ModelFile) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Which n-grams have a vector, and their vectors.

    Returns:
        present, uint64[ceil(buckets / 64)]: bit k of word j says whether the n-grams of hash 64 j + k have one;
        before, int32 of the same size: how many have one in the words of `present` before; vectors in the order of their hashes; and the
        number of buckets, 0 where no n-gram has one.
    """
    used = model.characters[1] > 0 or model.word_ngrams > 1
    vectors = model.inputs[len(model.words) :]
    flags = np.zeros(-(-model.buckets // 64) * 64, bool)
    if model.kept is None:
        flags[: model.buckets] = used
    else:
        order = np.argsort(model.kept[:, 0])
        flags[model.kept[order, 0]] = used
        vectors = vectors[model.kept[order, 1]]
    present = np.packbits(flags, bitorder="little").view("<u8")
    before = np.concatenate([[0], np.cumsum(flags.reshape(-1, 64).sum(axis=1))[:-1]])[: len(present)]
    return (
        as_input(present, np.uint64, "present"),
        as_input(before.astype(np.int32), np.int32, "before"),
        as_input(vectors, np.float32, "n-grams"),
        model.buckets if flags.any() else 0,
    )


def _huffman_tree(counts: np.ndarray) -> np.ndarray:
    """Children of the inner nodes, int64[labels - 1, 2], as fastText builds the tree: from counts that fall.

    Node k < labels is label k, node labels + k is inner node k; the last is the root.
    """
    n = len(counts)
    count = np.full(2 * n - 1, 10**15, np.int64)
    count[:n] = counts
    children = np.empty((n - 1, 2), np.int64)
    leaf, node = n - 1, n
    for inner in range(n, 2 * n - 1):
        for side in (0, 1):
            if leaf >= 0 and count[leaf] < count[node]:
                children[inner - n, side] = leaf
                leaf -= 1
            else:
                children[inner - n, side] = node
                node += 1
        count[inner] = count[children[inner - n]].sum()
    return as_input(children, np.int64, "tree")


@njit(forceinline=True)
def _mixed_in(h, byte):
    # FNV-1a over signed bytes, as fastText has it.
    extended = np.uint32(byte) | (np.uint32(0xFFFFFF00) if byte > 127 else np.uint32(0))
    return np.uint32((np.uint64(h ^ extended) * np.uint64(_FNV_PRIME)) & np.uint64(0xFFFFFFFF))


@njit(cache=True, nogil=True)
def _hash(data, begin, end):
    h = np.uint32(_FNV_OFFSET)
    for at in range(begin, end):
        h = _mixed_in(h, data[at])
    return h


@njit(cache=True, nogil=True)
def _fill_slots(word_bytes, word_ends, slots):
    mask = slots.size - 1
    for word in range(word_ends.size - 1):
        slot = np.int64(_hash(word_bytes, word_ends[word], word_ends[word + 1])) & mask
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = word


_END_HASH = _hash(np.frombuffer(_END_OF_LINE, np.uint8), 0, len(_END_OF_LINE))


# What follows is cut into passes over arrays, each one function: passing arrays to a helper for every word
# would take as long as the work, for it counts references.


@njit(cache=True, nogil=True)
def _split(data, offsets, lines, begins, ends, hashes, line_ends):
    """Find the words of all lines and their hashes; line i has those up to ``line_ends[i + 1]``."""
    n = 0
    line_ends[0] = 0
    for line in range(lines.size - 1):
        for piece in range(lines[line], lines[line + 1]):
            begin = at = offsets[piece]
            end = offsets[piece + 1]
            h = np.uint32(_FNV_OFFSET)
            while at < end:
                byte = data[at]
                if byte <= 32 and (byte == 32 or byte == 0 or 9 <= byte <= 13):
                    if at > begin:
                        begins[n], ends[n], hashes[n] = begin, at, h
                        n += 1
                    begin = at + 1
                    h = np.uint32(_FNV_OFFSET)
                else:
                    h = _mixed_in(h, byte)
                at += 1
            if at > begin:
                begins[n], ends[n], hashes[n] = begin, at, h
                n += 1
        line_ends[line + 1] = n
    return n


@njit(cache=True, nogil=True)
def _look_up(data, begins, ends, hashes, word_bytes, word_ends, slots, words):
    """The number of each word in the model, or _UNKNOWN, or _LABEL, which is left out."""
    mask = slots.size - 1
    for k in range(words.size):
        begin, size = begins[k], ends[k] - begins[k]
        words[k] = _UNKNOWN
        slot = np.int64(hashes[k]) & mask
        while slots[slot] >= 0:
            word = slots[slot]
            first = word_ends[word]
            if word_ends[word + 1] - first == size:
                same = 0
                while same < size and word_bytes[first + same] == data[begin + same]:
                    same += 1
                if same == size:
                    words[k] = word
                    break
            slot = (slot + 1) & mask
        if words[k] == _UNKNOWN and size >= _LABEL_PREFIX.size and data[begin] == _LABEL_PREFIX[0]:
            same = 0
            while same < _LABEL_PREFIX.size and data[begin + same] == _LABEL_PREFIX[same]:
                same += 1
            if same == _LABEL_PREFIX.size:
                words[k] = _LABEL


@njit(forceinline=True)
def _remainder(h, buckets, share):
    """h modulo buckets by a multiplication: a division would take longer than all else about an n-gram."""
    bucket = np.int64(h) - np.int64(np.float64(h) * share) * buckets
    return bucket + buckets if bucket < 0 else bucket - buckets if bucket >= buckets else bucket


@njit(cache=True, nogil=True, error_model="numpy")
def _add_character_ngrams(data, begin, end, shortest, longest, present, before, ngrams, buckets, total):
    """Add the vectors of the n-grams of ``<word>`` to `total`; returns how many they were."""
    added = 0
    if buckets == 0 or longest == 0:
        return 0
    share = 1.0 / buckets
    for first in range(begin - 1, end + 1):
        if begin <= first < end and data[first] & 0xC0 == 0x80:
            continue
        at = first
        h = np.uint32(_FNV_OFFSET)
        n = 1
        while at <= end and n <= longest:
            h = _mixed_in(h, np.uint8(60) if at < begin else np.uint8(62) if at == end else data[at])
            at += 1
            while begin < at < end and data[at] & 0xC0 == 0x80:
                h = _mixed_in(h, data[at])
                at += 1
            if n >= shortest and not (n == 1 and (first < begin or at > end)):
                bucket = _remainder(h, buckets, share)
                bits = present[bucket >> 6]
                bit = np.uint64(1) << np.uint64(bucket & 63)
                if bits & bit:
                    row = before[bucket >> 6] + ones(bits & (bit - np.uint64(1)))
                    for d in range(total.size):
                        total[d] += ngrams[row, d]
                    added += 1
            n += 1
    return added


@njit(cache=True, nogil=True)
def _add_ngrams_of_words(
    word_bytes, word_ends, end_of_line, shortest, longest, present, before, ngrams, buckets, vectors, counts
):
    for word in range(word_ends.size - 1):
        if word != end_of_line:
            counts[word] += _add_character_ngrams(
                word_bytes, word_ends[word], word_ends[word + 1],
                shortest, longest, present, before, ngrams, buckets, vectors[word],
            )  # fmt: skip


@njit(cache=True, nogil=True)
def _average(
    data, begins, ends, hashes, words, line_ends, vectors, counts, end_of_line, end_hash,
    shortest, longest, word_ngrams, present, before, ngrams, buckets, hidden,
):  # fmt: skip
    """The mean vector of each line, float32[lines, dimensions]."""
    dimensions = hidden.shape[1]
    # Sums of n-grams of words met before, by the low bits of the word's hash, and the word's number here.
    recent = np.full(_RECENT, -1, np.int64)
    recent_vectors = np.empty((_RECENT if longest else 0, dimensions), np.float32)
    recent_counts = np.empty(_RECENT, np.int64)
    running = np.empty(word_ngrams, np.uint64)  # hashes of the word n-grams that may go on, shortest first
    total = np.empty(dimensions, np.float32)
    for line in range(hidden.shape[0]):
        total[:] = 0
        added = open_ngrams = 0
        for k in range(line_ends[line], line_ends[line + 1] + 1):
            if k < line_ends[line + 1]:
                word, h = words[k], hashes[k]
            else:
                word, h = end_of_line, end_hash
            if word == _LABEL:
                continue
            if word >= 0:
                for d in range(dimensions):
                    total[d] += vectors[word, d]
                added += counts[word]
            elif longest and k < line_ends[line + 1]:
                slot = np.int64(h) & (_RECENT - 1)
                other = recent[slot]
                same = other >= 0 and ends[other] - begins[other] == ends[k] - begins[k]
                if same:
                    for j in range(ends[k] - begins[k]):
                        if data[begins[k] + j] != data[begins[other] + j]:
                            same = False
                            break
                if not same:
                    recent[slot] = k
                    recent_vectors[slot] = 0
                    recent_counts[slot] = _add_character_ngrams(
                        data,
                        begins[k],
                        ends[k],
                        shortest,
                        longest,
                        present,
                        before,
                        ngrams,
                        buckets,
                        recent_vectors[slot],
                    )
                for d in range(dimensions):
                    total[d] += recent_vectors[slot, d]
                added += recent_counts[slot]
            if word_ngrams > 1 and buckets:
                signed = np.uint64(np.int64(np.int32(h)))
                for j in range(open_ngrams - 1, -1, -1):
                    extended = running[j] * _WORD_NGRAM_FACTOR + signed
                    bucket = np.int64(extended % np.uint64(buckets))
                    bits = present[bucket >> 6]
                    bit = np.uint64(1) << np.uint64(bucket & 63)
                    if bits & bit:
                        row = before[bucket >> 6] + ones(bits & (bit - np.uint64(1)))
                        for d in range(dimensions):
                            total[d] += ngrams[row, d]
                        added += 1
                    running[j + 1] = extended
                running[0] = signed
                open_ngrams = min(open_ngrams + 1, word_ngrams - 1)
        for d in range(dimensions):
            hidden[line, d] = total[d] / np.float32(added) if added else np.float32(0)


@njit(cache=True, nogil=True)
def _scores(hidden, outputs, scores):
    # Label by label, each sum in the order of the dimensions: it can be done for many labels at a time.
    for line in range(hidden.shape[0]):
        scores[line] = 0
        for d in range(hidden.shape[1]):
            for label in range(scores.shape[1]):
                scores[line, label] += outputs[d, label] * hidden[line, d]


@njit(cache=True, nogil=True)
def _softmax(scores):
    for line in range(scores.shape[0]):
        largest = scores[line].max()
        total = np.float64(0)
        for label in range(scores.shape[1]):
            scores[line, label] = np.exp(scores[line, label] - largest)
            total += scores[line, label]
        for label in range(scores.shape[1]):
            scores[line, label] = scores[line, label] / total + 1e-5


@njit(cache=True, nogil=True)
def _hierarchical_softmax(scores, tree):
    n = scores.shape[1]
    share = np.empty(2 * n - 1)
    for line in range(scores.shape[0]):
        share[2 * n - 2] = 1.0
        for node in range(n - 2, -1, -1):
            right = 1.0 / (1.0 + np.exp(-np.float64(scores[line, node])))
            share[tree[node, 0]] = share[n + node] * (1.0 - right + 1e-5)
            share[tree[node, 1]] = share[n + node] * (right + 1e-5)
        scores[line] = share[:n]
