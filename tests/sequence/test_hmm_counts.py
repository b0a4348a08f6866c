"""Sums of weighted logarithms with zeros among the weights and the probabilities."""

import numpy as np
import pytest
from scipy.special import gammaln

from panlearn.core.errors import DataError
from panlearn.sequence.hmm_counts import log_factorials, require_counts, weighted_logs


def test_zero_times_the_logarithm_of_zero_is_zero():
    X = np.array([[2.0, 0.0], [0.0, 3.0], [0.0, 0.0]])
    P = np.array([[0.5, 0.5], [1.0, 0.0]])
    logs = weighted_logs(X, P)
    np.testing.assert_allclose(logs[:, 0], np.log(0.5) * np.array([2, 3, 0]))
    assert logs[:, 1].tolist() == [0.0, -np.inf, 0.0]


def test_equals_the_sum():
    rng = np.random.default_rng(0)
    X, P = rng.integers(5, size=(7, 3)).astype(float), rng.uniform(size=(4, 3))
    np.testing.assert_allclose(weighted_logs(X, P), [[(x * np.log(p)).sum() for p in P] for x in X])


def test_counts_are_checked():
    assert require_counts(np.array([[1, 2]]), whole=True).dtype == np.float64
    assert np.isnan(require_counts(np.array([[1.0, np.nan]]), whole=True)[0, 1])
    assert require_counts(np.array([[0.5]]), whole=False)[0, 0] == 0.5
    with pytest.raises(DataError, match="negative, got -2"):
        require_counts(np.array([[1, -2]]), whole=False)
    with pytest.raises(DataError, match="at most 1e300, got 1e"):
        require_counts(np.array([[1e305, np.nan]]), whole=False)
    with pytest.raises(DataError, match="whole numbers"):
        require_counts(np.array([[0.5]]), whole=True)


def test_factorials():
    assert log_factorials(np.array([np.nan, 0.0, 1.0, 5.0])).tolist() == [0.0, 0.0, 0.0, gammaln(6.0)]
