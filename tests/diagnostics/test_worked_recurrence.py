"""Networks of one unit against the pencil."""

from math import exp, log, tanh

import numpy as np
import pytest

from panlearn.diagnostics.worked_recurrence import (
    clipped_to,
    linear_gradient,
    lstm_step,
    scalar_network,
    soft_steps,
)


def sigmoid(z):
    return 1 / (1 + exp(-z))


def test_a_step_of_the_lstm_is_the_formula():
    scores = {"i": 0.3, "f": -0.7, "g": 1.1, "o": 0.4}
    c, h = lstm_step(scores, cell=-0.9)
    expected = sigmoid(-0.7) * -0.9 + sigmoid(0.3) * tanh(1.1)
    assert (c, h) == pytest.approx((expected, sigmoid(0.4) * tanh(expected)), rel=1e-12)


def test_coupled_gates_sum_to_one():
    c, _ = lstm_step({"f": -log(3), "g": 50.0, "o": 0.0}, cell=1.0, variant="coupled")
    assert c == pytest.approx(1.0)


def test_peepholes_see_the_cell_before_and_the_cell_now():
    scores = {"i": 0.0, "f": 0.0, "g": 0.5, "o": 0.0}
    c, h = lstm_step(scores, cell=2.0, variant="peephole", peephole=[0.1, 0.2, 0.3])
    expected = sigmoid(0.4) * 2.0 + sigmoid(0.2) * tanh(0.5)
    assert (c, h) == pytest.approx((expected, sigmoid(0.3 * expected) * tanh(expected)), rel=1e-12)


def test_the_slope_is_the_difference_quotient():
    def loss(u):
        return (scalar_network(u, [0.5, -1.0, 2.0])[0] ** 2).sum() / 2

    _, slope = scalar_network(0.8, [0.5, -1.0, 2.0])
    assert slope == pytest.approx((loss(0.8 + 1e-6) - loss(0.8 - 1e-6)) / 2e-6, rel=1e-7)


@pytest.mark.parametrize(("w", "steps"), [(1.01, 200), (0.99, 200), (1.0, 3), (0.5, 1)])
def test_a_linear_recurrence_has_the_power_of_its_factor(w, steps):
    assert linear_gradient(w, steps) == pytest.approx(w**steps, rel=1e-10)


def test_soft_steps_rise_to_one():
    steps = soft_steps(np.array([3.0, -8.0, 0.5, 40.0]))
    assert (np.diff(steps) >= 0).all()
    assert steps[-1] == pytest.approx(1.0)


def test_clipping_leaves_a_short_gradient_alone():
    length, gradient = clipped_to(10.0, [3.0, 4.0])
    assert length == 5
    assert gradient.tolist() == [3.0, 4.0]
