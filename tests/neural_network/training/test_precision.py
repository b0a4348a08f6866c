"""Precision: 16-bit products give the same training within their rounding, and no gradient is lost."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from panlearn.core.errors import DataError
from panlearn.neural_network.training.loop import train
from panlearn.neural_network.training.precision import FIRST_SCALE, PATIENCE, Precision
from tests.neural_network.training.fits import begin, table, weights

CPU = torch.device("cpu")


def test_float16_trains_as_float32_does():
    whole, half = (train(begin(precision=name, max_epochs=5)) for name in ("float32", "float16"))
    torch.testing.assert_close(weights(half), weights(whole), rtol=0, atol=5e-3)
    assert half.last.loss == pytest.approx(whole.last.loss, abs=5e-3)
    assert all(value.dtype == torch.float32 for value in half.module.state_dict().values())


def test_bfloat16_trains_as_float32_does():
    """In a process of its own: some oneDNN builds choose instructions that their machine lacks."""
    program = """
import torch
from panlearn.neural_network.training.loop import train
from tests.neural_network.training.fits import begin, weights
whole, half = (train(begin(precision=name, max_epochs=5)) for name in ("float32", "bfloat16"))
print(float((weights(whole) - weights(half)).abs().max()))
"""
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, timeout=300)
    if done.returncode < 0:
        pytest.skip(f"this machine cannot multiply bfloat16 (signal {-done.returncode})")
    assert float(done.stdout) < 0.03, done.stderr


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
@pytest.mark.parametrize("scaled", [True, False])
def test_scaling_saves_small_gradients(name, scaled):
    """A gradient of 1e-8 is 0 in float16, unless the loss is multiplied; bfloat16 holds it as it is."""
    weight, precision = torch.zeros(1, requires_grad=True), Precision(name, CPU)
    weight.grad = torch.zeros(1)
    precision.scaled = scaled and name == "float16"
    loss = (weight.to(precision.dtype).float() * 1e-8).sum()
    precision.backward(loss)
    assert precision.unscale([weight.grad])
    lost = name == "float16" and not scaled
    assert weight.grad.item() == pytest.approx(0.0 if lost else 1e-8, rel=1e-2)


def test_an_overflow_halves_the_scale_and_leaves_out_the_update():
    precision = Precision("float16", CPU)
    assert not precision.unscale([torch.tensor([1.0]), torch.tensor([float("inf")])])
    assert precision.scale == FIRST_SCALE / 2
    gradient = torch.tensor([FIRST_SCALE])
    for _ in range(PATIENCE):
        assert precision.unscale([gradient.clone()])
    assert precision.scale == FIRST_SCALE


def test_overflowing_updates_are_skipped_in_training():
    X, y = table()
    run = begin(data=(X, y), precision="float16", max_epochs=1, size=90)
    run.precision.scale = 1e38  # far too large: every gradient overflows
    before = weights(run)
    train(run)
    assert torch.equal(weights(run), before)
    assert run.precision.scale == 5e37


def test_state_round_trip():
    precision, other = Precision("float16", CPU), Precision("float16", CPU)
    precision.unscale([torch.tensor([float("nan")])])
    other.restore(precision.state())
    assert (other.scale, other.good) == (FIRST_SCALE / 2, 0)


def test_float32_is_left_alone():
    precision, gradient = Precision("float32", CPU), torch.tensor([float("inf")])
    assert precision.unscale([gradient])  # faults are the loop's to find
    assert precision.state() == {"scale": 1.0, "good": 0}


def test_unknown_name():
    with pytest.raises(DataError, match=r"precision must be one of .*'bfloat16'.* got 'float64'"):
        Precision("float64", CPU)
