"""EM for rows with missing entries: the formulas, the likelihood, recovery of what was planted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.core.blocks import ArrayRows
from panlearn.core.errors import DataError
from panlearn.decomposition.missing_components import (
    Subspace,
    filled_in,
    fit_missing,
    posterior,
    principal,
)
from tests.oracles import principal_components as oracle


def planted(n: int, p: int, k: int, missing: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, Subspace]:
    """Rows of the model, the same with holes, and its parameters."""
    rng = np.random.default_rng(seed)
    model = Subspace(rng.normal(size=(p, k)) * 2, rng.normal(size=p), 0.25)
    X = rng.normal(size=(n, k)) @ model.loadings.T + model.mean + 0.5 * rng.normal(size=(n, p))
    return X, np.where(rng.random(X.shape) < missing, np.nan, X), model


def fit(X, k, tol=1e-9, max_iter=4000, weight=None):
    return fit_missing(ArrayRows(X, None, weight), k, random=np.random.RandomState(0), tol=tol, max_iter=max_iter)


@given(st.integers(2, 6), st.integers(1, 3), st.floats(0, 0.7), st.integers(0, 99))
@settings(max_examples=40)
def test_posterior_matches_gaussian_conditioning(p, k, missing, seed):
    _, X, model = planted(12, p, k, missing, seed)
    C = model.loadings @ model.loadings.T + model.noise * np.eye(p)
    found = posterior(X, model)
    np.testing.assert_allclose(found.log_density, oracle.log_likelihood(X, model.mean, C), rtol=1e-7, atol=1e-8)
    filled = filled_in(X, model)
    for x, y in zip(X, filled, strict=True):
        np.testing.assert_allclose(y, oracle.conditional_mean(x, model.mean, C), rtol=1e-6, atol=1e-8)


def test_one_iteration_is_the_loop():
    _, X, _ = planted(40, 5, 2, 0.3)
    start = np.random.RandomState(0).standard_normal((5, 2))
    mean, variance = np.nanmean(X, axis=0), np.nanvar(X, axis=0)
    W, m, noise = oracle.em_step(X, start * np.sqrt(variance / 2)[:, None], mean, variance.mean())
    found = fit(X, 2, max_iter=1).parameters
    np.testing.assert_allclose(found.loadings, W, rtol=1e-9)
    np.testing.assert_allclose(found.mean, m, rtol=1e-9)
    assert found.noise == pytest.approx(noise, rel=1e-9)


@given(st.integers(0, 10_000), st.integers(2, 7), st.integers(5, 30), st.floats(0, 0.5))
@settings(max_examples=60)
def test_likelihood_never_falls(seed, p, n, missing):
    _, X, _ = planted(n, p, 1, missing, seed)
    X[0] = planted(1, p, 1, 0.0, seed)[0][0]  # no column without a value
    found = fit(X, 1, tol=0.0, max_iter=30)
    assert (np.diff(found.trace) > -1e-9 * (1 + np.abs(found.trace[:-1]))).all()
    assert found.fall == 0.0


def test_complete_rows_give_the_closed_form():
    X, _, _ = planted(200, 6, 2, 0.0)
    found = fit(X, 2, tol=1e-14)
    values, vectors = np.linalg.eigh(np.cov(X.T, bias=True))
    axes, variances = principal(found.parameters)
    np.testing.assert_allclose(variances, values[::-1][:2], rtol=1e-5)
    assert found.parameters.noise == pytest.approx(values[:-2].mean(), rel=1e-5)
    np.testing.assert_allclose(np.abs((axes * vectors.T[::-1][:2]).sum(axis=1)), 1, atol=1e-5)


def test_recovery_with_a_third_missing():
    """The covariance is within three standard errors of the planted one, sqrt((c_ii c_jj + c_ij^2) / n seen pairs)."""
    _, X, model = planted(4000, 6, 2, 0.3)
    found = fit(X, 2, tol=1e-8).parameters
    C = model.loadings @ model.loadings.T + model.noise * np.eye(6)
    ours = found.loadings @ found.loadings.T + found.noise * np.eye(6)
    error = np.sqrt((np.outer(np.diag(C), np.diag(C)) + C**2) / (4000 * 0.49))
    assert (np.abs(ours - C) < 3 * error).all()
    np.testing.assert_array_less(np.abs(found.mean - model.mean), 3 * np.sqrt(np.diag(C) / (4000 * 0.7)))


def test_weights_are_repetitions():
    _, X, _ = planted(40, 4, 1, 0.2)
    weight = np.random.default_rng(1).integers(0, 3, 40).astype(float)
    a, b = fit(X, 1, weight=weight), fit(np.repeat(X, weight.astype(int), axis=0), 1)
    assert a.log_likelihood == pytest.approx(b.log_likelihood, rel=1e-9)


def test_errors():
    _, X, _ = planted(20, 4, 1, 0.2)
    with pytest.raises(DataError, match="Column 2 of X has no value"):
        fit(np.where(np.arange(4) == 2, np.nan, X), 1)
    with pytest.raises(DataError, match="do not vary"):
        fit(np.ones((5, 3)), 1)
    line = np.outer(np.arange(30.0), [1.0, 2.0, 3.0])
    line[3, 1] = np.nan
    with pytest.raises(DataError, match="plane of 1 dimensions exactly"):
        fit(line, 1)
