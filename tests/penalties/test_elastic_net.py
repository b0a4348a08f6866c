"""Elastic-net penalty: values by sums, the proximal point against a fine grid, the gap against both objectives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panlearn.penalties import ElasticNet
from panlearn.penalties.elastic_net import alpha_max, subgradient


def problem(seed=0, n=12, p=5):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(n, p)), rng.normal(size=n)
    return X, y, rng.normal(size=p) * (rng.random(p) < 0.6)


def test_value_is_the_sum():
    penalty = ElasticNet(np.array([1.0, 2.0, np.inf]), np.array([0.5, 0.0, np.inf]))
    assert penalty.value(np.array([-2.0, 3.0, 0.0])) == 2 + 6 + 0.25 * 4


@pytest.mark.parametrize("positive", [False, True])
@given(st.floats(-5, 5), st.floats(0, 3), st.floats(0, 3), st.floats(0.1, 2))
def test_prox_minimises(positive, x, l1, l2, step):
    penalty = ElasticNet(np.array([l1]), np.array([l2]), positive)
    grid = np.linspace(0 if positive else -6, 6, 4001)
    values = 0.5 * (grid - x) ** 2 + step * (l1 * np.abs(grid) + 0.5 * l2 * grid**2)
    (found,) = penalty.prox(np.array([x]), step)
    assert 0.5 * (found - x) ** 2 + step * (l1 * abs(found) + 0.5 * l2 * found**2) <= values.min() + 1e-12
    assert not positive or found >= 0


@given(st.integers(0, 200), st.floats(0.01, 2), st.sampled_from([0.0, 0.3]), st.booleans())
def test_gap_bounds_the_distance_from_the_minimum(seed, l1, l2, positive):
    """Weak duality: no point lies below the objective less the gap; proximal steps find points near the minimum."""
    X, y, w = problem(seed)
    w = np.abs(w) if positive else w
    penalty = ElasticNet(np.full(5, l1), np.full(5, l2), positive)

    def value(w):
        return 0.5 * np.sum((y - X @ w) ** 2) + penalty.value(w)

    def gap(w):
        r = y - X @ w
        return penalty.gap(X.T @ r, w, float(r @ r))

    best, step = np.zeros(5), 1 / float(np.linalg.norm(X, 2)) ** 2
    for _ in range(3000):
        best = penalty.prox(best + step * X.T @ (y - X @ best), step)
    assert value(w) - gap(w) <= value(best) + 1e-9
    assert -1e-12 <= gap(best) < 1e-6
    if l2 == 0 and not positive:  # the textbook form, primal less dual
        r = y - X @ w
        s = min(1.0, l1 / np.abs(X.T @ r).max())
        assert np.isclose(gap(w), value(w) - 0.5 * (y @ y - np.sum((y - s * r) ** 2)))


def test_infinite_strength_holds_a_weight_at_zero():
    penalty = ElasticNet(np.array([1.0, np.inf]), np.array([0.0, np.inf]))
    assert penalty.prox(np.array([3.0, 3.0]), 1.0).tolist() == [2.0, 0.0]
    assert penalty.gap(np.array([1.0, 50.0]), np.array([2.0, 0.0]), 1.0) == 0
    assert penalty.distance(np.array([-1.0, 50.0]), np.array([2.0, 0.0])).tolist() == [0, 0]


def test_distance_is_zero_exactly_at_the_minimum():
    x, penalty = np.array([3.0, -0.5, -4.0]), ElasticNet(np.ones(3), np.full(3, 0.5))
    w = penalty.prox(x, 1.0)
    np.testing.assert_allclose(penalty.distance(w - x, w), 0, atol=1e-15)
    assert (penalty.distance(w + 0.1 - x, w + 0.1) > 0.01).all()


def test_alpha_max_is_the_edge_of_zero():
    X, y, _ = problem(1)
    pull = X.T @ y
    for positive in (False, True):
        alpha = alpha_max(pull, 0.5, positive=positive)
        for factor, zero in ((1 + 1e-9, True), (1 - 1e-9, False)):
            still = subgradient(-pull, np.zeros(5), np.full(5, 0.5 * alpha * factor), positive)
            assert (not still.any()) == zero
    assert alpha_max(pull, 1.0, np.array([0.0, 0, 0, 0, 1])) == abs(pull[4])
