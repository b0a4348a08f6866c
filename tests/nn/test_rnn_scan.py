"""The node of a plain layer: its reference's values, first and second derivatives, with and without noise."""

import itertools

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck
from torch.nn.functional import linear

from panlearn.nn.recurrent_noise import Noise
from panlearn.nn.rnn_scan import Inputs, Scan, differentiated, product, product_back, rnn_reference, rnn_scan, walked
from panlearn.nn.steps import steps_of

torch.set_num_threads(1)
FULL = steps_of(None, 3, 3)
RAGGED = steps_of(torch.tensor([2, 4, 3]), 4, 3)


def given(steps):
    random = torch.Generator().manual_seed(0)
    shapes = ((steps.n_rows, 3), (2, 3), (2,), (2, 2), (3, 2))
    return [torch.randn(shape, generator=random, dtype=torch.float64).requires_grad_() for shape in shapes]


def kernels(*x):
    """The scan of tensors one by one."""
    return rnn_scan(Inputs(*x[:3]), *x[3:])


def reference(*x):
    return rnn_reference(linear(*x[:3]), *x[3:])


def noise(steps, loud):
    if not loud:
        return Noise()
    random = torch.Generator().manual_seed(9)
    drop = torch.bernoulli(torch.full((3, 2), 0.6, dtype=torch.float64), generator=random) / 0.6
    hold = torch.bernoulli(torch.full((steps.n_rows, 2), 0.4, dtype=torch.float64), generator=random)
    return Noise(drop, hold)


CASES = list(itertools.product(["tanh", "sigmoid", "relu"], [FULL, RAGGED], [False, True], [False, True]))


@pytest.mark.parametrize(("name", "steps", "reverse", "loud"), CASES)
def test_gradient(name, steps, reverse, loud):
    x, scan = given(steps), Scan(steps, reverse, noise(steps, loud), name)
    for a, b in zip(kernels(*x, scan), reference(*x, scan)):
        torch.testing.assert_close(a, b)
    assert gradcheck(lambda *x: kernels(*x, scan), x)
    if name != "relu":
        assert gradgradcheck(lambda *x: kernels(*x, scan), x, fast_mode=True)


@pytest.mark.parametrize("which", [0, 1])
def test_one_result_alone(which):
    """Whoever asks for the last state or the outputs alone gets the gradient of that."""
    x, scan = given(RAGGED), Scan(RAGGED, False, Noise(), "tanh")
    found = torch.autograd.grad(kernels(*x, scan)[which].square().sum(), x)
    right = torch.autograd.grad(reference(*x, scan)[which].square().sum(), x)
    for a, b in zip(found, right):
        torch.testing.assert_close(a, b)


def test_single_precision_is_near():
    for reverse in (False, True):
        scan = Scan(RAGGED, reverse, Noise(), "tanh")
        x = given(RAGGED)
        y = [a.detach().float().requires_grad_() for a in x]
        found = torch.autograd.grad(kernels(*y, scan)[0].square().sum(), y)
        for a, b in zip(found, torch.autograd.grad(kernels(*x, scan)[0].square().sum(), x)):
            torch.testing.assert_close(a.double(), b, atol=1e-5, rtol=1e-5)


def test_inputs_are_left_alone():
    x, scan = given(FULL), Scan(FULL, False, Noise(), "relu")
    before = [a.detach().clone() for a in x]
    kernels(*x, scan)[0].sum().backward()
    assert all(torch.equal(a, b) for a, b in zip(x, before))


def test_functional_transforms():
    """`torch.func.grad` finds what backward does."""
    x, scan = given(RAGGED), Scan(RAGGED, True, Noise(), "tanh")
    plain = [a.detach() for a in x]
    found = torch.func.grad(lambda *x: kernels(*x, scan)[0].square().sum(), argnums=(0, 1, 2, 3, 4))(*plain)
    for a, b in zip(found, torch.autograd.grad(kernels(*x, scan)[0].square().sum(), x)):
        torch.testing.assert_close(a, b)


def test_an_output_changed_in_place_is_noticed():
    x, scan = given(FULL), Scan(FULL, False, Noise(), "tanh")
    output, _ = kernels(*x, scan)
    output.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        output.sum().backward()


def test_walked():
    assert walked(RAGGED, False) == [(slice(0, 3), 3), (slice(3, 6), 3), (slice(6, 8), 2), (slice(8, 9), 1)]
    assert walked(RAGGED, True) == walked(RAGGED, False)[::-1]


def test_differentiated_has_a_graph():
    x, scan = given(FULL), Scan(FULL, False, Noise(), "tanh")
    outer = torch.ones(9, 2, dtype=torch.float64)
    found = differentiated(reference, tuple(x), scan, (outer, None))
    assert all(g.requires_grad for g in found)
    for a, b in zip(found, torch.autograd.grad(reference(*x, scan)[0].sum(), x)):
        torch.testing.assert_close(a, b)


def test_product_and_its_way_back():
    rows, weight, bias = given(FULL)[:3]
    found = product(rows.detach(), weight.detach(), bias.detach())
    torch.testing.assert_close(found, linear(rows, weight, bias))
    delta = torch.randn(9, 2, dtype=torch.float64)
    right = torch.autograd.grad(linear(rows, weight, bias), (rows, weight, bias), delta)
    for a, b in zip(product_back(delta, [rows, weight, bias], (True, True, True)), right):
        torch.testing.assert_close(a, b)
    assert product_back(delta, [rows, weight, bias], (False, True, True))[0] is None
