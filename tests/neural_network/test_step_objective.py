"""Losses at each step: equal to sums by hand; the two outputs agree where a chain says nothing."""

from typing import Any

import pytest
import torch

from panlearn.neural_network.step_objective import STEP_OBJECTIVE, Scored, losses, step_loss
from panlearn.nn import CRF

LENGTHS = torch.tensor([3, 1, 2])


def batch(chain=None) -> tuple[Any, torch.Tensor]:
    torch.manual_seed(0)
    emissions = torch.randn(3, 3, 4, dtype=torch.float64)
    target = torch.tensor([[0, 3, 2, -1], [1, -1, -1, -1], [2, 2, -1, -1]], dtype=torch.int16)
    return Scored(emissions, LENGTHS, chain), target


def by_hand(scored, target):
    logs = scored.emissions.log_softmax(2)
    rows = [torch.stack([logs[i, t, int(target[i, t])] for t in range(n)]) for i, n in enumerate(LENGTHS.tolist())]
    return torch.stack([-row.sum() for row in rows])


def test_each_step_by_itself():
    scored, target = batch()
    torch.testing.assert_close(losses(scored, target), by_hand(scored, target))
    assert scored.mask.tolist() == [[True, True, True], [True, False, False], [True, True, False]]


def test_a_chain_that_says_nothing_is_softmax():
    chain = CRF(4, batch_first=True).double()
    for parameter in chain.parameters():
        torch.nn.init.zeros_(parameter)
    scored, target = batch(chain)
    torch.testing.assert_close(losses(scored, target), by_hand(scored, target))


@pytest.mark.parametrize("chain", [None, CRF(4, batch_first=True).double()], ids=["softmax", "crf"])
def test_mean_and_rows(chain):
    """The mean over steps; rows whose mean is that, so that weights of 1 change nothing."""
    scored, target = batch(chain)
    each = losses(scored, target)
    torch.testing.assert_close(step_loss(scored, target), each.sum() / 6)
    torch.testing.assert_close(step_loss(scored, target, "none").mean(), each.sum() / 6)
    torch.testing.assert_close(STEP_OBJECTIVE(scored, target, torch.ones(3)), STEP_OBJECTIVE(scored, target))
    heavy = STEP_OBJECTIVE(scored, target, torch.tensor([3.0, 0.0, 0.0]))
    torch.testing.assert_close(heavy, 3 * each[0] / 6)


def test_padding_is_ignored():
    scored, target = batch()
    other = scored._replace(emissions=scored.emissions.masked_fill(~scored.mask[..., None], 1e6))
    torch.testing.assert_close(losses(other, target), losses(scored, target))
    assert other.float().emissions.dtype == torch.float32
