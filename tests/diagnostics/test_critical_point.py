"""Verdicts on planted critical points, and steps away from them."""

import copy
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from panlearn.core.errors import DataError
from panlearn.diagnostics import critical_point, take_step
from panlearn.diagnostics.critical_point import loss_after
from panlearn.diagnostics.empirical_loss import empirical_loss


class Surface(nn.Module):
    """A function of the parameters alone: its value is the loss."""

    def __init__(self, function, start):
        super().__init__()
        self.function, self.at = function, nn.Parameter(torch.tensor(start, dtype=torch.float64))

    def forward(self, x):
        return self.function(self.at).expand(len(x))


def look(function, start, **settings):
    module = Surface(function, start)
    return module, critical_point(module, np.zeros((1, 1)), np.zeros(1), lambda z, y: z.mean(), **settings)


def test_a_quadratic_is_told_by_the_signs_of_its_curvatures():
    """Note 001 §7.3."""
    for curvatures, verdict in (((1, 2), "minimum"), ((-1, -2), "maximum"), ((1, -2), "saddle")):
        c = torch.tensor(curvatures, dtype=torch.float64)
        found = look(lambda w, c=c: 0.5 * (c * w**2).sum(), [0.0, 0.0])[1]
        assert found.verdict == verdict
        assert found.n_negative == (c < 0).sum()
        np.testing.assert_allclose(found.eigenvalues, sorted(curvatures), atol=1e-12)


def test_far_from_critical_is_a_slope_whose_step_lowers_the_loss():
    found = look(lambda w: (w**2).sum(), [1.0, 0.0])[1]
    assert found.verdict == "slope"
    assert found.escape_loss < found.loss
    assert found.gradient_norm == pytest.approx(2)


def test_no_change_within_a_step_is_a_plateau():
    assert look(lambda w: 1 + 1e-5 * (w**3).sum(), [0.0, 0.0])[1].verdict == "plateau"


def test_flat_directions_are_counted():
    found = look(lambda w: w[0] ** 2 + w[1] ** 4, [0.0, 0.0])[1]
    assert (found.verdict, found.n_flat, found.n_negative) == ("minimum", 1, 0)


@pytest.mark.parametrize("method", ["dense", "lanczos"])
def test_a_planted_saddle_of_a_deep_linear_network(method):
    """Weights 0: no gradient, curvatures of both signs; the escape step lowers the loss of the network itself."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4, bias=False), nn.Linear(4, 2, bias=False)).double()
    X = torch.randn(30, 3, dtype=torch.float64)
    y = X[:, :2]
    torch.nn.utils.vector_to_parameters(torch.zeros(20, dtype=torch.float64), net.parameters())
    found = critical_point(net, X, y, method=method, steps=20, n_starts=8)
    assert found.verdict == "saddle"
    assert found.gradient_norm < 1e-12
    assert found.exact == (method == "dense")
    if found.exact:
        assert found.n_negative == 8  # two singular values of X'y, four hidden units
        assert found.negative_share == 0.4
    assert found.curvature < 0
    assert found.escape_loss < found.loss
    before = empirical_loss(net, X, y).value()
    take_step(net, found.step)
    assert empirical_loss(net, X, y).value() == pytest.approx(found.escape_loss)
    assert found.escape_loss < before - 0.01


def test_descent_from_saddle_to_saddle_ends_in_a_minimum():
    """Plain descent stays at each saddle it comes to; an escape step goes on, and the index falls."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Tanh(), nn.Linear(2, 1, bias=False)).double()
    X = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], dtype=torch.float64)
    y = torch.tensor([0.5, -0.5, 0.1], dtype=torch.float64)
    torch.nn.utils.vector_to_parameters(torch.zeros(6, dtype=torch.float64), net.parameters())
    risk = empirical_loss(net, X, y)
    seen = [critical_point(net, X, y)]
    while seen[-1].verdict == "saddle" and len(seen) < 6:
        take_step(net, seen[-1].step)
        for _ in range(1500):
            take_step(net, -0.5 * risk.gradient()[1])
        seen.append(critical_point(net, X, y))
    assert [found.verdict for found in seen] == ["saddle"] * (len(seen) - 1) + ["minimum"]
    assert all(later.loss < found.escape_loss < found.loss for found, later in pairwise(seen))
    assert all(later.n_negative < found.n_negative for found, later in pairwise(seen))


def test_symmetric_start_of_xor_is_a_saddle():
    """Equal hidden units stay equal under gradient descent; the way out is to make them differ."""
    X = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    y = torch.tensor([0.0, 1, 1, 0])
    net: Any = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))
    torch.nn.utils.vector_to_parameters(torch.zeros(9), net.parameters())
    with torch.no_grad():
        net[2].bias.fill_(0.5)  # the mean
    found = critical_point(net, X, y)
    assert found.gradient_norm < 1e-6
    assert found.escape_loss <= found.loss


def test_the_network_is_not_changed():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    before = copy.deepcopy(net.state_dict())
    critical_point(net, np.ones((5, 3)), np.arange(5.0))
    assert all(torch.equal(before[name], t) for name, t in net.state_dict().items())


def test_loss_after_a_step_is_that_of_a_moved_network():
    torch.manual_seed(0)
    net = nn.Linear(3, 1).double()
    risk = empirical_loss(net, np.ones((2, 3)), [1.0, 2.0], batch_size=1)
    step = np.array([0.1, -0.2, 0.3, 0.4])
    expected = loss_after(risk, step)
    take_step(net, step)
    assert risk.value() == pytest.approx(expected)


def test_direction_does_not_lead_uphill():
    _, found = look(lambda w: w[0] - w[0] ** 2 + w[1] ** 2, [0.1, 0.0])
    assert found.direction[0] < 0


def test_bad_input_is_said():
    with pytest.raises(DataError, match="tol and flat"):
        look(lambda w: w.sum(), [0.0], tol=-1)
