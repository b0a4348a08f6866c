"""Kernels of Gaussian states: equal to plain sums, for any number of Gaussians and columns, and any gaps."""

import numpy as np
import pytest

from panlearn.sequence import gaussian_kernels as kernels

N, P = 11, 3


def problem(K, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, P))
    return rng, X, rng.normal(size=(P, K)), rng.uniform(0.5, 2.0, size=(P, K)), rng.normal(size=K)


@pytest.mark.parametrize("K", [8, 24])
def test_log_densities_along_axes(K):
    rng, X, means, slope, constant = problem(K)
    part, out = rng.normal(size=(P, K)), np.empty((N, K))
    X[0, 1], X[1] = np.nan, np.nan
    kernels.axis_logs(X, means, slope, part, constant, out)
    z = (X[:, :, None] - means) * slope
    gap = np.isnan(z)
    expected = constant - np.where(gap, part, z**2).sum(axis=1)
    expected[1] = 0.0  # nothing seen
    np.testing.assert_allclose(out, expected, rtol=1e-12)


@pytest.mark.parametrize(("rows", "K"), [(11, 8), (1000, 16)])
def test_moments_along_axes(rows, K):
    rng, _, means, variances, _ = problem(K)
    X, shares = rng.normal(size=(rows, P)), rng.uniform(size=(rows, K))
    X[0, 1], X[1] = np.nan, np.nan
    counts, first, second = np.ones(K), np.ones((P, K)), np.ones((P, K))
    kernels.axis_moments(X, shares, means, variances, counts, first, second)
    u = X[:, :, None] - means
    gap = np.isnan(u)
    np.testing.assert_allclose(counts, 1 + shares.sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(first, 1 + np.einsum("tk,tpk->pk", shares, np.where(gap, 0, u)), rtol=1e-12)
    np.testing.assert_allclose(second, 1 + np.einsum("tk,tpk->pk", shares, np.where(gap, variances, u**2)), rtol=1e-12)


def test_matrices_count_rows_with_gaps_and_leave_them_out():
    K = 16
    rng, X, means, _, constant = problem(K)
    slope, out = rng.normal(size=(6, K)), np.empty((N, K))
    assert kernels.matrix_logs(X, means, slope, constant, out) == 0
    lower = np.zeros((K, P, P))
    lower[:, *np.tril_indices(P)] = slope.T
    u = X[:, None] - means.T
    z = np.einsum("kde,tke->tkd", lower, u)
    np.testing.assert_allclose(out, constant - (z**2).sum(axis=2), rtol=1e-11)
    X[3, 2] = np.nan
    shares, counts, first, second = rng.uniform(size=(N, K)), np.zeros(K), np.zeros((P, K)), np.zeros((6, K))
    assert kernels.matrix_logs(X, means, slope, constant, out) == 1
    assert kernels.matrix_moments(X, shares, means, counts, first, second) == 1
    whole = np.arange(N) != 3
    np.testing.assert_allclose(counts, shares[whole].sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(first, np.einsum("tk,tkp->pk", shares[whole], u[whole]), rtol=1e-10, atol=1e-12)
    outer = np.einsum("tk,tkd,tke->dek", shares[whole], u[whole], u[whole])
    np.testing.assert_allclose(second, outer[np.tril_indices(P)], rtol=1e-10, atol=1e-12)
