"""Newton's method with absolute values: oracle, peer, zeros, correlated coordinates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Lasso

from panlearn.core.blocks import ArrayRows
from panlearn.linear_model.cross_entropy_objective import CrossEntropyObjective
from panlearn.losses import BinaryCrossEntropy
from panlearn.optimize.proximal_newton import AbsoluteValues, proximal_newton
from panlearn.penalties import L2
from tests.oracles import proximal_newton as oracle


class Quadratic:
    """1/2 x'Hx - b'x."""

    def __init__(self, H, b):
        self.H, self.b = H, b

    def value(self, x):
        return float(0.5 * x @ self.H @ x - self.b @ x)

    def gradient(self, x):
        return self.value(x), self.H @ x - self.b

    def derivatives(self, x, exact):
        return *self.gradient(x), self.H


def classes(n=60, p=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, (X[:, 0] + 0.5 * X[:, 1] + rng.logistic(size=n) > 0).astype(int)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 100), st.booleans(), st.sampled_from([0.0, 0.02, 0.1, 10.0]))
def test_matches_oracle(seed, positive, strength):
    X, y = classes(seed=seed)
    l1 = np.append(np.full(4, strength), 0.0)
    f = CrossEntropyObjective(ArrayRows(X, y), BinaryCrossEntropy(), L2(0.01), len(y), True)
    free = np.arange(5) == 4
    found = proximal_newton(f, np.zeros(5), l1, positive=positive, free=free, tol=1e-10, max_iter=100)

    def gradient(theta):
        return oracle.logistic_gradient(X, y, np.ones(len(y)), 0.01, theta)

    slow = oracle.minimise(gradient, np.zeros(5), l1, free if positive else None, step=0.5, steps=600)
    np.testing.assert_allclose(found.x, slow, atol=1e-6)
    residual = AbsoluteValues(l1, positive, free).residual(gradient(found.x), found.x)
    assert np.abs(residual).max() <= 1e-9
    assert found.converged


def test_matches_peer():
    """The lasso is a quadratic with absolute values."""
    rng = np.random.default_rng(0)
    X, n = rng.normal(size=(50, 12)), 50
    y = X[:, 0] - X[:, 1] + rng.normal(size=50)
    f = Quadratic(X.T @ X / n, X.T @ y / n)
    for positive in (False, True):
        ours = proximal_newton(f, np.zeros(12), np.full(12, 0.1), positive=positive, tol=1e-10, max_iter=50)
        theirs = Lasso(alpha=0.1, fit_intercept=False, tol=1e-12, max_iter=10_000, positive=positive).fit(X, y)
        np.testing.assert_allclose(ours.x, theirs.coef_, atol=1e-9)
        np.testing.assert_array_equal(ours.x == 0, theirs.coef_ == 0)


def test_optimality():
    """The certificate is the distance of 0 from the subdifferential, and the value contains the absolute values."""
    X, y = classes()
    l1 = np.append(np.full(4, 0.05), 0.0)
    f = CrossEntropyObjective(ArrayRows(X, y), BinaryCrossEntropy(), L2(0.0), len(y), True)
    found = proximal_newton(f, np.zeros(5), l1, tol=1e-9, max_iter=50)
    gradient = f.gradient(found.x)[1]
    zero = found.x == 0
    assert (np.abs(gradient[zero]) <= l1[zero] + 1e-9).all()
    np.testing.assert_allclose(gradient[~zero], -l1[~zero] * np.sign(found.x[~zero]), atol=1e-9)
    assert np.isclose(found.value, f.value(found.x) + l1 @ np.abs(found.x), rtol=1e-14)
    assert (np.diff(found.trace) <= 1e-15).all()


def test_correlated_coordinates():
    """Coordinate descent alone would need some 1e6 sweeps; steps on the support make it a few iterations."""
    H = np.full((6, 6), 1 - 1e-6) + 1e-6 * np.eye(6)
    x = np.array([1.0, 2.0, 0.0, -1.0, 0.5, 3.0])
    l1 = np.full(6, 1e-8)
    b = H @ x + l1 * np.sign(x)
    found = proximal_newton(Quadratic(H, b), np.zeros(6), l1, tol=1e-10, max_iter=10)
    np.testing.assert_allclose(found.x, x, atol=1e-3)
    assert found.converged


def test_edge_cases():
    f = Quadratic(np.eye(3), np.array([3.0, -0.5, 0.2]))
    nothing = proximal_newton(f, np.ones(3), np.full(3, 3.5), tol=1e-12, max_iter=9)
    assert (nothing.x == 0).all()
    free = proximal_newton(f, np.zeros(3), np.zeros(3), tol=1e-12, max_iter=9)
    np.testing.assert_allclose(free.x, f.b, atol=1e-12)
    assert proximal_newton(f, free.x, np.zeros(3), tol=1e-9, max_iter=9).n_iter == 0
    flat = Quadratic(np.diag([1.0, 0.0, 1.0]), np.array([2.0, 0.0, 0.0]))  # one coordinate does nothing
    np.testing.assert_allclose(proximal_newton(flat, np.zeros(3), np.ones(3), tol=1e-9, max_iter=9).x, [1, 0, 0])
    broken = Quadratic(np.diag([np.nan, 1.0, 1.0]), np.ones(3))
    with np.errstate(invalid="ignore"):
        assert not proximal_newton(broken, np.zeros(3), np.ones(3), tol=1e-9, max_iter=9).converged


def test_reproducible():
    X, y = classes()
    f = CrossEntropyObjective(ArrayRows(X, y), BinaryCrossEntropy(), L2(0.0), len(y), True)
    first, second = (proximal_newton(f, np.zeros(5), np.full(5, 0.01), tol=1e-9, max_iter=50).x for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("scale", [1e8, 1e-8])
def test_units_do_not_matter(scale):
    X, y = classes()
    f = CrossEntropyObjective(ArrayRows(X * scale, y), BinaryCrossEntropy(), L2(0.0), len(y), True)
    unit = CrossEntropyObjective(ArrayRows(X, y), BinaryCrossEntropy(), L2(0.0), len(y), True)
    l1 = np.append(np.full(4, 0.05), 0.0)
    scaled = proximal_newton(f, np.zeros(5), l1 * scale, tol=1e-9 * min(scale, 1.0), max_iter=100).x
    np.testing.assert_allclose(
        scaled[:-1] * scale, proximal_newton(unit, np.zeros(5), l1, tol=1e-10, max_iter=50).x[:-1], atol=1e-6
    )
