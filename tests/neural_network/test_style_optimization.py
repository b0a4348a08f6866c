"""Minimisation inside the unit box."""

import pytest
import torch

from panlearn.core.errors import DataError
from panlearn.neural_network.style_optimization import by_adam, by_lbfgs, free_slope

TARGET = torch.tensor([[0.3, -2.0], [5.0, 0.9]])  # two of the four lie outside


def loss(x: torch.Tensor) -> torch.Tensor:
    return (x - TARGET).square().sum()


@pytest.mark.parametrize("method", [by_lbfgs, lambda *a: by_adam(*a, learning_rate=0.05)])
def test_optimality(method):
    start = torch.full((2, 2), 0.5)
    found = method(loss, start, 300, iter(()))
    torch.testing.assert_close(found.pixels, TARGET.clamp(0, 1), atol=1e-3, rtol=0)
    assert found.slope < 1e-2
    assert found.curve[-1] <= found.curve[0]
    torch.testing.assert_close(start, torch.full((2, 2), 0.5))  # not changed


def test_slopes_that_the_range_holds_do_not_count():
    pixels, slope = torch.tensor([0.0, 1.0, 0.0, 0.5]), torch.tensor([3.0, -4.0, -0.1, 0.2])
    assert free_slope(pixels, slope) == pytest.approx(0.2)


def test_each_step_advances_the_bar():
    steps = iter(range(100))
    by_adam(loss, torch.zeros(2, 2), 7, steps, learning_rate=0.1)
    assert next(steps) == 7


def test_answers_that_are_not_finite_are_refused():
    with pytest.raises(DataError, match="not finite"):
        by_lbfgs(lambda x: (x * torch.inf).sum(), torch.ones(2, 2), 5, iter(()))
