"""Activation functions by name: their values, their slopes, and who shares what."""

import math

import numpy as np
import pytest
import torch
from scipy.special import expit, ndtr
from torch import nn

from panlearn.nn import Maxout, activation, activation_curve
from panlearn.nn.activations import ACTIVATIONS, units_per_output

z = np.linspace(-6, 6, 241)
FORMULAS = {
    "identity": z,
    "logistic": expit(z),
    "sigmoid": expit(z),
    "tanh": 2 * expit(2 * z) - 1,
    "relu": np.maximum(z, 0),
    "leaky_relu": np.where(z > 0, z, 0.01 * z),
    "prelu": np.where(z > 0, z, 0.25 * z),
    "elu": np.where(z > 0, z, np.expm1(z)),
    "selu": 1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * np.expm1(z)),
    "gelu": z * ndtr(z),
    "silu": z * expit(z),
    "softplus": np.log1p(np.exp(z)),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_matches_oracle(name):
    with torch.no_grad():
        values = activation(name).double()(torch.from_numpy(z)[:, None])[:, 0]
    np.testing.assert_allclose(values.numpy(), FORMULAS[name], atol=1e-7)  # softplus is linear beyond 20


def test_every_name_has_a_formula():
    assert {*FORMULAS} == {*ACTIVATIONS} - {"maxout"}


@pytest.mark.parametrize(("name", "steepest"), [("sigmoid", 0.25), ("tanh", 1.0), ("relu", 1.0), ("softplus", 1.0)])
def test_slopes_are_bounded(name, steepest):
    x = torch.linspace(-30, 30, 6001, dtype=torch.float64, requires_grad=True)
    activation(name)(x).sum().backward()
    assert x.grad is not None
    assert x.grad.max() <= steepest + 1e-12
    assert x.grad.max() == pytest.approx(steepest, abs=1e-9)


def test_settings_reach_the_module_and_units_are_counted():
    assert activation("leaky_relu", negative_slope=0.3)(torch.tensor(-1.0)).item() == pytest.approx(-0.3)
    assert activation("prelu", num_parameters=7).weight.shape == (7,)
    assert isinstance(activation("maxout", pieces=3), Maxout)
    assert (units_per_output("maxout", pieces=3), units_per_output("maxout"), units_per_output("tanh")) == (3, 2, 1)


def test_a_module_is_copied():
    given = nn.PReLU()
    first, second = activation(given), activation(given)
    with torch.no_grad():
        first.weight.fill_(0.5)  # type: ignore
    assert (given.weight.item(), second.weight.item()) == (0.25, 0.25)  # type: ignore
    assert math.isclose(activation(nn.Mish())(torch.tensor(0.0)).item(), 0)


def test_edge_cases():
    with pytest.raises(ValueError, match=r"activation must be one of \['elu'.*got 'swish'"):
        activation("swish")
    with pytest.raises(ValueError, match=r"'relu' cannot be built with .*slope"):
        activation("relu", slope=1)
    with pytest.raises(ValueError, match="maxout takes several units"):
        activation_curve("maxout", z)


@pytest.mark.parametrize("name", FORMULAS)
def test_curves_hold_values_and_slopes(name):
    values, slopes = activation_curve(name, z)
    np.testing.assert_allclose(values, FORMULAS[name], atol=1e-7)
    smooth = np.abs(z) > 0.06  # away from the corner
    np.testing.assert_allclose(np.gradient(FORMULAS[name], z)[smooth][1:-1], slopes[smooth][1:-1], atol=2e-3)
