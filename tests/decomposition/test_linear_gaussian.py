"""Projection, reconstruction and density against the p x p formulas."""

import numpy as np
import pytest

from panlearn.core.errors import DataError
from panlearn.decomposition import PCA
from panlearn.decomposition.linear_gaussian import fixed_signs
from tests.oracles.principal_components import conditional_mean, log_likelihood


@pytest.fixture
def X() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal(size=(60, 5)) @ rng.normal(size=(5, 5)) + 3


@pytest.mark.parametrize("k", [0, 1, 3, 5])
def test_density_and_precision(X, k):
    model = PCA(k).fit(X)
    C = model.get_covariance()
    np.testing.assert_allclose(model.score_samples(X), log_likelihood(X, model.mean_, C), rtol=1e-9)
    np.testing.assert_allclose(model.get_precision() @ C, np.eye(5), atol=1e-9)
    assert model.score(X) == pytest.approx(model.score_samples(X).mean())


def test_whitening_gives_unit_variances_and_is_undone(X):
    model = PCA(whiten=True).fit(X)
    np.testing.assert_allclose(np.cov(model.transform(X).T), np.eye(5), atol=1e-10)
    np.testing.assert_allclose(model.inverse_transform(model.transform(X)), X, atol=1e-10)


def test_missing_entries_are_filled_by_their_expectation(X):
    model = PCA(2).fit(X)
    holes = X.copy()
    holes[0, 1] = holes[4, :3] = np.nan
    filled = np.array([conditional_mean(x, model.mean_, model.get_covariance()) for x in holes])
    np.testing.assert_allclose(model.transform(holes), model.transform(filled), atol=1e-8)
    expected = log_likelihood(holes, model.mean_, model.get_covariance())
    np.testing.assert_allclose(model.score_samples(holes), expected, rtol=1e-8)


def test_singular_covariance_is_an_error():
    X = np.outer(np.arange(6.0), [1.0, 2.0, 3.0])
    with pytest.raises(DataError, match="is singular: rows vary in 1 of 3 directions"):
        PCA(1).fit(X).score(X)


def test_signs():
    np.testing.assert_array_equal(fixed_signs(np.array([[1.0, -2.0], [0.0, 0.0]])), [[-1.0, 2.0], [0.0, 0.0]])
