"""L-BFGS: the minimum of smooth functions and of lasso problems, and the two-loop recursion it stands for."""

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der

import panlearn
from panlearn.optimize.lbfgs import _History, lbfgs, pseudo_gradient


def rosenbrock(x, gradient):
    gradient[:] = rosen_der(x)
    return float(rosen(x))


def least_squares(seed, n=40, p=12):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(n, p)) * np.logspace(0, 1, p)
    b = A @ (rng.normal(size=p) * (np.arange(p) % 3 == 0)) + rng.normal(size=n)

    def function(x, gradient):
        gradient[:] = A.T @ (A @ x - b)
        return 0.5 * float(np.sum((A @ x - b) ** 2))

    return A, b, function


@pytest.mark.parametrize("memory", [1, 3, 6])
def test_direction_is_the_two_loop_recursion(memory):
    rng = np.random.default_rng(memory)
    p = 20_001  # more than two pieces
    history, pairs = _History(memory, p), []
    for _ in range(memory + 2):
        s, g = rng.normal(size=p), rng.normal(size=p)
        y = s * rng.uniform(0.5, 2.0, size=p)
        history.add(s, y)
        pairs = [*pairs, (s, y)][-memory:]
        found = history.direction(g)
        q, alphas = -g, []
        for s, y in reversed(pairs):
            alphas.append(s @ q / (s @ y))
            q = q - alphas[-1] * y
        q *= pairs[-1][0] @ pairs[-1][1] / (pairs[-1][1] @ pairs[-1][1])
        for (s, y), alpha in zip(pairs, reversed(alphas), strict=True):
            q = q + (alpha - y @ q / (s @ y)) * s
        np.testing.assert_allclose(found, q, rtol=1e-9, atol=1e-11)


def test_matches_scipy_on_rosenbrock():
    start = np.array([-1.2, 1.0, -0.5, 2.0, 0.3])
    found = lbfgs(rosenbrock, start, tol=1e-9)
    assert found.status == "converged"
    np.testing.assert_allclose(found.x, np.ones(5), atol=1e-7)
    peer = minimize(rosen, start, jac=rosen_der, method="L-BFGS-B", options={"maxcor": 6, "ftol": 0, "gtol": 1e-9})
    assert found.n_calls <= 1.5 * peer.nfev


@pytest.mark.parametrize("seed", range(5))
def test_quadratic_is_solved_and_never_rises(seed):
    A, b, function = least_squares(seed)
    found = lbfgs(function, np.zeros(12), tol=1e-10, max_iter=500)
    np.testing.assert_allclose(found.x, np.linalg.lstsq(A, b, rcond=None)[0], rtol=1e-6)
    assert (np.diff(found.trace) <= 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_lasso_meets_its_optimality_conditions(seed):
    A, b, function = least_squares(seed)
    found = lbfgs(function, np.zeros(12), l1=200.0, tol=1e-9, max_iter=2000)
    slope = A.T @ (A @ found.x - b)
    zero = found.x == 0.0
    assert 0 < zero.sum() < 12
    assert np.abs(slope[zero]).max() <= 200.0
    np.testing.assert_allclose(slope[~zero], -200.0 * np.sign(found.x[~zero]), rtol=1e-5)
    assert (np.diff(found.trace) <= 0).all()


def test_pseudo_gradient_is_the_least_derivative():
    x, g = np.array([0.0, 0.0, 0.0, 1.0, -1.0]), np.array([0.5, 2.0, -3.0, 0.1, 0.1])
    assert pseudo_gradient(x, g, 1.0).tolist() == [0.0, 1.0, -2.0, 1.1, -0.9]
    assert pseudo_gradient(x, g, 0.0) is g


def test_large_penalty_leaves_zero():
    _, _, function = least_squares(0)
    found = lbfgs(function, np.zeros(12), l1=1e6)
    assert (found.status, found.n_iter) == ("converged", 0)
    assert not found.x.any()


def test_stopping():
    _, _, function = least_squares(1)
    seen = []
    stopped = lbfgs(function, np.zeros(12), callback=lambda point, i: seen.append((i, point.value)) or i == 3)
    assert (stopped.status, stopped.n_iter) == ("stopped", 3)
    assert [value for _, value in seen] == stopped.trace[1:].tolist()
    assert lbfgs(function, np.zeros(12), max_iter=2, tol=0.0).status == "max_iter"
    assert lbfgs(function, np.zeros(12), tol=0.0, delta=0.5, period=1).status == "stalled"


@pytest.mark.parametrize("seed", range(5))
def test_rounding_is_convergence(seed):
    """No tolerance can be met but that of the numbers: the search that fails there has arrived."""
    _, _, function = least_squares(seed)
    found = lbfgs(function, np.zeros(12), tol=0.0, max_iter=5000)
    assert found.status == "converged"
    assert found.gradient_norm <= 1e-6 * found.value


def test_wrong_gradient_is_no_convergence():
    def climbing(x, gradient):
        gradient[:] = -2.0 * x
        return float(x @ x)

    assert lbfgs(climbing, np.ones(2)).status == "line_search"


def test_start_is_kept_and_empty_problem_is_solved():
    start = np.array([-1.2, 1.0])
    lbfgs(rosenbrock, start)
    assert start.tolist() == [-1.2, 1.0]
    assert lbfgs(lambda x, gradient: 0.0, np.zeros(0)).status == "converged"


def test_unbounded_function_ends():
    def falling(x, gradient):
        gradient[:] = -1.0
        return -float(x.sum())

    found = lbfgs(falling, np.zeros(2), max_iter=20)
    assert np.isfinite(found.value)
    assert found.gradient_norm == pytest.approx(np.sqrt(2))  # the certificate does not lie


def test_same_bits_for_any_number_of_threads():
    p = 400_000
    scale = np.linspace(1, 50, p)

    def bowl(x, gradient):
        gradient[:] = scale * (x - 1)
        return 0.5 * float(np.sum(scale * (x - 1) ** 2))

    fits = []
    for n in (1, 2):
        with panlearn.threads(n), panlearn.core.threads.single_threaded_blas():
            fits.append(lbfgs(bowl, np.zeros(p), max_iter=5))
    assert np.array_equal(fits[0].x, fits[1].x)
