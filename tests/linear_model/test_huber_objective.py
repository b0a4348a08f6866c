"""The objective of Huber regression: its derivatives, by blocks and by products."""

import numpy as np
import pytest
from scipy import sparse

from panlearn.core.blocks import ArrayRows
from panlearn.linear_model.huber_objective import FLOOR, HuberObjective
from tests.oracles import huber as oracle


def objective(form=np.asarray, intercept=True):
    rng = np.random.default_rng(0)
    X, y, weight = rng.normal(size=(40, 3)), rng.standard_t(1, size=40), rng.random(40)
    unit, l2 = np.array([1.0, 2.0, 0.5]), np.array([0.3, 0.0, 0.1])
    return HuberObjective(ArrayRows(form(X), y, weight), unit, l2, 1.35, intercept), X, y, weight


POINT = np.array([0.3, -1.0, 0.7, 0.2, 0.9])


def test_is_the_definition():
    f, X, y, weight = objective()
    w = POINT[:3] / f.unit
    expected = oracle.objective(w, POINT[3], POINT[4], X, y, weight, 1.35, 0.0) / weight.sum()
    assert np.isclose(f.value(POINT), expected + 0.5 * f.l2 @ POINT**2, rtol=1e-12)


@pytest.mark.parametrize("intercept", [True, False])
def test_gradient_is_the_derivative(intercept):
    f, *_ = objective(intercept=intercept)
    x, h = POINT.copy(), 1e-6
    x[3] *= intercept
    _, gradient = f.gradient(x)
    steps = h * np.eye(5)
    numeric = np.array([(f.value(x + step) - f.value(x - step)) / (2 * h) for step in steps])
    numeric[3] *= intercept
    np.testing.assert_allclose(gradient, numeric, atol=1e-7)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_products_are_those_of_the_hessian(form):
    dense, *_ = objective()
    value, gradient, hessian = dense.derivatives(POINT, False)
    f, *_ = objective(form)
    np.testing.assert_allclose(f.gradient(POINT)[1], gradient, rtol=1e-12)
    assert np.isclose(f.value(POINT), value, rtol=1e-12)
    np.testing.assert_allclose(np.column_stack([f.product(e) for e in np.eye(5)]), hessian, atol=1e-12)
    np.testing.assert_allclose(f.diagonal(), np.diag(hessian), rtol=1e-12)


def test_no_scale_below_the_floor():
    f, *_ = objective()
    below = np.append(POINT[:4], 0.5 * FLOOR)
    assert f.value(below) == f.derivatives(below, False)[0] == np.inf
