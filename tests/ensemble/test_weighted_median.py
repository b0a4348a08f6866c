"""Weighted medians against sorting."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.ensemble.weighted_median import weighted_medians
from tests.oracles import adaboost as oracle


@settings(max_examples=20)
@given(st.integers(0, 999), st.integers(1, 9))
def test_matches_oracle(seed, count):
    rng = np.random.default_rng(seed)
    values, weights = rng.integers(0, 5, (6, count)).astype(float), rng.integers(1, 4, count).astype(float)
    np.testing.assert_array_equal(
        weighted_medians(values, weights), [oracle.weighted_median(row, weights) for row in values]
    )
