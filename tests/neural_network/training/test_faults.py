"""NaN is met in the batch where it arises, and the message names the place."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from panlearn.core.errors import DataError
from panlearn.neural_network.training.callback import Callback
from panlearn.neural_network.training.faults import DivergenceError
from panlearn.neural_network.training.loop import Guard, _by_autograd, train
from panlearn.neural_network.training.run import Run
from tests.neural_network.training.fits import begin, table


class At(Callback):
    """Do something to a run after a step."""

    def __init__(self, step, act):
        self.step, self.act = step, act

    def on_batch_end(self, run):
        if run.step == self.step:
            self.act(run)


class Log(nn.Module):
    def forward(self, x):
        return torch.log(x)


class Root(nn.Module):
    """Finite at 0, with a derivative that is not."""

    def forward(self, x):
        return torch.sqrt(x.square())


def caught(run) -> DivergenceError:
    with pytest.raises(DivergenceError) as met:
        train(run)
    assert isinstance(met.value, DataError)
    assert "Solver produced non-finite parameter weights" in str(met.value)  # scikit-learn's words
    return met.value


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_bad_inputs_are_named_by_row(value):
    X, y = table()
    X[37, 2] = value
    run = begin(data=(X, y))
    number = next(k for k, batch in enumerate(run.batches.epoch(0)) if 37 in batch.indices)
    error = caught(run)
    assert (error.origin, error.epoch, error.batch) == ("inputs", 0, number)
    assert "row 37" in str(error)
    if math.isnan(value):  # tanh of infinity is 1: the loss was finite, and the gradient was not
        assert all(bool(segment.values.isfinite().all()) for segment in run.segments)  # the weights were spared


def test_bad_targets_are_named_by_row():
    X, _ = table()
    target = X[:, :1].clone()
    target[11] = math.nan
    error = caught(begin(nn.Linear(4, 1), (X, target), loss="squared_error"))
    assert (error.origin, "row 11" in str(error)) == ("target", True)


def test_the_layer_is_named():
    module = nn.Sequential(nn.Linear(4, 8), nn.Sequential(nn.Tanh(), Log()), nn.Linear(8, 2))
    error = caught(begin(module))
    assert (error.origin, error.layer, error.batch) == ("layer", "1.1", 0)
    assert "'1.1' (Log" in str(error)
    assert "learning_rate" in str(error)


def test_a_function_between_layers():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(4, 2)

        def forward(self, x):
            return torch.log(-self.inner(x).square())

    error = caught(begin(Own()))
    assert (error.origin, error.layer) == ("layer", "")
    assert "Own.forward" in str(error)


def test_the_loss_is_named():
    X, _ = table()
    module = nn.Linear(4, 1)
    with torch.no_grad():
        module.bias.fill_(200.0)  # e^200 overflows
    error = caught(begin(module, (X, X[:, :1].abs()), loss="poisson"))
    assert (error.origin, "poisson overflows" in str(error)) == ("loss", True)


def test_a_gradient_that_is_not_finite_is_the_origin():
    X, y = table()
    X[:16] = 0.0
    module = nn.Sequential(nn.Linear(4, 2, bias=False), Root(), nn.Linear(2, 2))
    error = caught(begin(module, (X, y), size=90))
    assert (error.origin, error.layer) == ("gradient", "0.weight")


def test_an_update_that_overflows_is_named():
    error = caught(begin(nn.Linear(4, 2), (1e9 * table()[0], table()[1]), optimizer="sgd", learning_rate=1e38))
    assert error.origin == "weights"
    assert "last update overflowed" in str(error)
    assert "learning_rate" in str(error)


@pytest.mark.parametrize("step", [1, 4, 6, 8])
def test_batch_and_epoch_are_exact(step):
    def spoil(run):
        with torch.no_grad():
            run.module[0].bias[0] = math.nan

    error = caught(begin(callbacks=(At(step, spoil),)))
    assert (error.epoch, error.batch) == divmod(step - 1, 6)  # the batch whose update left NaN behind
    assert (error.origin, error.layer) == ("weights", "0.bias")


def test_losses_left_on_a_device_are_found_exactly(monkeypatch):
    """As on CUDA: losses are read many at a time, and the weights stay finite until then."""
    X, y = table(400)
    X[137] = math.nan
    run = begin(data=(X, y), size=8)
    number = next(k for k, batch in enumerate(run.batches.epoch(0)) if 137 in batch.indices)
    guarded = Guard([segment.gradient for segment in run.segments])
    compute = _by_autograd(run, guarded.gradients)
    monkeypatch.setattr(Run, "record", lambda self, loss, n: self.waiting.append((loss, n, self.batch)))
    for batch in run.batches.epoch(0):
        guarded.check(compute(batch))
        run.optimizer.step(0.01)
        run.batch += 1
    assert all(bool(segment.values.isfinite().all()) for segment in run.segments)
    with pytest.raises(DivergenceError) as met:
        run.read()
    assert (met.value.origin, met.value.batch) == ("inputs", number)
    assert run.seen == 8 * number  # the sums hold what was sound


def test_hooks_are_taken_away():
    module = nn.Sequential(nn.Linear(4, 8), Log(), nn.Linear(8, 2))
    caught(begin(module))
    assert not any(layer._forward_hooks for layer in module.modules())


def test_finite_fits_say_nothing():
    assert np.isfinite([epoch.loss for epoch in train(begin()).history]).all()
