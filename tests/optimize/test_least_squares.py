"""The least-squares routes: each right on its own, all of them in agreement."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from panlearn.core.blocks import ArrayRows
from panlearn.optimize.least_squares import (
    Centre,
    block_moments,
    moments,
    sampled_mean,
    solve,
    squared_error,
    triangle_of,
)
from tests.oracles.least_squares import least_squares as oracle

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 5)) @ np.diag([1, 10, 0.1, 3, 1]) + [0, 5, 0, -7, 2]
Y = X @ [1.0, -2.0, 3.0, 0.0, 0.5] + RNG.normal(size=60) + 4
WEIGHT = RNG.random(60)
ONE = np.ones(1)


@pytest.mark.parametrize("route", ["auto", "cholesky", "svd", "lsqr"])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("alpha", [0.0, 0.7])
def test_matches_oracle(route, intercept, weight, alpha):
    data = sparse.csr_matrix(X) if route == "lsqr" else X
    found = solve(ArrayRows(data, Y, weight), alpha * ONE, intercept=intercept, route=route, tol=1e-13)
    coef, constant = oracle(X, Y, alpha, weight, intercept)
    np.testing.assert_allclose(found.coef[0], coef, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found.intercept[0], constant, rtol=1e-6, atol=1e-9)
    assert found.gradient_norm < 1e-8


def test_the_route_follows_the_shape():
    wide = X[:4]
    assert solve(ArrayRows(X, Y), 0 * ONE).route == "cholesky"
    assert solve(ArrayRows(wide, Y[:4]), 0 * ONE).route == "svd"
    assert solve(ArrayRows(wide, Y[:4]), ONE).route == "dual"
    assert solve(ArrayRows(np.hstack([X, X]), Y), 0 * ONE).route == "svd"
    assert solve(ArrayRows(X, Y), 0 * ONE, positive=True).route == "nnls"


@given(st.integers(1, 12), st.integers(1, 6), st.floats(0.01, 100), st.booleans())
def test_primal_and_dual_agree(n, p, alpha, intercept):
    rng = np.random.default_rng(n * 7 + p)
    A, b = rng.normal(size=(n, p)), rng.normal(size=(n, 2))
    found = solve(ArrayRows(A, b), np.array([alpha, 2 * alpha]), intercept=intercept)
    for t, penalty in enumerate((alpha, 2 * alpha)):
        coef, constant = oracle(A, b[:, t], penalty, None, intercept)
        np.testing.assert_allclose(found.coef[t], coef, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(found.intercept[t], constant, rtol=1e-6, atol=1e-9)


def test_block_size_does_not_matter():
    """The triangle of row blocks has the Gram matrix of the whole."""
    centre = Centre(X.mean(axis=0), Y.mean(keepdims=True))
    R = triangle_of(ArrayRows(np.vstack([X] * 40), np.tile(Y, 40)), centre)
    Z = np.column_stack([X, Y]) - np.append(centre.x, centre.y)
    np.testing.assert_allclose(R.T @ R, 40 * Z.T @ Z, rtol=1e-10, atol=1e-8)


def test_moments_of_parts_add_up():
    source, shift = ArrayRows(X, Y, WEIGHT), sampled_mean(ArrayRows(X, Y, WEIGHT), True)
    whole = moments(source, shift)
    first, second = (block_moments(X[s], Y[s], WEIGHT[s], shift) for s in (slice(0, 25), slice(25, 60)))
    for a, b, c in zip(whole, first, second, strict=True):
        np.testing.assert_allclose(a, np.add(b, c), rtol=1e-10, atol=1e-10)


def test_squared_error_without_the_rows():
    shift = sampled_mean(ArrayRows(X, Y), True)
    coef, constant = RNG.normal(size=(1, 5)), np.array([0.3])
    direct = (WEIGHT * (Y - X @ coef[0] - constant[0]) ** 2).sum()
    assert np.isclose(squared_error(block_moments(X, Y, WEIGHT, shift), shift, coef, constant), direct)


def test_edge_cases():
    # far from the origin the shift saves the digits that the Gram matrix would lose
    far = RNG.normal(size=(2000, 3)) + 1e7
    np.testing.assert_allclose(solve(ArrayRows(far, far @ np.ones(3)), 0 * ONE).coef[0], 1.0, rtol=1e-8)
    # overflowing sums of squares: the triangle is scaled inside LAPACK
    huge = 1e180 * X
    np.testing.assert_allclose(1e180 * solve(ArrayRows(huge, Y), 0 * ONE).coef[0], oracle(X, Y)[0], rtol=1e-8)
    with pytest.raises(ValueError, match="NaN"):
        solve(ArrayRows(np.where(X > 5, np.nan, X), Y), 0 * ONE)


def test_matches_peer():
    """SciPy's least-norm solution of a rank-deficient problem."""
    doubled = np.hstack([X, X[:, :2], np.ones((60, 1))])
    theirs = np.linalg.lstsq(doubled - doubled.mean(axis=0), Y - Y.mean(), rcond=None)[0]
    found = solve(ArrayRows(doubled, Y), 0 * ONE)
    np.testing.assert_allclose(found.coef[0], theirs, rtol=1e-8, atol=1e-10)
    assert found.rank == 5
