"""Losses over steps: padding never counts, weights are repetition."""

import numpy as np
import pytest
import torch

from panlearn.core.errors import DataError
from panlearn.neural_network.step_targets import known_steps, over_steps, padded_targets, steps_there
from panlearn.neural_network.training.objective import OBJECTIVES


def test_padding_and_back():
    y = [np.ones((2, 3)), np.zeros((4, 3))]
    target, flat = padded_targets(y)
    assert not flat
    assert target.shape == (2, 4, 3)
    assert steps_there(target).tolist() == [2, 4]
    np.testing.assert_array_equal(known_steps(target), np.concatenate(y))


@pytest.mark.parametrize("name", ["squared_error", "absolute_error", "huber", "poisson"])
def test_padding_is_ignored(name):
    torch.manual_seed(0)
    target, _ = padded_targets([[1.0, 2.0, 3.0], [4.0]])
    z = torch.randn(2, 3, 1, requires_grad=True)
    loss = over_steps(OBJECTIVES[name])(z, target)
    flat = OBJECTIVES[name](z[~target.isnan()], known_steps(target)[:, 0])
    torch.testing.assert_close(loss, flat)
    (gradient,) = torch.autograd.grad(loss, z)
    assert gradient[1, 1:].tolist() == [[0], [0]]
    shorter = over_steps(OBJECTIVES[name])(z[1:, :1], target[1:])
    torch.testing.assert_close(shorter, OBJECTIVES[name](z[1, 0], target[1, 0]))


def test_weights_are_factors_of_sequences():
    target, _ = padded_targets([[1.0, 2.0], [4.0]])
    z, objective = torch.zeros(2, 2, 1), over_steps(OBJECTIVES["squared_error"])
    assert float(objective(z, target, torch.tensor([2.0, 1.0]))) == pytest.approx((2 * (0.5 + 2) + 8) / 3)
    assert float(objective(z, target, torch.ones(2))) == pytest.approx(float(objective(z, target)))


@pytest.mark.parametrize("y", [[1.0, 2.0], np.ones(3), 5, [[1.0], [np.nan]], [], ["a"]])
def test_refuses_what_is_no_list_of_sequences(y):
    with pytest.raises(DataError):
        padded_targets(y)
