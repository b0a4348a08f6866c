"""Triton's layers, run by Triton's interpreter on a processor: values and gradients are those of the references."""

# pyright: reportCallIssue=false, reportArgumentType=false, reportOptionalSubscript=false

import importlib
from typing import Any

import pytest
import torch

from panlearn.nn import recurrent_triton
from panlearn.nn.gru_scan import GRUScan, gru_reference
from panlearn.nn.lstm_reference import LSTMWeights, lstm_reference
from panlearn.nn.lstm_reference import Scan as LSTMScan
from panlearn.nn.recurrent_noise import Noise, NoiseSettings, draw_noise
from panlearn.nn.rnn_scan import Scan, rnn_reference
from panlearn.nn.steps import Steps, steps_of

pytest.importorskip("triton", reason="Triton comes with torch's builds for CUDA")
B, T, I, H = 2, 3, 4, 16
CASES = [  # lengths, reverse, noisy, widest layer of one launch
    (None, False, False, 512),
    (None, True, True, 0),
    ((2, 3), False, True, 512),
    ((2, 3), True, False, 0),
    ((2, 3), True, True, 512),
]


@pytest.fixture(autouse=True)
def _interpreted(monkeypatch):
    """Triton decides when a function is decorated whether to interpret it."""
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    modules = [importlib.import_module(f"panlearn.nn.recurrent_triton_{part}") for part in ("cells", "kernels")]
    for module in modules:
        importlib.reload(module)
    yield
    monkeypatch.delenv("TRITON_INTERPRET")
    for module in modules:
        importlib.reload(module)


def problem(lengths, noisy) -> tuple[Steps, Noise]:
    torch.manual_seed(0)
    steps = steps_of(None if lengths is None else torch.tensor(lengths), T, B)
    like = torch.empty(0, dtype=torch.float64)
    return steps, draw_noise(NoiseSettings(0.3, 0.2, 0.3), steps, like, (H, H)) if noisy else Noise()


def tensors(*shapes, dtype=torch.float64) -> list[torch.Tensor]:
    return [torch.randn(*shape, dtype=dtype, requires_grad=True) for shape in shapes]


def flat(results: Any) -> list[torch.Tensor]:
    return [x for part in results for x in (part if isinstance(part, tuple) else (part,))]


def compare(function, reference, given, **tolerance):
    """Values, gradients, and the gradient of a squared gradient."""
    found, expected = flat(function(*given)), flat(reference(*given))
    directions = [torch.randn_like(x) for x in found]
    once = torch.autograd.grad(found, given, directions, retain_graph=True)
    again = torch.autograd.grad(found, given, directions, retain_graph=True)  # the first has overwritten the gates
    linked = torch.autograd.grad(found, given, directions, create_graph=True)
    right = torch.autograd.grad(expected, given, directions, create_graph=True)
    for results in (once, again, linked):
        torch.testing.assert_close(results, right, **tolerance)
    torch.testing.assert_close(found, expected, **tolerance)
    second = [torch.autograd.grad(sum(x.square().sum() for x in first), given) for first in (linked, right)]
    torch.testing.assert_close(*second, **tolerance)


@pytest.mark.parametrize(("lengths", "reverse", "noisy", "widest"), CASES)
def test_rnn(monkeypatch, lengths, reverse, noisy, widest):
    monkeypatch.setattr(recurrent_triton, "WIDEST", widest)
    steps, noise = problem(lengths, noisy)
    for nonlinearity in ("tanh", "relu", "sigmoid", "identity"):
        scan = Scan(steps, reverse, noise, nonlinearity)
        given = tensors((steps.n_rows, H), (H, H), (B, H))
        compare(lambda *x: recurrent_triton.rnn_scan(*x, scan), lambda *x: rnn_reference(*x, scan), given)


@pytest.mark.parametrize(("lengths", "reverse", "noisy", "widest"), CASES)
def test_gru(monkeypatch, lengths, reverse, noisy, widest):
    monkeypatch.setattr(recurrent_triton, "WIDEST", widest)
    steps, noise = problem(lengths, noisy)
    scan = GRUScan(steps, reverse, noise, True)
    given = tensors((steps.n_rows, 3 * H), (3 * H, H), (H,), (B, H))
    compare(lambda *x: recurrent_triton.gru_scan(*x, scan), lambda *x: gru_reference(*x, scan), given)


@pytest.mark.parametrize("peephole", [False, True])
@pytest.mark.parametrize("gates", [3, 4])
@pytest.mark.parametrize(("lengths", "reverse", "noisy", "widest"), CASES)
def test_lstm(monkeypatch, lengths, reverse, noisy, widest, gates, peephole):
    monkeypatch.setattr(recurrent_triton, "WIDEST", widest)
    steps, noise = problem(lengths, noisy)
    scan, G = LSTMScan(steps, reverse, noise), gates * H
    given = tensors((steps.n_rows, I), (B, H), (B, H), (G, I), (G, H), (G,), (G,), *([(3, H)] if peephole else []))

    def layer(function):
        def call(rows, h, c, *weights):
            names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "peephole")
            return function(rows, (h, c), LSTMWeights(**dict(zip(names, weights))), scan)

        return call

    compare(layer(recurrent_triton.lstm_scan), layer(lstm_reference), given)


def test_several_tiles_in_float32():
    """More sequences than a tile holds, and units that fill no tile."""
    lengths, width = torch.tensor([2] * 9 + [1, 3] * 5), 37
    steps = steps_of(lengths, 3, 19)
    torch.manual_seed(0)
    noise = draw_noise(NoiseSettings(0.3, 0.2, 0.3), steps, torch.empty(0), (width, width))
    scan = GRUScan(steps, False, noise, True)
    given = tensors((steps.n_rows, 3 * width), (3 * width, width), (width,), (19, width), dtype=torch.float32)
    tolerance = {"rtol": 1e-3, "atol": 1e-3}
    compare(lambda *x: recurrent_triton.gru_scan(*x, scan), lambda *x: gru_reference(*x, scan), given, **tolerance)


def test_gradient_of_some():
    """Of the last cell alone: what comes to the outputs is not there."""
    steps, noise = problem((2, 3), False)
    scan = LSTMScan(steps, False, noise)
    rows, h, c, *weights = tensors((steps.n_rows, I), (B, H), (B, H), (4 * H, I), (4 * H, H))
    found, expected = (
        torch.autograd.grad(function(rows, (h, c), LSTMWeights(*weights), scan)[1][1].sum(), (rows, h, c, *weights))
        for function in (recurrent_triton.lstm_scan, lstm_reference)
    )
    torch.testing.assert_close(found, expected)


def test_serves(monkeypatch):
    assert recurrent_triton.serves(torch.zeros(1))
    assert not recurrent_triton.serves(torch.zeros(1, dtype=torch.bfloat16))
    assert not recurrent_triton.serves(torch.zeros(1, dtype=torch.int64))
    monkeypatch.setenv("TRITON_INTERPRET", "0")
    assert not recurrent_triton.serves(torch.zeros(1))  # a processor has kernels of its own
