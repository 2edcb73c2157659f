"""MinHash signatures, the same bits as datasketch, and the keys of their bands."""

from functools import lru_cache

import numpy as np
from numba import njit

from textkernels.arrays import as_input, as_offsets
from textkernels.mixing import mix64

SCHEME = "affine32"

_EMPTY = np.uint32(0xFFFFFFFF)
_M1, _M2 = np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35)
_S16, _S13 = np.uint32(16), np.uint32(13)
_LANES = 16  # permutations come in whole blocks of so many
_STEP = 8  # shingles taken against a block at once, so that its values are loaded once for all
_CHUNK = 2048  # shingles mixed ahead: they stay in the first cache while all blocks pass over them


def signatures(shingle_hashes: np.ndarray, offsets: np.ndarray, num_perm: int, seed: int) -> np.ndarray:
    """MinHash signatures of documents.

    Equal, bit for bit, to ``datasketch.MinHash(num_perm=num_perm, seed=seed, scheme="affine32",
    hashfunc=identity)`` updated with the low 32 bits of every shingle hash (datasketch 2.0): x is
    mixed by MurmurHash3's fmix32, permutation k maps it to a[k] * x + b[k] modulo 2^32, and the
    least value counts. A document without shingles has 2^32 - 1 throughout.

    Args:
        shingle_hashes: uint64[n]; repeats make no difference.
        offsets: int64[n_documents + 1].
        num_perm: number of permutations, at least 1.
        seed: of NumPy's RandomState, 0 to 2^32 - 1.

    Returns:
        uint32[n_documents, num_perm].

    Raises:
        TypeError: an array is of another type.
        ValueError: num_perm < 1, the seed is out of range, or the offsets do not fit the hashes.
    """
    if num_perm < 1:
        raise ValueError(f"num_perm must be at least 1, got {num_perm}")
    shingle_hashes = as_input(shingle_hashes, np.uint64, "shingle_hashes")
    offsets = as_offsets(offsets, shingle_hashes.size)
    factors, addends = _permutations(num_perm, seed)
    out = np.empty((offsets.size - 1, num_perm), np.uint32)
    _sign(shingle_hashes, offsets, factors, addends, out)
    return out


def band_keys(signatures: np.ndarray, bands: int, rows: int) -> np.ndarray:
    """One 64-bit key for each band of each signature: equal for equal rows of the same band.

    The key of band k is h after ``h = mix64(k + 1); for row: h = mix64(h XOR row)``.

    Args:
        signatures: uint32[n, bands * rows].

    Returns:
        uint64[n, bands].

    Raises:
        TypeError: the signatures are not uint32.
        ValueError: they are not of bands * rows values each.
    """
    signatures = as_input(signatures, np.uint32, "signatures")
    if bands < 1 or rows < 1 or signatures.ndim != 2 or signatures.shape[1] != bands * rows:
        raise ValueError(
            f"{bands} bands of {rows} rows do not make up signatures of shape {signatures.shape}"
        )
    keys = np.empty((signatures.shape[0], bands), np.uint64)
    _band_keys(signatures, rows, keys)
    return keys


@lru_cache(maxsize=8)
def _permutations(num_perm: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    # As datasketch draws them: first all factors, which are odd, then all addends.
    random = np.random.RandomState(seed)
    padded = -(-num_perm // _LANES) * _LANES
    factors, addends = np.zeros(padded, np.uint32), np.zeros(padded, np.uint32)
    factors[:num_perm] = random.randint(0, 1 << 31, num_perm, dtype=np.uint32) * 2 + 1
    addends[:num_perm] = random.randint(0, 1 << 32, num_perm, dtype=np.uint32)
    return factors, addends


@njit(forceinline=True)
def _fmix32(x):
    x = np.uint32((x ^ (x >> _S16)) * _M1)
    x = np.uint32((x ^ (x >> _S13)) * _M2)
    return np.uint32(x ^ (x >> _S16))


@njit(forceinline=True)
def _lesser(least, x, factor, addend):
    return min(least, np.uint32(x * factor + addend))


@njit(cache=True, nogil=True)
def _sign(shingle_hashes, offsets, factors, addends, out):
    mixed = np.empty(_CHUNK + _STEP, np.uint32)
    least = np.empty(factors.size, np.uint32)
    for document in range(offsets.size - 1):
        least[:] = _EMPTY
        first, end = offsets[document], offsets[document + 1]
        for start in range(first, end, _CHUNK):
            size = min(_CHUNK, end - start)
            for k in range(size):
                mixed[k] = _fmix32(np.uint32(shingle_hashes[start + k]))
            # A repeat changes no minimum: the last step is filled up with them.
            padded = (size + _STEP - 1) // _STEP * _STEP
            for k in range(size, padded):
                mixed[k] = mixed[size - 1]
            for k in range(0, padded, _STEP):
                x0, x1, x2, x3 = mixed[k], mixed[k + 1], mixed[k + 2], mixed[k + 3]
                x4, x5, x6, x7 = mixed[k + 4], mixed[k + 5], mixed[k + 6], mixed[k + 7]
                for lane in range(factors.size):
                    a, b, m = factors[lane], addends[lane], least[lane]
                    m = _lesser(_lesser(_lesser(_lesser(m, x0, a, b), x1, a, b), x2, a, b), x3, a, b)
                    m = _lesser(_lesser(_lesser(_lesser(m, x4, a, b), x5, a, b), x6, a, b), x7, a, b)
                    least[lane] = m
        out[document, :] = least[: out.shape[1]]


@njit(cache=True, nogil=True)
def _band_keys(signatures, rows, keys):
    for document in range(keys.shape[0]):
        for band in range(keys.shape[1]):
            h = mix64(np.uint64(band + 1))
            for row in range(rows):
                h = mix64(h ^ np.uint64(signatures[document, band * rows + row]))
            keys[document, band] = h
