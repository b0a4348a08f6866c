"""The interior-point method for programmes with bounds and a low-rank Hessian."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from panlearn.optimize.low_rank_interior_point import Programme, start, step


class Dense:
    """A matrix as the method asks for it."""

    def __init__(self, B):
        self.B = B

    def forward(self, theta):
        return self.B @ theta

    def back(self, u):
        return self.B.T @ u

    def gram(self, h):
        return self.B.T @ (h[:, None] * self.B)


def programme(m=30, seed=0, upper: Any = 1.0) -> Any:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(m, 3))
    y = np.where(X @ [1.0, -2.0, 0.5] > 0.2, 1.0, -1.0)  # separable: there is a minimum also without upper bounds
    return Programme(
        Dense(y[:, None] * np.column_stack([X, np.ones(m)])),
        -np.ones(m),
        np.full(m, upper),
        np.zeros(4),
        np.array([1.0, 1.0, 1.0, 0.0]),
    )


def solved(problem, steps=40):
    at = start(problem, np.zeros(4), np.minimum(0.5 * problem.upper, 1.0))
    gaps = [at.gap]
    while at.gap > 1e-12 * at.a.sum() and len(gaps) < steps:
        at = step(problem, at)
        gaps.append(at.gap)
    return at, gaps


@pytest.mark.parametrize("upper", [1.0, 0.01, np.inf])
def test_matches_oracle(upper):
    problem = programme(upper=upper)
    B = problem.B.B
    at, _ = solved(problem)

    def value(a):
        return 0.5 * np.square(B[:, :3].T @ a).sum() + problem.c @ a

    found = minimize(
        value,
        np.zeros(30),
        jac=lambda a: B[:, :3] @ (B[:, :3].T @ a) + problem.c,
        method="SLSQP",
        bounds=[(0, None if np.isinf(upper) else upper)] * 30,
        constraints={"type": "eq", "fun": lambda a: B[:, 3] @ a},
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    assert abs(value(at.a) - found.fun) <= 1e-7 * abs(found.fun)


@pytest.mark.parametrize("upper", [1.0, 1e6, np.inf])
def test_optimality(upper):
    """All conditions of the minimum hold, to rounding."""
    problem = programme(2000, upper=upper)
    B = problem.B.B
    at, gaps = solved(problem)
    np.testing.assert_allclose(problem.c + B @ at.theta, at.s - at.q, atol=1e-9)
    np.testing.assert_allclose(at.theta[:3], B[:, :3].T @ at.a, rtol=1e-5, atol=1e-7)
    assert abs(B[:, 3] @ at.a) < 1e-7 * at.a.sum()
    assert min(at.a.min(), at.room.min(), at.s.min(), at.q.min()) >= 0
    np.testing.assert_allclose(at.f, problem.c + B @ at.theta, atol=1e-11)
    assert gaps[-1] < 1e-10 * max(1.0, at.a.sum())


@pytest.mark.parametrize("m", [100, 20_000])
def test_few_steps(m):
    """The number of steps hardly depends on the number of variables or on the bounds."""
    for upper in (1e-3, 1.0, 1e6):
        assert len(solved(programme(m, upper=upper))[1]) <= 45


def test_dependent_columns():
    problem = programme()
    B = np.column_stack([problem.B.B[:, :3], problem.B.B[:, 3]])
    twice = problem._replace(B=Dense(np.column_stack([B[:, [0, 0, 0]], B[:, 3]])))
    at, _ = solved(twice)
    assert np.isfinite(at.theta).all()
    assert np.isclose(at.theta[0], at.theta[1])
