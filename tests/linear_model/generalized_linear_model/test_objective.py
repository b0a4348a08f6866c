"""The objective is the definition's; derivatives by differences; products equal the Hessian."""

import numpy as np
import pytest

from panlearn.core.blocks import ArrayRows
from panlearn.linear_model.generalized_linear_model.design_rows import DesignRows
from panlearn.linear_model.generalized_linear_model.objective import DevianceObjective, DevianceProducts, Quadratic
from panlearn.losses.exponential_family import FAMILIES, ExponentialFamilyLoss
from panlearn.losses.links import LINKS
from tests.oracles import generalized_linear_model as oracle


def made(family="poisson", link="log", n=40):
    rng = np.random.default_rng(0)
    X, y, s, o = rng.normal(size=(n, 2)), rng.uniform(0.1, 0.9, n), rng.random(n) + 0.1, 0.1 * rng.normal(size=n)
    rows = DesignRows(X, np.empty((n, 0), np.uint32), (), o)
    loss, penalty = ExponentialFamilyLoss(FAMILIES[family], LINKS[link]), Quadratic(np.array([0.3, 0.3, 0.0]), None)
    f = DevianceObjective(ArrayRows(rows, y, s), loss, penalty, s.sum(), 3, np.arange(3))
    return f, (X, y, s, o, family, link)


@pytest.mark.parametrize(
    ("family", "link"), [("poisson", "log"), ("gamma", "log"), ("binomial", "probit"), ("normal", "log")]
)
def test_matches_oracle(family, link):
    f, problem = made(family, link)
    x = np.array([0.2, -0.1, -0.3])
    start = oracle.objective(np.zeros(3), *problem, l2=0.3)
    expected = oracle.objective(x, *problem, l2=0.3) - start  # up to what depends on y alone
    assert f.value(x) - f.value(np.zeros(3)) == pytest.approx(expected, rel=1e-9)
    value, gradient, hessian = f.derivatives(x, True)
    assert value == pytest.approx(f.gradient(x)[0], rel=1e-14)
    np.testing.assert_allclose(gradient, oracle.gradient(lambda x: oracle.objective(x, *problem, l2=0.3), x), atol=1e-7)
    np.testing.assert_allclose(f.gradient(x)[1], gradient)
    if f.loss.convex:
        step = 1e-6 * np.eye(3)
        numeric = [(f.gradient(x + e)[1] - f.gradient(x - e)[1]) / 2e-6 for e in step]
        np.testing.assert_allclose(hessian, numeric, atol=1e-7)


def test_products_equal_the_hessian():
    f, _ = made("gamma")
    x, v = np.array([0.2, -0.1, -0.3]), np.array([1.0, 2.0, 3.0])
    g, (value, gradient, hessian) = DevianceProducts(f), f.derivatives(x, True)
    found = g.gradient(x)
    assert found[0] == pytest.approx(value) == pytest.approx(g.value(x))
    np.testing.assert_allclose(found[1], gradient)
    np.testing.assert_allclose(g.product(v), hessian @ v)
    np.testing.assert_allclose(g.diagonal(), np.diag(hessian))


def test_bad_numbers_are_named():
    f, _ = made()
    f.source.rows.X.numeric[3, 1] = np.nan  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="X contains NaN"):
        f.gradient(np.zeros(3))


def test_smoothness_is_part_of_the_penalty():
    D = np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    q, x = Quadratic(np.zeros(3), D), np.array([1.0, 3.0, 7.0])
    assert q.value(x) == 0.5 * 4.0
    np.testing.assert_allclose(q.add_to(np.zeros((3, 3))) @ x, q.product(x))
