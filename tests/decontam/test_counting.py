"""Counting distinct grams up to a limit."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from decontam.counting import distinct_up_to


@given(
    st.lists(st.sampled_from([0, 1, 2, 17, 33, 2**63, 2**64 - 1]) | st.integers(0, 2**64 - 1)),
    st.integers(0, 12),
)
def test_counts_distinct_hashes_up_to_the_limit(hashes: list[int], limit: int):
    assert distinct_up_to(np.array(hashes, np.uint64), limit) == min(len(set(hashes)), limit)
