"""The primal of machines with a squared loss: derivatives by differences, dense and by products."""

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import check_grad

from panlearn.core.blocks import ArrayRows
from panlearn.losses.epsilon_insensitive import SquaredEpsilonInsensitive
from panlearn.losses.hinge import SquaredHinge
from panlearn.svm.linear_newton import SquaredMachine


@pytest.mark.parametrize("loss", [SquaredHinge(), SquaredEpsilonInsensitive(0.1)])
@pytest.mark.parametrize("free", [False, True])
def test_derivatives(loss, free):
    rng = np.random.default_rng(0)
    X, C = rng.normal(size=(40, 3)), rng.random(40)
    y = np.where(rng.random(40) < 0.5, 1.0, -1.0)
    f = SquaredMachine(ArrayRows(X, y, C), loss, 2.0, free)
    x, v = rng.normal(size=4), rng.normal(size=4)
    assert check_grad(f.value, lambda x: f.gradient(x)[1], x) < 1e-4
    value, gradient, hessian = f.derivatives(x, True)
    assert np.isclose(value, f.value(x))
    np.testing.assert_allclose(gradient, f.gradient(x)[1])
    h = 1e-7
    np.testing.assert_allclose((f.gradient(x + h * v)[1] - gradient) / h, hessian @ v, atol=1e-4)
    f.gradient(x)
    np.testing.assert_allclose(f.product(v), hessian @ v)
    np.testing.assert_allclose(f.diagonal(), np.diag(hessian))
    rows = SquaredMachine(ArrayRows(sparse.csr_array(X), y, C), loss, 2.0, free)
    np.testing.assert_allclose(rows.gradient(x)[1], gradient)
    np.testing.assert_allclose(rows.product(v), hessian @ v)
    single = SquaredMachine(ArrayRows(X.astype(np.float32), y, C), loss, 2.0, free)
    np.testing.assert_allclose(single.derivatives(x, True)[2], hessian, rtol=1e-4, atol=1e-4)


def test_gap_is_half_the_squared_gradient():
    """Beta = -C loss' is feasible in the dual: 1/2 |X'beta|^2 + sum beta^2/(4 C) - y'beta is minus a lower bound."""
    rng = np.random.default_rng(1)
    X, C, x = rng.normal(size=(30, 2)), rng.random(30) + 0.1, rng.normal(size=3)
    y = np.where(rng.random(30) < 0.5, 1.0, -1.0)
    f = SquaredMachine(ArrayRows(X, y, C), SquaredHinge(), 1.0, False)
    value, gradient = f.gradient(x)
    Z = np.column_stack([X, np.ones(30)])
    beta = -C * SquaredHinge().slopes(Z @ x, y)
    dual = 0.5 * np.square(Z.T @ beta).sum() + (beta**2 / (4 * C)).sum() - y @ beta
    assert np.isclose(value + dual, 0.5 * gradient @ gradient)
