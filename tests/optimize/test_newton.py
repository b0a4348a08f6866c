"""Newton's method: one step on quadratics, safe where a full step is not, honest where it stops early."""

import numpy as np
import pytest
from scipy.optimize import minimize as scipy_minimize

from panlearn.optimize.newton import newton, newton_cg, newton_step


class Function:
    """A function by its value, gradient and Hessian, in the form of both methods."""

    def __init__(self, value, gradient, hessian):
        self.value, self.g, self.h, self.calls = value, gradient, hessian, []

    def derivatives(self, x, exact):
        self.calls.append(exact)
        return self.value(x), self.g(x), self.h(x)

    def gradient(self, x):
        self.x = x
        return self.value(x), self.g(x)

    def diagonal(self):
        return np.diag(self.h(self.x))

    def product(self, v):
        return self.h(self.x) @ v


A = np.array([[4.0, 1.0, 0.0], [1.0, 3.0, 0.5], [0.0, 0.5, 100.0]])
B = np.array([1.0, -2.0, 3.0])
QUADRATIC = Function(lambda x: float(0.5 * x @ A @ x - B @ x), lambda x: A @ x - B, lambda x: A)
# sum of log cosh: full Newton steps diverge from |x| > 1.09
LOGCOSH = Function(
    lambda x: float(np.logaddexp(x, -x).sum()), np.tanh, lambda x: np.diag(np.cosh(np.clip(x, -300, 300)) ** -2.0)
)


@pytest.mark.parametrize("method", [newton, newton_cg])
def test_optimality(method):
    if method is newton:
        assert method(QUADRATIC, np.zeros(3), tol=1e-9, max_iter=10).n_iter == 1
    exact = method(QUADRATIC, np.zeros(3), tol=1e-10, max_iter=50)
    np.testing.assert_allclose(exact.x, np.linalg.solve(A, B), rtol=1e-9)
    assert exact.converged


@pytest.mark.parametrize("method", [newton, newton_cg])
def test_steps_are_shortened_where_the_full_step_overshoots(method):
    found = method(LOGCOSH, np.array([5.0, -4.0]), tol=1e-9, max_iter=100)
    assert found.converged
    np.testing.assert_allclose(found.x, 0.0, atol=1e-8)
    assert (np.diff(found.trace) <= 1e-12).all()


def test_matches_peer():
    def rosen_like(x):
        return float(np.log(np.exp(x @ A @ x) + np.exp(-B @ x)))

    def slope(x, step=1e-6):
        return np.array([(rosen_like(x + e) - rosen_like(x - e)) / (2 * step) for e in step * np.eye(3)])

    def bend(x, step=1e-4):
        return np.array([(slope(x + e) - slope(x - e)) / (2 * step) for e in step * np.eye(3)])

    ours = newton(Function(rosen_like, slope, bend), np.ones(3), tol=1e-7, max_iter=100)
    theirs = scipy_minimize(rosen_like, np.ones(3), method="BFGS", options={"gtol": 1e-7})
    np.testing.assert_allclose(ours.x, theirs.x, atol=1e-4)


def test_edge_cases():
    out_of_time = newton(LOGCOSH, np.array([5.0]), tol=1e-12, max_iter=1)
    assert (out_of_time.n_iter, out_of_time.converged) == (1, False)
    assert newton(QUADRATIC, np.linalg.solve(A, B), tol=1e-6, max_iter=5).n_iter == 0
    # a direction without curvature and without slope is left alone
    step = newton_step(np.diag([2.0, 0.0]), np.array([4.0, 0.0]))
    assert step is not None
    np.testing.assert_allclose(step, [-2.0, 0.0], rtol=1e-10)
    assert newton_step(np.array([[np.inf]]), np.ones(1)) is None


def test_a_useless_rough_hessian_is_asked_for_exactly():
    class Rough(Function):
        def derivatives(self, x, exact):
            value, gradient, hessian = super().derivatives(x, exact)
            return value, gradient, hessian if exact else -hessian

    rough = Rough(QUADRATIC.value, QUADRATIC.g, QUADRATIC.h)
    assert newton(rough, np.zeros(3), tol=1e-9, max_iter=20).converged
    assert rough.calls[0] is False
    assert rough.calls[-1] is True
