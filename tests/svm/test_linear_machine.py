"""Which solver a machine gets, and that all of them find the same weights."""

import numpy as np
import pytest
from scipy import sparse

from panlearn.svm.linear_machine import LOSSES, LinearMachine


def data(n=300, p=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, np.where(X @ rng.normal(size=p) + 0.5 * rng.normal(size=n) > 0.3, 1.0, -1.0)


@pytest.mark.parametrize("loss", sorted(LOSSES))
@pytest.mark.parametrize("scaling", [1.0, np.inf, 0.0])
def test_solvers_agree(loss, scaling):
    X, y = data()
    C, rng = np.random.default_rng(1).random(300), np.random.RandomState(0)
    machine = LinearMachine(X, loss, 0.1, scaling, 1e-6, 50_000)
    one = (machine._by_newton if machine.squared else machine._by_interior_point)(y, C)
    other = machine._by_sweeps(y, C, rng)
    products = machine._by_newton(y, C, products=True) if machine.squared else one
    for found in (other, products):
        assert found.converged
        np.testing.assert_allclose(found.coef, one.coef, atol=1e-4)
        assert np.isclose(found.intercept, one.intercept, atol=1e-4)
        assert np.isclose(found.value, one.value, rtol=1e-5)
    best = machine.objective(one.coef, one.intercept, y, C)
    if scaling != 0:
        assert np.isclose(best, one.value, rtol=1e-6)


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_the_gap_bounds_the_distance(loss):
    X, y = data()
    C = np.ones(300)
    best = LinearMachine(X, loss, 0.0, 1.0, 1e-8, 10_000).solve(y, C, np.random.RandomState(0))
    for tol in (1e-1, 1e-2):
        rough = LinearMachine(
            sparse.hstack([sparse.csr_array(X), sparse.csr_array((300, 400))], format="csr"), loss, 0.0, 1.0, tol, 1000
        ).solve(y, C, np.random.RandomState(0))
        assert -1e-6 * best.value <= rough.value - best.value <= rough.gap + 1e-6 * best.value


def test_machines_share_their_rows():
    X, y = data()
    machine = LinearMachine(X, "hinge", 0.0, 1.0, 1e-4, 100)
    machine.solve(y, np.ones(300), None)
    rows = machine._bordered
    machine.solve(-y, np.ones(300), None)
    assert machine._bordered is rows
