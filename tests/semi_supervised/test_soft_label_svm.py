"""What the machines share: duality and the feasible point that a primal solution names."""

import numpy as np

from panlearn.losses.hinge import SquaredHinge
from panlearn.semi_supervised.soft_label_svm import SoftLabelFit, balanced, losses, pulls, squared_dual


def test_weak_duality_holds_for_any_point():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(12, 3))
    for _ in range(50):
        plus, minus = rng.random(12), rng.random(12) * (rng.random(12) < 0.5)
        w, b = rng.normal(size=3), rng.normal()
        value = losses(SquaredHinge(), X @ w + b, plus, minus) + 0.5 * w @ w
        u, v = balanced(*pulls(X @ rng.normal(size=3) + rng.normal(), plus, minus))
        s = u - v
        assert abs(s.sum()) < 1e-9
        assert squared_dual(u, v, float((X.T @ s) @ (X.T @ s)), plus, minus) <= value


def test_balanced_without_one_side():
    u, v = balanced(np.array([1.0, 2.0]), np.zeros(2))
    assert not u.any()
    assert not v.any()


def test_gap_is_relative():
    fit = SoftLabelFit(np.zeros(1), np.zeros(1), 0.0, 2.0, 1.5, 1, True, expansion=False)
    assert fit.gap == 0.25
    assert fit._replace(lower=3.0).gap == 0.0
