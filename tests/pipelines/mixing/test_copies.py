"""Copies and their hashes against plain Python."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mixing import copies as copies_module
from pipelines.mixing.copies import COPIES, copy_hash, list_copies
from tests.pipelines import mix_runs


@given(
    st.integers(0, 2**63 - 1),
    st.sampled_from(["shard", "place"]),
    st.lists(st.tuples(st.integers(0, 2**63 - 1), st.integers(0, 2**31 - 1)), max_size=20),
)
def test_the_hash_is_the_documented_formula(seed: int, stream: str, pairs: list[tuple[int, int]]) -> None:
    docs = np.array([doc for doc, _ in pairs], np.int64)
    epochs = np.array([epoch for _, epoch in pairs], np.int64)
    expected = [mix_runs.copy_hash(seed, stream, doc, epoch) for doc, epoch in pairs]
    assert copy_hash(seed, stream, docs, epochs).tolist() == expected


def test_the_hash_of_a_copy_never_changes() -> None:
    docs, epochs = np.array([0, 1, 5 << 32]), np.array([0, 0, 3])
    assert copy_hash(0, "place", docs, epochs).tolist() == [
        5278802919367951254,
        14462376579138167717,
        6442648323091060488,
    ]


def test_copies_spread_evenly_over_shards() -> None:
    docs = np.arange(100_000)
    counts = np.bincount((copy_hash(3, "shard", docs, docs % 5) % np.uint64(10)).astype(np.int64))
    # Six standard deviations of a binomial count.
    assert np.abs(counts - 10_000).max() < 6 * np.sqrt(100_000 * 0.1 * 0.9)


@given(
    st.lists(st.tuples(st.integers(1, 90), st.integers(1, 9), st.booleans()), max_size=30),
    st.integers(1, 12),
    st.sampled_from([1, 5, 1000]),
)
def test_every_copy_is_listed_once_whatever_the_batch(
    rows: list[tuple[int, int, bool]], shards: int, at_once: int
) -> None:
    cuts = [max(1, tokens // 2) if is_cut and tokens > 1 else None for tokens, _, is_cut in rows]
    documents = pa.table(
        {
            "doc": [7 * i for i in range(len(rows))],
            "component": [0] * len(rows),
            "tokens": [tokens for tokens, _, _ in rows],
            "copies": [copies for _, copies, _ in rows],
            "cut": cuts,
        },
        schema=COPIES,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copies_module, "_COPIES_AT_ONCE", at_once)
        listed = list(list_copies(documents, 11, shards))
    found = [
        row
        for some in listed
        for row in zip(*(column.tolist() for column in vars(some).values()), strict=True)
    ]
    assert found == [
        (
            row,
            epoch,
            mix_runs.copy_hash(11, "shard", 7 * row, epoch) % shards,
            mix_runs.copy_hash(11, "place", 7 * row, epoch),
            cut if cut and epoch == copies - 1 else tokens,
        )
        for row, ((tokens, copies, _), cut) in enumerate(zip(rows, cuts, strict=True))
        for epoch in range(copies)
    ]
