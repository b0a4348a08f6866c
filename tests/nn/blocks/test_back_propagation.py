"""The chain rule written out: equal to autograd, to finite differences, and to loops over units."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from panlearn.nn.blocks.back_propagation import ELEMENTWISE, backward, forward, workspace
from tests.oracles import multilayer_perceptron as oracle


def chain(*sizes) -> Any:
    torch.manual_seed(0)
    return [nn.Linear(a, b).double() for a, b in pairwise(sizes)]


def by_autograd(layers, x, delta, activation):
    """Gradients of sum(z * delta), which has delta as its gradient in z."""
    h = x
    for layer in layers[:-1]:
        h = layer(h)
        ELEMENTWISE[activation].apply(h)
    z = layers[-1](h)
    return z, torch.autograd.grad((z * delta).sum(), [p for layer in layers for p in (layer.weight, layer.bias)])


@pytest.mark.parametrize(
    "frozen", [{"0.weight"}, {"0.weight", "0.bias"}, {"2.weight", "1.bias"}, {"2.weight", "2.bias"}]
)
def test_frozen_parameters_get_no_gradient(frozen):
    layers, x, delta = chain(3, 5, 6, 4), torch.randn(9, 3).double(), torch.randn(9, 4).double()
    parameters = nn.ModuleList(layers)
    _, wanted = by_autograd(layers, x, delta, "tanh")
    for name, parameter in parameters.named_parameters():
        parameter.requires_grad_(name not in frozen)
    with torch.no_grad():
        space = workspace(layers, 9, 0.0)
        forward(space, x, ELEMENTWISE["tanh"], 0.0)
        backward(space, x, delta, ELEMENTWISE["tanh"])
    assert space.lowest == (1 if {"0.weight", "0.bias"} <= frozen else 0)
    for (name, parameter), expected in zip(parameters.named_parameters(), wanted):
        if name in frozen:
            assert parameter.grad is None
        else:
            torch.testing.assert_close(parameter.grad, expected)


@pytest.mark.parametrize("activation", ELEMENTWISE)
@pytest.mark.parametrize("sizes", [(4, 3), (5, 7, 2), (3, 1, 6, 4)])
def test_gradient(activation, sizes):
    layers, x, delta = chain(*sizes), torch.randn(9, sizes[0]).double(), torch.randn(9, sizes[-1]).double()
    space = workspace(layers, 9, 0.0)
    with torch.no_grad():
        z = forward(space, x, ELEMENTWISE[activation], 0.0).clone()
        backward(space, x, delta, ELEMENTWISE[activation])
    expected, gradients = by_autograd(layers, x, delta, activation)
    torch.testing.assert_close(z, expected)
    for layer, weight, bias in zip(layers, gradients[::2], gradients[1::2]):
        torch.testing.assert_close(layer.weight.grad, weight)
        torch.testing.assert_close(layer.bias.grad, bias)


@pytest.mark.parametrize("activation", ELEMENTWISE)
def test_derivative_is_read_off_the_output(activation):
    f = ELEMENTWISE[activation]
    z = torch.linspace(-3, 3, 31, dtype=torch.float64) + 0.01
    a, above, below = z.clone(), z + 1e-6, z - 1e-6
    for values in (a, above, below):
        f.apply(values)
    slope = torch.ones_like(z)
    f.pull(slope, a)
    torch.testing.assert_close(slope, (above - below) / 2e-6, rtol=1e-6, atol=1e-8)


def test_matches_oracle():
    layers, x = chain(4, 5, 3, 2), torch.randn(6, 4).double()
    y = torch.tensor([0, 1, 1, 0, 1, 0])
    space = workspace(layers, 6, 0.0)
    with torch.no_grad():
        z = forward(space, x, ELEMENTWISE["tanh"], 0.0)
        delta = (torch.softmax(z, 1) - nn.functional.one_hot(y, 2)) / 6
        backward(space, x, delta, ELEMENTWISE["tanh"])
    W, b = ([getattr(layer, name).detach().numpy() for layer in layers] for name in ("weight", "bias"))
    _, weights, biases = oracle.gradients(W, b, x.numpy(), y.numpy())
    for layer, weight, bias in zip(layers, weights, biases):
        np.testing.assert_allclose(layer.weight.grad, weight, atol=1e-14)
        np.testing.assert_allclose(layer.bias.grad, bias, atol=1e-14)


def test_gradients_add_up():
    layers, x, delta = chain(3, 4, 2), torch.randn(5, 3).double(), torch.randn(5, 2).double()
    space = workspace(layers, 5, 0.0)
    sums = []
    with torch.no_grad():
        for _ in range(2):
            forward(space, x, ELEMENTWISE["relu"], 0.0)
            backward(space, x, delta, ELEMENTWISE["relu"])
            sums.append(layers[0].weight.grad.clone())
    torch.testing.assert_close(sums[1], 2 * sums[0])


def test_dropped_units_get_no_gradient():
    layers, x, delta = chain(3, 50, 2), torch.randn(1, 3).double(), torch.ones(1, 2).double()
    space = workspace(layers, 1, 0.4)
    with torch.no_grad():
        forward(space, x, ELEMENTWISE["tanh"], 0.4)
        backward(space, x, delta, ELEMENTWISE["tanh"])
    (mask,) = space.layers[0].mask  # type: ignore[misc]
    assert set(mask.unique().tolist()) == {0.0, 1 / 0.6}  # kept units are scaled up
    assert not layers[0].weight.grad[mask == 0].any()
    assert layers[0].weight.grad[mask > 0].all()
