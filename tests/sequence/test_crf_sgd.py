"""Stochastic gradient descent: its gradient is that of the objective, and it comes near the minimum of L-BFGS."""

import numpy as np
import pytest

from panlearn.sequence.crf_objective import CRFObjective
from panlearn.sequence.crf_sgd import SGDState, sgd_pass, sgd_start, train_sgd
from panlearn.sequence.crf_training import CRFSettings, train
from tests.oracles.crf_problem import crf_problem


class Ordered(np.random.Generator):
    """A generator that does not shuffle."""

    def permutation(self, x, axis=0):
        return np.arange(x)


@pytest.mark.parametrize("values", [False, True])
def test_tiny_steps_add_up_to_the_gradient(values):
    problem = crf_problem(0, values=values, weighted=True)
    w, gradient = np.random.default_rng(1).normal(size=problem.n_weights), np.empty(problem.n_weights)
    w[len(problem.features.labels) :][~problem.transitions.allowed.ravel()] = 0.0
    value = CRFObjective(problem).objective(w, gradient)
    rate, penalty = 1e-9, 1e-3
    state, loss = sgd_pass(problem, SGDState(w, 0.0, 1.0 / (penalty * rate), penalty), Ordered(np.random.PCG64()))
    assert loss == pytest.approx(value, rel=1e-6)
    assert problem.weight is not None
    active = np.count_nonzero((np.diff(problem.encoded.offsets) > 0) & (problem.weight > 0))
    np.testing.assert_allclose((w - state.w) / rate, gradient + active * penalty * w, atol=1e-4)
    assert state.step == 12


def test_comes_near_the_optimum():
    problem = crf_problem(1, s=100)
    best = train(problem, CRFSettings()).objective
    fit = train(problem, CRFSettings("l2sgd", delta=1e-4))
    assert fit.converged
    assert best <= fit.objective <= 1.01 * best
    w = fit.w
    value = CRFObjective(problem).objective(w, np.empty_like(w)) + float(w @ w)
    assert value == pytest.approx(fit.objective, rel=0.01)


def test_passes_go_on_where_they_stopped():
    problem, settings = crf_problem(2, s=100), CRFSettings("l2sgd")
    rng = np.random.default_rng(0)
    state = sgd_start(problem, settings, np.zeros(problem.n_weights), rng)
    losses = []
    for _ in range(8):
        state, loss = sgd_pass(problem, state, rng)
        losses.append(loss + 0.5 * state.penalty * 100 * float(state.w @ state.w))
    assert state.step == 800
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("c2", [0.0, 1e-6, 1e4])
def test_any_penalty_gives_finite_weights(c2):
    problem = crf_problem(3)
    settings = CRFSettings("l2sgd", c2=c2, max_iterations=5, delta=1e-4)
    w, trace, _ = train_sgd(problem, settings, np.zeros(problem.n_weights))
    assert np.isfinite(w).all()
    assert np.isfinite(trace).all()
