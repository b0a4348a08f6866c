"""Gaussians of hidden states: densities, moments and draws, for any number of them, far from zero, and with gaps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.core.errors import DataError
from panlearn.sequence import gaussian_densities as densities
from tests.oracles import gaussian_hmm as oracle


def problem(seed, K, p, n, matrices):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(K, p, p))
    covariances = A @ np.swapaxes(A, 1, 2) + 0.1 * np.eye(p)
    if not matrices:
        covariances = covariances * np.eye(p)
    X, means = rng.normal(size=(n, p)), rng.normal(size=(K, p))
    X[rng.random(X.shape) < 0.2] = np.nan
    model = densities.gaussians(means, covariances if matrices else np.diagonal(covariances, axis1=1, axis2=2).copy())
    return model, X, rng.dirichlet(np.ones(K), n), covariances


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 999), st.integers(1, 10), st.integers(1, 4), st.integers(1, 20), st.booleans())
def test_equal_to_loops(seed, K, p, n, matrices):
    model, X, shares, covariances = problem(seed, K, p, n, matrices)
    logs = densities.log_densities(model, X)
    np.testing.assert_allclose(logs, np.log(oracle.likelihoods(X, model.means, covariances)), rtol=1e-8, atol=1e-9)
    assert (logs[np.isnan(X).all(axis=1)] == 0).all()
    assert logs.flags.c_contiguous
    counts, first, second = oracle.moments(X, shares, model.means, covariances)
    found = densities.moments(model, X, shares)
    np.testing.assert_allclose(found.counts, counts, rtol=1e-10)
    np.testing.assert_allclose(found.first, first, atol=1e-8)
    wanted = second if matrices else np.diagonal(second, axis1=1, axis2=2)
    np.testing.assert_allclose(found.second, wanted, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("matrices", [False, True])
def test_digits_survive_a_far_origin(matrices):
    model, X, shares, _ = problem(0, 5, 2, 50, matrices)
    X = np.round(X * 2**10) / 2**10
    means = np.round(model.means * 2**10) / 2**10
    near, far = (densities.gaussians(means + b, model.covariances) for b in (0.0, 2.0**30))
    np.testing.assert_array_equal(densities.log_densities(far, X + 2.0**30), densities.log_densities(near, X))
    for a, b in zip(densities.moments(far, X + 2.0**30, shares), densities.moments(near, X, shares), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("matrices", [False, True])
def test_draws_have_the_moments(matrices):
    model, _, _, covariances = problem(1, 2, 2, 1, matrices)
    chosen = np.repeat([0, 1], 20_000)
    X = densities.draw(model, chosen, np.random.RandomState(0))
    for j in range(2):
        np.testing.assert_allclose(X[chosen == j].mean(axis=0), model.means[j], atol=0.05)
        np.testing.assert_allclose(np.cov(X[chosen == j].T), covariances[j], rtol=0.1, atol=0.06)


def test_singular_covariances_are_named():
    with pytest.raises(DataError, match="Gaussian 1 is not positive definite"):
        densities.gaussians(np.zeros((2, 2)), np.array([[1.0, 1.0], [1.0, 0.0]]))
    with pytest.raises(DataError, match="Gaussian 1 is not positive definite"):
        densities.gaussians(np.zeros((2, 2)), np.array([np.eye(2), np.ones((2, 2))]))
