"""The node of gated units: its reference's values, gradients of both orders, with and without noise."""

import itertools

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck
from torch.nn.functional import linear

from panlearn.nn.gru_scan import GRUScan, gru_reference, gru_scan
from panlearn.nn.recurrent_noise import Noise
from panlearn.nn.rnn_scan import Inputs
from panlearn.nn.steps import steps_of

torch.set_num_threads(1)
FULL = steps_of(None, 3, 3)
RAGGED = steps_of(torch.tensor([2, 4, 3]), 4, 3)


def given(steps):
    random = torch.Generator().manual_seed(0)
    shapes = ((steps.n_rows, 3), (6, 3), (6,), (6, 2), (2,), (3, 2))
    return [torch.randn(shape, generator=random, dtype=torch.float64).requires_grad_() for shape in shapes]


def kernels(*x):
    """The scan of tensors one by one."""
    return gru_scan(Inputs(*x[:3]), *x[3:])


def reference(*x):
    return gru_reference(linear(*x[:3]), *x[3:])


def noise(steps, loud):
    if not loud:
        return Noise()
    random = torch.Generator().manual_seed(9)
    drop = torch.bernoulli(torch.full((3, 2), 0.6, dtype=torch.float64), generator=random) / 0.6
    hold = torch.bernoulli(torch.full((steps.n_rows, 2), 0.4, dtype=torch.float64), generator=random)
    return Noise(drop, hold)


@pytest.mark.parametrize(
    ("after", "steps", "reverse", "loud"),
    list(itertools.product([True, False], [FULL, RAGGED], [False, True], [False, True])),
)
def test_gradient(after, steps, reverse, loud):
    x, scan = given(steps), GRUScan(steps, reverse, noise(steps, loud), after)
    for a, b in zip(kernels(*x, scan), reference(*x, scan)):
        torch.testing.assert_close(a, b)
    if not after:
        x[4].requires_grad_(False)  # nothing reads it
    assert gradcheck(lambda *x: kernels(*x, scan), x)
    assert gradgradcheck(lambda *x: kernels(*x, scan), x, fast_mode=True)


@pytest.mark.parametrize("after", [True, False])
def test_last_state_alone(after):
    x, scan = given(RAGGED), GRUScan(RAGGED, True, Noise(), after)
    found = torch.autograd.grad(kernels(*x, scan)[1].square().sum(), x, allow_unused=True)
    right = torch.autograd.grad(reference(*x, scan)[1].square().sum(), x, allow_unused=True)
    for a, b in zip(found, right):
        assert a is b is None or torch.testing.assert_close(a, b) is None


def test_functional_transforms():
    """`torch.func.grad` finds what backward does."""
    x, scan = given(RAGGED), GRUScan(RAGGED, False, Noise(), True)
    plain = [a.detach() for a in x]
    found = torch.func.grad(lambda *x: kernels(*x, scan)[0].square().sum(), argnums=tuple(range(6)))(*plain)
    for a, b in zip(found, torch.autograd.grad(kernels(*x, scan)[0].square().sum(), x)):
        torch.testing.assert_close(a, b)
