import numpy as np
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from textkernels.minhash import SCHEME, band_keys, signatures

from .word_oracle import M64, mix64

documents_of_shingles = st.lists(st.lists(st.integers(0, M64), max_size=30), max_size=5)


def flat(documents):
    offsets = np.cumsum([0, *map(len, documents)])
    return np.array([h for shingles in documents for h in shingles], np.uint64), offsets


def oracle(documents, num_perm, seed):
    rows = np.empty((len(documents), num_perm), np.uint32)
    for row, shingles in zip(rows, documents, strict=True):
        sketch = MinHash(num_perm=num_perm, seed=seed, scheme=SCHEME, hashfunc=lambda h: h)
        if shingles:
            sketch.update_batch([h & 0xFFFFFFFF for h in shingles])
        row[:] = sketch.hashvalues
    return rows


@given(documents_of_shingles, st.integers(1, 70), st.integers(0, 2**32 - 1))
@settings(max_examples=50)
def test_signatures_are_those_of_datasketch(documents, num_perm, seed):
    found = signatures(*flat(documents), num_perm, seed)
    assert found.dtype == np.uint32
    assert (found == oracle(documents, num_perm, seed)).all()


@pytest.mark.parametrize("num_perm", [1, 8, 15, 16, 17, 128, 140, 256])
def test_any_number_of_permutations_and_shingles_fits(num_perm):
    random = np.random.default_rng(num_perm)
    documents = [
        random.integers(0, 2**64, size, dtype=np.uint64).tolist()
        for size in (0, 1, 7, 8, 9, 2047, 2048, 2049, 5000)
    ]
    assert (signatures(*flat(documents), num_perm, 3) == oracle(documents, num_perm, 3)).all()


def test_a_document_without_shingles_has_the_empty_signature():
    assert (signatures(*flat([[], [1], []]), 5, 0)[[0, 2]] == 2**32 - 1).all()
    assert signatures(*flat([]), 5, 0).shape == (0, 5)


def test_only_the_set_of_shingles_counts():
    one, other = signatures(*flat([[5, 6, 7], [7, 5, 5, 6, 7]]), 20, 1)
    assert (one == other).all()


def test_the_signature_of_fixed_hashes_stays():
    found = signatures(*flat([[1, 2, 3, M64]]), 6, 1)
    assert found.tolist() == [[215380072, 3244659270, 1353453797, 2430204775, 925540183, 790557683]]
    assert [f"{key:016x}" for key in band_keys(found, 3, 2)[0].tolist()] == [
        "6c40916570d61aef",
        "d64d93fd3e98ad0e",
        "9b44c68317cf37b0",
    ]


def test_band_keys_are_those_of_the_formula():
    rows = np.random.default_rng(0).integers(0, 2**32, (4, 12), dtype=np.uint32)
    expected = []
    for signature in rows.tolist():
        for band in range(3):
            h = mix64(band + 1)
            for value in signature[band * 4 : band * 4 + 4]:
                h = mix64(h ^ value)
            expected.append(h)
    found = band_keys(rows, 3, 4)
    assert found.dtype == np.uint64 and found.shape == (4, 3)
    assert found.ravel().tolist() == expected


def test_equal_rows_in_different_bands_have_different_keys():
    keys = band_keys(np.full((1, 40), 7, np.uint32), 20, 2)
    assert np.unique(keys).size == 20


def test_unfit_arguments_are_refused():
    hashes, offsets = flat([[1, 2]])
    with pytest.raises(ValueError, match="num_perm must be at least 1"):
        signatures(hashes, offsets, 0, 0)
    with pytest.raises(ValueError, match="Seed"):
        signatures(hashes, offsets, 2, -1)
    with pytest.raises(TypeError, match="must be an array of uint32"):
        band_keys(np.zeros((1, 4), np.uint64), 2, 2)
    with pytest.raises(ValueError, match="2 bands of 3 rows do not make up"):
        band_keys(np.zeros((1, 4), np.uint32), 2, 3)
