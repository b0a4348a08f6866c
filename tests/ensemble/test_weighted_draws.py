"""Counts of draws are those of NumPy's choice."""

import numpy as np
import pytest

from panlearn.ensemble.weighted_draws import draw_counts


@pytest.mark.parametrize("n", [1, 5, 4000])
@pytest.mark.parametrize("spread", [0.0, 5.0])
def test_matches_numpy(n, spread):
    rng = np.random.default_rng(n)
    weight = np.exp(spread * rng.normal(size=n)) * (rng.random(n) < 0.7)
    weight[0] = 1.0
    weight /= weight.sum()
    drawn = np.random.RandomState(3).choice(n, size=n, replace=True, p=weight)
    np.testing.assert_array_equal(draw_counts(weight, np.random.RandomState(3)), np.bincount(drawn, minlength=n))
