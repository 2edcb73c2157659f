"""A set of 64-bit hashes that says quickly where, and mostly that not, a hash is in it."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from textkernels.arrays import as_input
from textkernels.mixing import mix64
from textkernels.simd import prefetch

_FILTER_BITS = 8  # a key, so that it stays in cache; 3.5 % of absent hashes pass on to the directory
_MASK_BITS = 4
_KEYS_A_BUCKET = 2
_BATCH = 4096  # hashes filtered before those that pass are looked up
_NEAR = 2_000_000  # bytes of a filter whose words need not be fetched ahead
_AHEAD = 12  # how far ahead memory is fetched: further than the processor looks by itself
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_ONE, _S5, _S32 = np.uint64(1), np.uint64(5), np.uint64(32)
_FIVE_BITS, _LOW32 = np.uint64(31), np.uint64(0xFFFFFFFF)


@dataclass(frozen=True)
class HashIndex:
    """Distinct keys, made for probing with hashes that are nearly all absent.

    Keys are mixed by `mixing.mix64`, a bijection, and sorted; the leading bits find the bucket. In
    front stands a Bloom filter whose bits for a key are all in one 64-bit word, a pattern out of a
    table of 2,048 (Putze, Sanders and Singler, Cache-, hash- and space-efficient Bloom filters,
    2009), so that an absent hash mostly costs one access to a table of one byte a key. Any keys are right,
    but the filter is made for keys that are hashes. The arrays are the same for the same keys in
    the same order and may be read-only memory maps.

    filter: uint64[n_words]; key h sets ``masks[h & 2047]`` in word
        ``((h * 0x9E3779B97F4A7C15 mod 2^64) >> 32) * n_words >> 32``.
    directory: uint64[2^b + 1]; the low 32 bits of word j and of word j + 1 are where bucket j begins
        and ends in `mixed`, the high 32 bits are a Bloom filter of 2 bits a key of the bucket.
    mixed: uint64[k], ascending.
    positions: int64[k], where each stood in the keys given to `build`.
    """

    filter: np.ndarray
    directory: np.ndarray
    mixed: np.ndarray
    positions: np.ndarray

    @classmethod
    def build(cls, keys: np.ndarray) -> "HashIndex":
        """Index distinct keys, uint64[k].

        Raises:
            TypeError: the keys are not uint64.
            ValueError: a key occurs twice, or there are 2^32 keys or more.
        """
        if keys.size >> 32:
            raise ValueError(f"at most 2^32 - 1 keys fit an index, got {keys.size}")
        keys = as_input(keys, np.uint64, "keys")
        mixed = _mixed(keys)
        positions = np.argsort(mixed)
        mixed = mixed[positions]
        repeats = np.flatnonzero(mixed[1:] == mixed[:-1])
        if repeats.size:
            first, second = positions[repeats[0]], positions[repeats[0] + 1]
            raise ValueError(f"keys must be distinct: {keys[first]} stands at {first} and at {second}")
        bits = max(0, (mixed.size // _KEYS_A_BUCKET).bit_length() - 1)
        directory = np.zeros((1 << bits) + 1, np.uint64)
        filter_words = np.zeros(max(1, mixed.size * _FILTER_BITS // 64), np.uint64)
        _fill_directory(mixed, bits, directory)
        _fill_filter(keys, _MASKS, filter_words)
        return cls._of(filter_words, directory, mixed, positions)

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays to store, by name; `from_arrays` takes them back."""
        return {
            "filter": self.filter,
            "directory": self.directory,
            "mixed": self.mixed,
            "positions": self.positions,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "HashIndex":
        """The index of stored arrays, which are neither copied nor written to.

        Raises:
            KeyError: an array is missing.
            TypeError: an array is of another type.
            ValueError: the arrays do not belong together.
        """
        index = cls._of(*(arrays[name] for name in ("filter", "directory", "mixed", "positions")))
        buckets = index.directory.size - 1
        if (
            index.filter.size < 1
            or buckets < 1
            or buckets & (buckets - 1)
            or index.directory[-1] != index.mixed.size
            or index.positions.size != index.mixed.size
        ):
            raise ValueError("these arrays are not those of one HashIndex")
        return index

    @classmethod
    def _of(cls, filter_words, directory, mixed, positions) -> "HashIndex":
        return cls(
            as_input(filter_words, np.uint64, "filter"),
            as_input(directory, np.uint64, "directory"),
            as_input(mixed, np.uint64, "mixed"),
            as_input(positions, np.int64, "positions"),
        )

    def __len__(self) -> int:
        return self.mixed.size

    def find(self, hashes: np.ndarray) -> np.ndarray:
        """Where each hash stands in the keys given to `build`.

        Args:
            hashes: uint64[m].

        Returns:
            int64[m], -1 where a hash is not among the keys.

        Raises:
            TypeError: the hashes are not uint64.
        """
        found = np.full(hashes.size, -1, np.int64)
        places, keys = self.find_present(hashes)
        found[places] = keys
        return found

    def find_present(self, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The hashes that are among the keys.

        Args:
            hashes: uint64[m].

        Returns:
            int64[p], ascending places in `hashes`, and int64[p], where these stand in the keys
            given to `build`.

        Raises:
            TypeError: the hashes are not uint64.
        """
        hashes = as_input(hashes, np.uint64, "hashes")
        places, keys = np.empty(hashes.size, np.int64), np.empty(hashes.size, np.int64)
        n = _find_present(
            hashes, self.filter, _MASKS, self.directory, self.mixed, self.positions, places, keys
        )
        return places[:n], keys[:n]


def _bit_masks() -> np.ndarray:
    masks = np.zeros(2048, np.uint64)
    mixed = mix64.py_func(np.arange(1, masks.size + 1, dtype=np.uint64))
    for number, fields in enumerate(mixed.tolist()):
        mask = 0
        while mask.bit_count() < _MASK_BITS:
            mask |= 1 << (fields & 63)
            fields >>= 6
        masks[number] = mask
    masks.flags.writeable = False
    return masks


@njit(cache=True, nogil=True)
def _mixed(keys):
    mixed = np.empty(keys.size, np.uint64)
    for k in range(keys.size):
        mixed[k] = mix64(keys[k])
    return mixed


@njit(forceinline=True)
def _filter_word(h, words):
    return ((h * _FACTOR) >> _S32) * words >> _S32


@njit(forceinline=True)
def _bucket(x, bits):
    # In two shifts, for a shift by 64 is undefined.
    return x >> _ONE >> np.uint64(63 - bits)


@njit(cache=True, nogil=True)
def _fill_filter(keys, masks, filter_words):
    words, low = np.uint64(filter_words.size), np.uint64(masks.size - 1)
    for k in range(keys.size):
        filter_words[_filter_word(keys[k], words)] |= masks[keys[k] & low]


@njit(forceinline=True)
def _bucket_mask(x):
    """Two bits of the high 32."""
    return _ONE << (_S32 | x & _FIVE_BITS) | _ONE << (_S32 | x >> _S5 & _FIVE_BITS)


@njit(cache=True, nogil=True)
def _fill_directory(mixed, bits, directory):
    k = 0
    for bucket in range(directory.size - 1):
        word = np.uint64(k)
        while k < mixed.size and _bucket(mixed[k], bits) == np.uint64(bucket):
            word |= _bucket_mask(mixed[k])
            k += 1
        directory[bucket] = word
    directory[-1] = np.uint64(k)


@njit(forceinline=True)
def _passes(h, filter_words, words, masks, low):
    mask = masks[h & low]
    return np.int64(filter_words[_filter_word(h, words)] & mask == mask)


@njit(nogil=True)
def _pass_filter(hashes, start, end, filter_words, masks, passed):
    """Write the places from start to end that pass into `passed`. Returns how many they are."""
    words, low = np.uint64(filter_words.size), np.uint64(masks.size - 1)
    n = 0
    for k in range(start, end):
        # Written always and counted when it passes: no branch to mispredict.
        passed[n] = k
        n += _passes(hashes[k], filter_words, words, masks, low)
    return n


@njit(nogil=True)
def _pass_far_filter(hashes, start, end, filter_words, masks, passed):
    """The same for a filter that is larger than the nearer caches."""
    words, low = np.uint64(filter_words.size), np.uint64(masks.size - 1)
    address = filter_words.ctypes.data
    n = 0
    for k in range(start, end):
        coming = _filter_word(hashes[min(k + _AHEAD, end - 1)], words)
        prefetch(address + np.int64(coming) * 8)
        passed[n] = k
        n += _passes(hashes[k], filter_words, words, masks, low)
    return n


@njit(nogil=True)
def _pass_directory(hashes, passed, candidates, directory, bits):
    """Keep those of the first `candidates` places that pass. Returns how many they are."""
    address = directory.ctypes.data
    n = 0
    for p in range(candidates):
        coming = _bucket(mix64(hashes[passed[min(p + _AHEAD, candidates - 1)]]), bits)
        prefetch(address + np.int64(coming) * 8)
        place = passed[p]
        x = mix64(hashes[place])
        mask = _bucket_mask(x)
        passed[n] = place
        n += np.int64(directory[_bucket(x, bits)] & mask == mask)
    return n


@njit(cache=True, nogil=True)
def _find_present(hashes, filter_words, masks, directory, mixed, positions, places, keys):
    bits = 0
    while 1 << bits < directory.size - 1:
        bits += 1
    is_far = filter_words.size * 8 > _NEAR
    passed = np.empty(_BATCH + 1, np.int64)
    n = 0
    for start in range(0, hashes.size, _BATCH):
        end = min(start + _BATCH, hashes.size)
        if is_far:
            n_passed = _pass_far_filter(hashes, start, end, filter_words, masks, passed)
        else:
            n_passed = _pass_filter(hashes, start, end, filter_words, masks, passed)
        n_passed = _pass_directory(hashes, passed, n_passed, directory, bits)
        for p in range(n_passed):
            x = mix64(hashes[passed[p]])
            bucket = _bucket(x, bits)
            for k in range(np.int64(directory[bucket] & _LOW32), np.int64(directory[bucket + _ONE] & _LOW32)):
                if mixed[k] == x:
                    places[n], keys[n] = passed[p], positions[k]
                    n += 1
                    break
    return n


_MASKS = _bit_masks()
