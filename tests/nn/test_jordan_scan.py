"""The node of Jordan's layer: its reference's values, gradients of both orders, with and without noise."""

import itertools

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck
from torch.nn.functional import linear

from panlearn.nn.jordan_scan import JordanScan, JordanWeights, jordan_reference, jordan_scan
from panlearn.nn.recurrent_noise import Noise
from panlearn.nn.rnn_scan import Inputs
from panlearn.nn.steps import steps_of

torch.set_num_threads(1)
FULL = steps_of(None, 3, 3)
RAGGED = steps_of(torch.tensor([2, 4, 3]), 4, 3)


def given(steps):
    random = torch.Generator().manual_seed(0)
    shapes = ((steps.n_rows, 2), (3, 2), (3,), (3, 2), (2, 3), (2,), (3, 2))
    return [torch.randn(shape, generator=random, dtype=torch.float64).requires_grad_() for shape in shapes]


def noise(steps, loud):
    if not loud:
        return Noise()
    random = torch.Generator().manual_seed(9)
    drop = torch.bernoulli(torch.full((3, 2), 0.6, dtype=torch.float64), generator=random) / 0.6
    hold = torch.bernoulli(torch.full((steps.n_rows, 2), 0.4, dtype=torch.float64), generator=random)
    return Noise(drop, hold)


def scanned(scan):
    return lambda *x: jordan_scan(Inputs(*x[:3]), JordanWeights(*x[3:6]), x[6], scan)


@pytest.mark.parametrize(
    ("functions", "steps", "reverse", "loud"),
    list(
        itertools.product([("tanh", "softmax"), ("sigmoid", "identity")], [FULL, RAGGED], [False, True], [False, True])
    ),
)
def test_gradient(functions, steps, reverse, loud):
    x, scan = given(steps), JordanScan(steps, reverse, noise(steps, loud), *functions)
    for a, b in zip(scanned(scan)(*x), jordan_reference(linear(*x[:3]), *x[3:], scan=scan)):
        torch.testing.assert_close(a, b)
    assert gradcheck(scanned(scan), x)
    assert gradgradcheck(scanned(scan), x, fast_mode=True)


def test_functional_transforms():
    """`torch.func.grad` finds what backward does."""
    x, scan = given(RAGGED), JordanScan(RAGGED, False, Noise(), "relu", "tanh")
    plain = [a.detach() for a in x]
    found = torch.func.grad(lambda *x: scanned(scan)(*x)[0].square().sum(), argnums=tuple(range(7)))(*plain)
    for a, b in zip(found, torch.autograd.grad(scanned(scan)(*x)[0].square().sum(), x)):
        torch.testing.assert_close(a, b)
