"""The scalers under our address are scikit-learn's, and do what the notes write down."""

import numpy as np
import pytest
import sklearn.preprocessing

from panlearn import preprocessing
from panlearn.preprocessing import MinMaxScaler, StandardScaler


@pytest.mark.parametrize("name", preprocessing.__all__)
def test_names_are_the_peers_own(name):
    assert getattr(preprocessing, name) is getattr(sklearn.preprocessing, name)


def test_nothing_is_left_out():
    assert preprocessing.__all__ == sklearn.preprocessing.__all__


def test_min_max_is_the_formula():
    """Note 000 (1.1): (x - min) / (max - min)."""
    X = np.random.default_rng(0).normal(size=(50, 3)) * [1, 10, 100]
    expected = (X - X.min(axis=0)) / (X.max(axis=0) - X.min(axis=0))
    np.testing.assert_allclose(MinMaxScaler().fit_transform(X), expected, atol=1e-12)


def test_z_score_is_the_formula_with_n():
    """Note 001 §3.3: (x - mean) / s; here s divides by n, where note 002 divides by n - 1."""
    X = np.random.default_rng(0).normal(size=(50, 3)) * [1, 10, 100] + 5
    Z = StandardScaler().fit_transform(X)
    np.testing.assert_allclose(Z, (X - X.mean(axis=0)) / X.std(axis=0), atol=1e-12)
    np.testing.assert_allclose(Z * np.sqrt(49 / 50), (X - X.mean(axis=0)) / X.std(axis=0, ddof=1), atol=1e-12)
