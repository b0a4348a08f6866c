"""The objective's sums over blocks: value, gradient and Hessian against differences, both forms against each other."""

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from panlearn.core.blocks import ArrayRows
from panlearn.linear_model.cross_entropy_objective import CrossEntropyObjective, CrossEntropyProducts, thinned
from panlearn.losses import BinaryCrossEntropy, SoftmaxCrossEntropy
from panlearn.penalties import L2
from tests.oracles import cross_entropy as oracle

RNG = np.random.default_rng(0)
X, WEIGHT = RNG.normal(size=(30, 3)), RNG.random(30) + 0.1
LOSSES = {1: BinaryCrossEntropy(), 3: SoftmaxCrossEntropy(3)}


def problem(k, form: Any = CrossEntropyObjective, data: Any = X, intercept=True):
    y = np.random.default_rng(1).integers(0, max(2, k), 30)
    objective = form(ArrayRows(data, y, WEIGHT), LOSSES[k], L2(0.3), float(WEIGHT.sum()), intercept)
    return objective, np.random.default_rng(2).normal(size=4 * k), y


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("intercept", [True, False])
def test_matches_oracle(k, intercept):
    objective, x, y = problem(k, intercept=intercept)
    theta = x.reshape(4, k)
    if not intercept:
        theta[-1] = 0
    value, gradient, hessian = objective.derivatives(x, True)
    assert np.isclose(value, oracle.objective(theta, X, y, WEIGHT, 0.3))
    expected = oracle.gradient(theta, X, y, WEIGHT, 0.3)
    if not intercept:
        expected[-1] = 0
    np.testing.assert_allclose(gradient, expected.ravel(), rtol=1e-6, atol=1e-8)
    free = np.flatnonzero(np.tile(np.arange(4) < 3, (k, 1)).T.ravel() | intercept)
    for direction in np.random.default_rng(3).normal(size=(3, len(free))):
        v = np.zeros(4 * k)
        v[free] = direction
        ahead, behind = (objective.derivatives(x + s * v, True)[1] for s in (1e-6, -1e-6))
        np.testing.assert_allclose((hessian @ v)[free], ((ahead - behind) / 2e-6)[free], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_products_are_those_with_the_hessian(k, intercept, form):
    objective, x, _ = problem(k, intercept=intercept)
    products, _, _ = problem(k, CrossEntropyProducts, form(X), intercept)
    if not intercept:
        x.reshape(4, k)[-1] = 0
    value, gradient, hessian = objective.derivatives(x, True)
    assert np.isclose(products.value(x), value)
    other, slope = products.gradient(x)
    assert np.isclose(other, value)
    np.testing.assert_allclose(slope, gradient, rtol=1e-10, atol=1e-12)
    v = np.random.default_rng(4).normal(size=4 * k)
    if not intercept:
        v.reshape(4, k)[-1] = 0
    np.testing.assert_allclose(products.product(v), hessian @ v, rtol=1e-10, atol=1e-12)
    if intercept:
        np.testing.assert_allclose(products.diagonal(), np.diag(hessian), rtol=1e-10)


def test_rounded_hessian_is_close():
    big = np.tile(X, (40_000, 1))  # small problems are not rounded
    objective = CrossEntropyObjective(
        ArrayRows(big, np.arange(len(big)) % 2), BinaryCrossEntropy(), L2(0.1), float(len(big)), True
    )
    exact, rounded = (objective.derivatives(np.zeros(4), flag)[2] for flag in (True, False))
    assert not np.array_equal(exact, rounded)
    np.testing.assert_allclose(rounded, exact, rtol=1e-5, atol=1e-7)


def test_thinned_takes_every_step_th_row():
    few = thinned(ArrayRows(X, np.arange(30), WEIGHT), 7)
    np.testing.assert_array_equal(few.rows.y, [0, 7, 14, 21, 28])
    np.testing.assert_array_equal(few.rows.X, X[::7])
    np.testing.assert_array_equal(few.rows.weight, WEIGHT[::7])
