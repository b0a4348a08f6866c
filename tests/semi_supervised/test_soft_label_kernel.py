"""The kernel machine in the primal: LIBSVM, the linear machine, optimality, kernels that are not definite."""

import numpy as np
import pytest
from sklearn.metrics.pairwise import rbf_kernel, sigmoid_kernel

from panlearn.semi_supervised.soft_label_kernel import KernelMachine
from panlearn.semi_supervised.soft_label_newton import LinearMachine
from tests.oracles.transductive_svm import machine


def data(seed=0, n=50):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    return X, np.sin(2 * X[:, 0]) + 0.3 * rng.normal(size=n) > 0, rng


@pytest.mark.parametrize("seed", range(5))
def test_equals_libsvm_and_the_linear_machine(seed):
    X, positive, rng = data(seed)
    cost = rng.uniform(0.1, 10, size=50)
    for gram in (rbf_kernel(X), X @ X.T):
        fit = KernelMachine(gram).solve(cost * positive, cost * ~positive, None, 1e-10)
        best = machine(gram, np.where(positive, 1.0, -1.0), cost, "squared_hinge")
        assert fit.objective == pytest.approx(best, rel=1e-6)
        assert fit.gap <= 1e-9
    linear = LinearMachine(X).solve(cost * positive, cost * ~positive, None, 1e-10)
    np.testing.assert_allclose(X.T @ fit.weights, linear.weights, atol=1e-6)


def test_optimality_with_both_sides():
    """beta_i = 2 a_i (1 - f_i)_+ - 2 b_i (1 + f_i)_+, and they add up to 0."""
    X, _, rng = data(1)
    plus, minus = rng.random(50), rng.random(50)
    fit = KernelMachine(rbf_kernel(X)).solve(plus, minus, None, 1e-11)
    f = rbf_kernel(X) @ fit.weights + fit.intercept
    named = 2 * plus * np.maximum(0, 1 - f) - 2 * minus * np.maximum(0, 1 + f)
    np.testing.assert_allclose(fit.weights, named, atol=1e-9)
    assert abs(fit.weights.sum()) < 1e-9


def test_labels_that_switch_inside_the_margin_use_the_factor_again():
    X, positive, _ = data(2)
    solver = KernelMachine(rbf_kernel(X, gamma=0.01))
    first = solver.solve(0.01 * positive, 0.01 * ~positive, None, 1e-9)
    factor = solver._factor
    flipped = positive.copy()
    flipped[:5] ^= True
    again = solver.solve(0.01 * flipped, 0.01 * ~flipped, first, 1e-9)
    assert solver._factor is factor
    fresh = KernelMachine(rbf_kernel(X, gamma=0.01)).solve(0.01 * flipped, 0.01 * ~flipped, None, 1e-9)
    np.testing.assert_allclose(again.decision, fresh.decision, atol=1e-8)


def test_a_kernel_that_is_not_definite_ends_without_a_bound():
    X, positive, _ = data(3)
    gram = sigmoid_kernel(X, gamma=3.0, coef0=-1)
    assert np.linalg.eigvalsh(gram)[0] < -1e-3
    fit = KernelMachine(gram).solve(100.0 * positive, 100.0 * ~positive, None, 1e-8)
    assert np.isfinite(fit.decision).all()
    assert fit.lower == -np.inf or fit.gap < 1e-6
