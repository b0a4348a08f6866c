"""Gradients beside finite differences: right ones pass, planted errors are named."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from panlearn.core.errors import DataError
from panlearn.diagnostics import gradient_check

X = np.random.default_rng(0).normal(size=(6, 3))
LABELS = np.array([0, 1, 1, 0, 1, 0])


class Planted(torch.autograd.Function):
    """y = w^2 with a wrong sign for the second entry's derivative."""

    @staticmethod
    def forward(ctx, w):
        ctx.save_for_backward(w)
        return w**2

    @staticmethod
    def backward(ctx, gradient):  # type: ignore[override]
        slope = 2 * ctx.saved_tensors[0].clone()
        slope[1] *= -1
        return gradient * slope


class Wrong(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.scale, self.last = nn.Linear(3, 4), nn.Parameter(torch.full((4,), 0.7)), nn.Linear(4, 2)

    def forward(self, x):
        return self.last(torch.tanh(self.first(x)) * Planted.apply(self.scale))


@pytest.mark.parametrize("activation", [nn.Tanh, nn.ReLU, nn.GELU, nn.PReLU])
def test_torch_s_own_gradients_pass(activation):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 8), activation(), nn.Dropout(), nn.Linear(8, 2))
    check = gradient_check(net, X, LABELS)
    assert check.passed
    assert check.worst.error < 1e-6
    assert [found.name for found in check.parameters] == [name for name, _ in net.named_parameters()]
    assert str(check).startswith("right")


def test_the_planted_error_is_named():
    torch.manual_seed(0)
    check = gradient_check(Wrong(), X, LABELS)
    assert not check.passed
    assert (check.worst.name, check.worst.entry) == ("scale", (1,))
    assert check.worst.gradient == pytest.approx(-check.worst.difference, rel=1e-4)
    assert sum(found.error > check.tol for found in check.parameters) == 1
    assert str(check).startswith("WRONG")
    assert "scale[1]" in str(check)


def test_a_kink_under_a_difference_is_no_error():
    """ReLU at exactly 0: one side agrees with the derivative torch takes, 0."""
    net: Any = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1))
    with torch.no_grad():
        net[0].weight.fill_(1.0)
        net[0].bias.fill_(-1.0)
        net[2].weight.fill_(1.0)
        net[2].bias.fill_(0.0)
    assert gradient_check(net, [[1.0]], [3.0]).passed


def test_a_backward_pass_by_hand_is_what_is_checked():
    class ByHand(nn.Linear):
        factor = 1.0

        def backpropagate(self, batch, objective):
            (x,) = batch.inputs
            with torch.no_grad():
                residual = self(x) - batch.target
                self.weight.grad += self.factor * residual.T @ x / len(x)
                self.bias.grad += residual.mean(0)
                return objective(self(x), batch.target)

    net = ByHand(3, 1)
    assert gradient_check(net, X, X[:, 0]).passed
    net.factor = 1.01
    check = gradient_check(net, X, X[:, 0])
    assert not check.passed
    assert check.worst.name == "weight"
    assert check.worst.error == pytest.approx(0.01, rel=0.1)


def test_recurrent_layers_and_convolutions_pass():
    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn, self.out = nn.LSTM(3, 2, batch_first=True), nn.Linear(2, 2)

        def forward(self, x):
            return self.out(self.rnn(x)[0][:, -1])

    torch.manual_seed(0)
    assert gradient_check(Last(), torch.randn(4, 5, 3), [0, 1, 1, 0], n_entries=5).passed
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 2))
    assert gradient_check(net, torch.randn(4, 1, 6, 6), [0, 1, 1, 0], n_entries=5).passed


def test_the_module_keeps_its_type_and_values():
    net = nn.Linear(3, 2)
    before = net.weight.detach().clone()
    gradient_check(net, X, LABELS)
    assert net.weight.dtype == torch.float32
    assert torch.equal(net.weight, before)
    assert net.weight.grad is None


def test_weights_and_entries():
    check = gradient_check(nn.Linear(3, 2), X, LABELS, sample_weight=np.arange(6), n_entries=4)
    assert check.passed
    assert [found.n_checked for found in check.parameters] == [4, 2]


def test_bad_input_is_said():
    class Single(nn.Linear):
        def forward(self, x):  # pyright: ignore[reportIncompatibleMethodOverride]
            return x @ torch.ones(3, 2) + super().forward(x)

    with pytest.raises(DataError, match="does not run in float64"):
        gradient_check(Single(3, 2), X, LABELS)
    with pytest.raises(DataError, match="n_entries"):
        gradient_check(nn.Linear(3, 2), X, LABELS, n_entries=0)


def test_gradients_below_rounding_are_not_called_wrong():
    """A batch normalisation takes the mean away again: the bias before it has a gradient of 0 but for rounding."""

    class Centred(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(3, 4), nn.Linear(4, 2)

        def forward(self, x):
            z = self.first(x)
            return self.last(torch.tanh(1e-4 * (z - z.mean(0)))) + 3

    torch.manual_seed(0)
    assert gradient_check(Centred(), X, LABELS).passed


def test_estimators_are_checked_through_their_own_backward_pass():
    from panlearn.neural_network import MLPClassifier, MLPRegressor

    fitted = MLPClassifier((5,), max_iter=200, tol=0.1, random_state=0).fit(X, LABELS)
    assert hasattr(fitted.module_, "backpropagate")
    assert gradient_check(fitted, X, LABELS).passed
    assert gradient_check(
        MLPRegressor(hidden_layer_sizes=(4,), max_iter=200, tol=1.0, random_state=0).fit(X, X[:, 0]), X, X[:, 0]
    ).passed
