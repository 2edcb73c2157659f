"""Norms of signals."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.norms import weighted_median


@given(st.lists(st.tuples(st.integers(-1000, 1000), st.integers(1, 9)), min_size=1, max_size=50))
def test_the_weighted_median_is_that_of_the_values_written_out(pairs):
    values, counts = np.array(pairs, np.int64).T
    written = sorted(np.repeat(values, counts).tolist())
    assert weighted_median(values, counts) == written[(len(written) - 1) // 2]
