"""The linear machine in the primal: LIBSVM, derivatives by differences, both routes, warm starts."""

import numpy as np
import pytest
from scipy import sparse

from panlearn.semi_supervised.soft_label_newton import LinearMachine, SquaredHingeObjective
from tests.oracles.transductive_svm import machine


def data(n=60, p=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X[:, 0] + rng.normal(size=n) > 0.3, rng


def test_equals_libsvm():
    X, positive, _ = data()
    fit = LinearMachine(X).solve(2.0 * positive, 2.0 * ~positive, None, 1e-9)
    best = machine(X @ X.T, np.where(positive, 1.0, -1.0), np.full(60, 2.0), "squared_hinge")
    assert fit.objective == pytest.approx(best, rel=1e-6)
    assert fit.lower <= fit.objective * (1 + 1e-12)
    assert fit.gap <= 1e-9
    np.testing.assert_allclose(X @ fit.weights + fit.intercept, fit.decision)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_derivatives(form):
    X, _, rng = data(20, 3)
    P = SquaredHingeObjective(form(X))
    P.weigh(rng.random(20), rng.random(20))
    x, step = rng.normal(size=4), 1e-6
    value, gradient = P.gradient(x)
    differences = [(P.value(x + step * e) - P.value(x - step * e)) / (2 * step) for e in np.eye(4)]
    np.testing.assert_allclose(gradient, differences, rtol=1e-6)
    hessian = np.column_stack([P.product(e) for e in np.eye(4)])
    bends = [(P.gradient(x + step * e)[1] - P.gradient(x - step * e)[1]) / (2 * step) for e in np.eye(4)]
    np.testing.assert_allclose(hessian, bends, rtol=1e-5, atol=1e-6)
    P.gradient(x)
    np.testing.assert_allclose(P.diagonal(), np.diag(hessian))
    if isinstance(P.X, np.ndarray):
        same = P.derivatives(x, exact=True)
        assert same[0] == pytest.approx(value)
        np.testing.assert_allclose(same[1], gradient)
        np.testing.assert_allclose(same[2], hessian, atol=1e-12)


def test_routes_agree_and_a_warm_start_needs_no_step():
    X, _, rng = data(80, 5)
    costs = rng.random(80), rng.random(80)
    dense = LinearMachine(X)
    fit = dense.solve(*costs, None, 1e-10)
    by_products = LinearMachine(sparse.csr_array(X)).solve(*costs, None, 1e-10)
    np.testing.assert_allclose(fit.weights, by_products.weights, atol=1e-5)
    assert dense.solve(*costs, fit, 1e-8).n_iter == 0


def test_rows_without_cost_play_no_part():
    X, positive, _ = data()
    plus, minus = 1.0 * positive, 1.0 * ~positive
    plus[40:] = minus[40:] = 0.0
    part = LinearMachine(X[:40]).solve(plus[:40], minus[:40], None, 1e-9)
    np.testing.assert_allclose(LinearMachine(X).solve(plus, minus, None, 1e-9).weights, part.weights, atol=1e-6)
