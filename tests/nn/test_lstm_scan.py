"""The node over the kernels equals the tensor path, with any noise and any number of threads."""

import itertools
from typing import Any

import pytest
import torch

from panlearn.nn import lstm_scan as scanning
from panlearn.nn.lstm_reference import LSTMWeights, Scan, lstm_reference
from panlearn.nn.lstm_scan import lstm_scan
from panlearn.nn.recurrent_noise import Noise, NoiseSettings, draw_noise
from panlearn.nn.steps import steps_of

NOISES = [(0.0, 0.0, 0.0), (0.3, 0.0, 0.0), (0.0, 0.4, 0.0), (0.0, 0.0, 0.4), (0.3, 0.2, 0.4)]


def problem(coupled: bool, extras: bool, dtype=torch.float64) -> tuple[torch.Tensor, tuple, LSTMWeights]:
    torch.manual_seed(0)
    GH, H, I = (9 if coupled else 12), 3, 2
    shapes: list[Any] = [(GH, I), (GH, H), (GH,), (GH,), None]
    shapes += [(3, H), (GH,), (GH,), (2, H)] if extras else [None] * 4
    parameters: Any = [None if s is None else torch.randn(s, dtype=dtype, requires_grad=True) for s in shapes]
    weights = LSTMWeights(*parameters)
    state = tuple(torch.randn(4, H, dtype=dtype, requires_grad=True) for _ in "hc")
    return torch.randn(11, I, dtype=dtype, requires_grad=True), state, weights


def results(function, rows, state, weights, scan) -> list[torch.Tensor]:
    output, last = function(rows, state, weights, scan)
    given = [x for x in (rows, *state, *weights) if x is not None]
    total: Any = sum((x * torch.arange(x.numel()).reshape(x.shape)).sum() for x in (output, *last))
    return [output, *last, *torch.autograd.grad(total, given)]


@pytest.mark.parametrize(("coupled", "extras", "reverse"), [*itertools.product([False, True], repeat=3)])
@pytest.mark.parametrize("noise", NOISES)
def test_equals_the_reference(coupled, extras, reverse, noise):
    rows, state, weights = problem(coupled, extras)
    steps = steps_of(torch.tensor([5, 3, 2, 1]), 5, 4)
    masks = draw_noise(NoiseSettings(*noise), steps, rows, (3, 3))
    scan = Scan(steps, reverse, masks)
    for ours, right in zip(
        results(lstm_scan, rows, state, weights, scan), results(lstm_reference, rows, state, weights, scan)
    ):
        torch.testing.assert_close(ours, right, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_threads_agree(monkeypatch, count):
    rows, state, weights = problem(False, True)
    scan = Scan(steps_of(torch.tensor([5, 3, 2, 1]), 5, 4), False, Noise())
    right = results(lstm_scan, rows, state, weights, scan)
    monkeypatch.setattr(scanning, "GATE", 0)
    monkeypatch.setattr(scanning, "thread_count", lambda: count)
    monkeypatch.setattr(torch, "get_num_threads", lambda: count)
    for a, b in zip(results(lstm_scan, rows, state, weights, scan), right):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)


def test_parts_of_the_result_suffice():
    rows, state, weights = problem(False, False)
    scan = Scan(steps_of(torch.tensor([5, 3, 2, 1]), 5, 4), False, Noise())
    for part in range(2):
        (ours,) = torch.autograd.grad(lstm_scan(rows, state, weights, scan)[1][part].sum(), rows)
        (right,) = torch.autograd.grad(lstm_reference(rows, state, weights, scan)[1][part].sum(), rows)
        torch.testing.assert_close(ours, right)


def test_single_precision_is_close():
    given = problem(False, True, torch.float32)
    scan = Scan(steps_of(torch.tensor([5, 3, 2, 1]), 5, 4), False, Noise())
    for ours, right in zip(results(lstm_scan, *given, scan), results(lstm_reference, *given, scan)):
        torch.testing.assert_close(ours, right, rtol=2e-3, atol=2e-3 * right.abs().max().item())
