"""Losses: equal to their formulas, finite however sure the network is, with gradients of the right sign and size."""

import numpy as np
import pytest
import torch
from torch import nn

from panlearn.neural_network.training.objective import OBJECTIVES, custom, identity, smoothed

z = torch.tensor([[0.3, -1.2, 2.0], [0.0, 0.5, -0.5]], dtype=torch.float64)
codes = torch.tensor([2, 0])
values = torch.tensor([[1.0, 0.0, 1.0], [0.0, 2.0, 1.0]], dtype=torch.float64)
FORMULAS = {
    "cross_entropy": lambda z, y: -np.log(np.exp(z[range(2), y]) / np.exp(z).sum(1)),
    "binary_cross_entropy": lambda z, y: (np.log1p(np.exp(z)) - y * z).mean(1),
    "squared_error": lambda z, y: ((z - y) ** 2 / 2).mean(1),
    "absolute_error": lambda z, y: np.abs(z - y).mean(1),
    "huber": lambda z, y: np.where(np.abs(z - y) < 1, (z - y) ** 2 / 2, np.abs(z - y) - 0.5).mean(1),
    "poisson": lambda z, y: (np.exp(z) - y * z).mean(1),
}


def target_of(name):
    return codes if name == "cross_entropy" else values.clamp(max=1) if name.startswith("binary") else values


@pytest.mark.parametrize("name", OBJECTIVES)
def test_matches_formula(name):
    objective, y = OBJECTIVES[name], target_of(name)
    expected = FORMULAS[name](z.numpy(), y.numpy())
    np.testing.assert_allclose(objective.rows(z, y), expected, rtol=1e-12)
    np.testing.assert_allclose(objective(z, y), expected.mean(), rtol=1e-12)
    weight = torch.tensor([0.5, 1.5], dtype=torch.float64)
    np.testing.assert_allclose(objective(z, y, weight), (weight.numpy() * expected).mean(), rtol=1e-12)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_gradient(name):
    y = target_of(name)
    assert torch.autograd.gradcheck(lambda z: OBJECTIVES[name](z, y), z.clone().requires_grad_())


@pytest.mark.parametrize("name", ["cross_entropy", "binary_cross_entropy"])
def test_certainty_stays_finite(name):
    far = (1e4 * z).requires_grad_()
    loss = OBJECTIVES[name](far, target_of(name))
    (gradient,) = torch.autograd.grad(loss, far)
    assert torch.isfinite(loss)
    assert torch.isfinite(gradient).all()


def test_smoothing_is_a_mixture_of_labels():
    share, whole = 0.3, OBJECTIVES["cross_entropy"]
    spread = sum(whole.rows(z, torch.full((2,), k)) for k in range(3)) / 3
    mixed = (1 - share) * whole.rows(z, codes) + share * spread
    np.testing.assert_allclose(smoothed(share).rows(z, codes), mixed, rtol=1e-12)


@pytest.mark.parametrize("loss", [nn.MSELoss(), nn.functional.mse_loss, lambda z, y: (z - y) ** 2])
def test_own_losses(loss):
    objective, weight = custom(loss, identity), torch.tensor([0.5, 1.5])
    twice = OBJECTIVES["squared_error"]
    np.testing.assert_allclose(objective(z, values), 2 * twice(z, values))
    np.testing.assert_allclose(objective(z, values, weight), 2 * twice(z, values, weight))


def test_edge_cases():
    mean = custom(lambda z, y: ((z - y) ** 2).mean(), identity)
    assert float(mean(z, values)) > 0
    with pytest.raises(ValueError, match="one number for each row"):
        mean(z, values, torch.ones(2))
    loss = nn.MSELoss(reduction="sum")
    custom(loss, identity)
    assert loss.reduction == "sum"  # the user's object is not changed
