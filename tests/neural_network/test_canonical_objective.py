"""Losses with their links: the gradient is prediction minus target."""

import pytest
import torch

from panlearn.neural_network.canonical_objective import PAIRS, canonical


def problem(name, n=6, seed=0):
    random = torch.Generator().manual_seed(seed)
    z = torch.randn(n, 3, generator=random, dtype=torch.float64)
    if name == "cross_entropy":
        return z, torch.randint(0, 3, (n,), generator=random)
    return z, torch.randint(0, 2, (n, 3), generator=random).double()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", PAIRS)
def test_gradient(name, weighted):
    objective, (z, y) = canonical(name), problem(name)
    weight = torch.linspace(0, 2, 6, dtype=torch.float64) if weighted else None
    loss, gradient = objective.gradient(z, y, weight)
    wanted = objective(z.requires_grad_(), y, weight)
    torch.testing.assert_close(loss, wanted.detach())
    torch.testing.assert_close(gradient, torch.autograd.grad(wanted, z)[0])


@pytest.mark.parametrize("name", PAIRS)
def test_gradient_is_prediction_minus_target(name):
    objective, (z, y) = canonical(name), problem(name)
    target = torch.nn.functional.one_hot(y, 3) if name == "cross_entropy" else y
    torch.testing.assert_close(6 * objective.gradient(z, y)[1], objective.link(z) - target)


@pytest.mark.parametrize("name", PAIRS)
def test_mean_over_rows_of_the_sum_over_outputs(name):
    objective, (z, y) = canonical(name), problem(name)
    rows = objective.rows(z, y)
    assert rows.shape == (6,)
    torch.testing.assert_close(objective(z, y), rows.mean())
    if name == "squared_error":
        torch.testing.assert_close(rows, 0.5 * ((z - y) ** 2).sum(1))


@pytest.mark.parametrize("name", ["cross_entropy", "binary_cross_entropy"])
def test_sure_outputs_stay_finite(name):
    z = torch.tensor([[800.0, -800.0, 0.0]], dtype=torch.float64)
    y = torch.tensor([1]) if name == "cross_entropy" else torch.tensor([[0.0, 1.0, 0.0]], dtype=torch.float64)
    loss, gradient = canonical(name).gradient(z, y)
    assert loss > 1000
    assert gradient.isfinite().all()
