import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkernels.hashset import HashIndex

from .word_oracle import M64

key = st.integers(0, M64) | st.integers(0, 20) | st.sampled_from([M64, M64 - 1, 1 << 63])


def array(values):
    return np.array(values, np.uint64)


def check(keys, probes):
    index = HashIndex.build(array(keys))
    place = {value: number for number, value in enumerate(keys)}
    expected = [place.get(value, -1) for value in probes]
    assert index.find(array(probes)).tolist() == expected
    places, found = index.find_present(array(probes))
    assert places.dtype == found.dtype == np.int64
    assert list(zip(places.tolist(), found.tolist(), strict=True)) == [
        (number, at) for number, at in enumerate(expected) if at >= 0
    ]
    return index


@given(st.lists(key, unique=True, max_size=60), st.lists(key, max_size=60))
def test_finding_is_looking_up_in_a_dict(keys, probes):
    check(keys, probes + keys)


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [0],
        [M64],
        [0, M64],
        list(range(5000)),
        [k << 40 for k in range(5000)],
        [k << 52 | 0xABC for k in range(4000)],
    ],
)
def test_keys_that_are_no_hashes_are_found_too(keys):
    probes = [*keys, 0, M64, 1, 12345, *range(1 << 41, (1 << 41) + 9000)]
    index = check(keys, probes)
    assert len(index) == len(keys)


def test_many_hashes_are_found_across_batches():
    random = np.random.default_rng(0)
    keys = random.integers(0, 2**64, 200_000, dtype=np.uint64)
    probes = random.integers(0, 2**64, 100_000, dtype=np.uint64)
    probes[::7] = keys[: probes[::7].size]
    expected = np.full(probes.size, -1)
    expected[::7] = np.arange(probes[::7].size)
    assert (HashIndex.build(keys).find(probes) == expected).all()
    assert (HashIndex.build(keys).find(keys) == np.arange(keys.size)).all()


def test_a_repeated_key_is_refused_and_named():
    with pytest.raises(ValueError, match="keys must be distinct: 7 stands at 1 and at 3"):
        HashIndex.build(array([3, 7, 9, 7]))


def test_an_index_works_from_read_only_memory_maps(tmp_path):
    keys = np.random.default_rng(1).integers(0, 2**64, 1000, dtype=np.uint64)
    built = HashIndex.build(keys)
    for name, values in built.arrays().items():
        np.save(tmp_path / f"{name}.npy", values)
    mapped = {name: np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in built.arrays()}
    index = HashIndex.from_arrays(mapped)
    assert (index.find(keys[::-1]) == np.arange(999, -1, -1)).all()
    assert index.find(array([0, M64])).tolist() == [-1, -1]


def test_the_arrays_are_the_same_for_the_same_keys():
    keys = np.random.default_rng(2).integers(0, 2**64, 1000, dtype=np.uint64)
    one, other = HashIndex.build(keys).arrays(), HashIndex.build(keys.copy()).arrays()
    assert one.keys() == other.keys()
    assert all((one[name] == other[name]).all() for name in one)


def test_stored_indexes_stay_valid():
    # A stored index is probed by later versions: its bit patterns must not change.
    arrays = HashIndex.build(array([0, 1, M64])).arrays()
    assert [f"{word:016x}" for word in arrays["filter"].tolist()] == ["4403042000860404"]
    assert [f"{word:016x}" for word in arrays["directory"].tolist()] == [
        "0800882100000000",
        "0000000000000003",
    ]
    assert arrays["positions"].tolist() == [0, 1, 2]


def test_arrays_that_do_not_belong_together_are_refused():
    arrays = HashIndex.build(array([1, 2, 3])).arrays()
    with pytest.raises(ValueError, match="not those of one HashIndex"):
        HashIndex.from_arrays(arrays | {"positions": arrays["positions"][:2]})
    with pytest.raises(TypeError, match="mixed must be an array of uint64"):
        HashIndex.from_arrays(arrays | {"mixed": arrays["positions"]})
    with pytest.raises(KeyError):
        HashIndex.from_arrays({})


def test_hashes_of_another_type_are_refused():
    with pytest.raises(TypeError, match="hashes must be an array of uint64"):
        HashIndex.build(array([1])).find(np.array([1]))
