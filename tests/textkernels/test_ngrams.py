from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkernels.ngrams import distinct, ngram_hashes, shingles
from textkernels.words import word_hashes

from .word_oracle import M64, mix64

BASE = 0x9E3779B97F4A7C15

TRAIN = (
    "There are some oarsmen in a boat. The average weight is increased by 1.8 kg when one of the "
    "crew, who weighs 53 kg, is replaced by a new man who weighs 71 kg. How many oarsmen are there "
    "in the boat?"
)
TEST = (
    "The average weight of 10 oarsmen in a boat is increased by 1.8 kg when one of the crew, who "
    "weighs 53 kg is replaced by a new man. Find the weight of the new man. A. 71 B. 62 C. 43 D. 67 "
    "E. 40"
)

words64 = st.integers(0, M64) | st.integers(0, 3)
columns = st.lists(st.lists(words64, max_size=20), max_size=6)


def flat(documents):
    offsets = np.cumsum([0, *map(len, documents)])
    return np.array([v for words in documents for v in words], np.uint64), offsets


def parts(hashes, offsets):
    return [hashes[a:b].tolist() for a, b in pairwise(offsets)]


def gram(words):
    h = 0
    for word in words:
        h = (h * BASE + word) & M64
    return mix64(h)


def grams_of(words, n):
    return [gram(words[k : k + n]) for k in range(len(words) - n + 1)]


@given(columns, st.integers(1, 15))
def test_grams_are_those_of_the_formula_in_text_order(documents, n):
    hashes, offsets = ngram_hashes(*flat(documents), n)
    assert hashes.dtype == np.uint64 and offsets.dtype == np.int64
    assert parts(hashes, offsets) == [grams_of(words, n) for words in documents]


@given(columns, st.integers(1, 15))
def test_shingles_give_a_short_document_one_gram_of_all_its_words(documents, n):
    expected = [
        grams_of(words, n) if len(words) >= n else [gram(words)] if words else [] for words in documents
    ]
    assert parts(*shingles(*flat(documents), n)) == expected


@given(columns)
def test_distinct_sorts_each_document_and_drops_repeats(documents):
    assert parts(*distinct(*flat(documents))) == [sorted(set(words)) for words in documents]


def test_distinct_holds_for_long_and_for_skewed_documents():
    random = np.random.default_rng(0)
    documents = [
        random.integers(0, 2**64, 5_000, dtype=np.uint64).tolist(),
        random.integers(0, 50, 5_000).tolist(),
        [*range(3_000, 0, -1), M64, 0],
        [7] * 3_000,
        (random.integers(0, 2**20, 3_000).astype(np.uint64) << np.uint64(44)).tolist(),
    ]
    assert parts(*distinct(*flat(documents))) == [sorted(set(words)) for words in documents]


def test_equal_words_have_equal_grams_wherever_they_stand():
    hashes, offsets = word_hashes(pa.array(["x y one two three four z", "One, two; THREE four!"]))
    first, second = parts(*ngram_hashes(hashes, offsets, 4))
    assert second == first[2:3]


def test_the_record_of_the_phi_4_report_shares_as_many_grams_as_printed():
    # Phi-4 technical report, appendix B.1, with a clean split: 37 and 41 7-grams, 15 shared.
    hashes, offsets = word_hashes(pa.array([TRAIN, TEST]))
    train, test = map(set, parts(*ngram_hashes(hashes, offsets, 7)))
    assert (len(train), len(test), len(train & test)) == (37, 41, 15)
    train, test = map(set, parts(*ngram_hashes(hashes, offsets, 13)))
    assert len(train & test) == 9


def test_the_grams_of_a_fixed_sentence_stay():
    hashes, _ = ngram_hashes(*word_hashes(pa.array(["one of the crew who weighs"])), 5)
    assert [f"{h:016x}" for h in hashes.tolist()] == ["dd55587e96c95782", "b23d18b45cbdd75f"]


def test_a_long_document_rolls_without_drift():
    words = np.random.default_rng(0).integers(0, 2**64, 100_000, dtype=np.uint64)
    hashes, _ = ngram_hashes(words, np.array([0, words.size]), 13)
    assert hashes.size == words.size - 12
    assert hashes[-1] == gram(words[-13:].tolist())


def test_unfit_arguments_are_refused():
    hashes, offsets = flat([[1, 2, 3]])
    with pytest.raises(ValueError, match="n must be at least 1"):
        ngram_hashes(hashes, offsets, 0)
    with pytest.raises(TypeError, match="hashes must be an array of uint64, got int64"):
        shingles(hashes.astype(np.int64), offsets, 2)
    for bad in ([0, 2], [1, 3], [0, 4, 3], []):
        with pytest.raises(ValueError, match="offsets must"):
            distinct(hashes, np.array(bad, np.int64))
