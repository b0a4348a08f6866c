"""Shrinkage: definitions, scikit-learn's formulas, limits."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.covariance import ledoit_wolf_shrinkage, oas, shrunk_covariance

from panlearn.core.blocks import ArrayRows
from panlearn.discriminant_analysis.shrinkage import (
    class_covariances,
    fourth_powers,
    ledoit_wolf_intensity,
    oas_intensity,
    scales,
    shrunk,
)
from panlearn.optimize.class_moments import class_moments
from tests.oracles import gaussian_classes as oracle


def centred(n=30, p=5, seed=0):
    Z = np.random.default_rng(seed).normal(size=(n, p)) @ np.diag(np.arange(1.0, p + 1))
    return Z - Z.mean(axis=0)


@pytest.mark.parametrize("seed", range(3))
def test_intensities_match(seed):
    Z = centred(seed=seed)
    S, fourth = Z.T @ Z / 30, float(np.sum((Z**2).sum(axis=1) ** 2))
    np.testing.assert_allclose(ledoit_wolf_intensity(S, fourth, 30), ledoit_wolf_shrinkage(Z), rtol=1e-10)
    np.testing.assert_allclose(ledoit_wolf_intensity(S, fourth, 30), oracle.ledoit_wolf(Z), rtol=1e-10)
    np.testing.assert_allclose(oas_intensity(S, 30), oas(Z)[1], rtol=1e-10)


def test_fixed_share_and_limits():
    S = np.cov(centred().T)
    np.testing.assert_allclose(shrunk(S, 0.3, 30), shrunk_covariance(S, 0.3))
    assert shrunk(S, None, 30) is S
    np.testing.assert_allclose(shrunk(S, 1.0, 30), np.trace(S) / 5 * np.eye(5))
    assert ledoit_wolf_intensity(np.ones((1, 1)), 3.0, 10) == oas_intensity(np.ones((1, 1)), 10) == 0.0
    assert oas_intensity(np.eye(4), 1e9) == 1.0  # nothing but its target


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_fourth_powers(kind):
    X, y = centred() + 2, np.arange(30) % 2
    w = np.arange(30.0)
    mean, scale = np.stack([X[y == k].mean(axis=0) for k in (0, 1)]), np.stack([X[y == k].std(axis=0) for k in (0, 1)])
    expected = [np.sum(w[y == k] * (((X[y == k] - mean[k]) / scale[k]) ** 2).sum(axis=1) ** 2) for k in (0, 1)]
    np.testing.assert_allclose(fourth_powers(ArrayRows(kind(X), y, w), mean, scale), expected)


def test_units_do_not_matter():
    X, y, units = centred() + 2, np.arange(30) % 2, 10.0 ** np.arange(-2, 3)
    for shrinkage in ("auto", "oas"):
        one, other = (
            class_covariances(ArrayRows(Z, y), class_moments(ArrayRows(Z, y), 2, "each"), shrinkage)
            for Z in (X, X * units)
        )
        np.testing.assert_allclose(other, one * np.outer(units, units), rtol=1e-9, atol=1e-14)


def test_scales_of_constants():
    np.testing.assert_array_equal(scales(np.array([9.0, 0.0, -1e-30])), [3.0, 1.0, 1.0])
