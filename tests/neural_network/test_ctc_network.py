"""The network and its loss: padding, stacking, and the sum over all alignments."""

import math

import numpy as np
import pytest
import torch

from panlearn.neural_network.ctc_network import BEHIND, CTC_OBJECTIVE, CTCNetwork, ctc_loss, stacked
from panlearn.neural_network.sequence_network import SequenceArchitecture
from tests.oracles.ctc import string_probabilities

ARCHITECTURE = SequenceArchitecture("rnn", hidden_size=3, bidirectional=True)


def network(stacking: int = 1, n_filters: int = 0) -> CTCNetwork:
    torch.manual_seed(0)
    return CTCNetwork(2, 3, ARCHITECTURE, stacking, n_filters, 3).double()


@pytest.mark.parametrize(("stacking", "n_filters"), [(1, 0), (2, 0), (3, 4)])
def test_padding_is_ignored(stacking, n_filters):
    module = network(stacking, n_filters)
    x, lengths = torch.randn(2, 7, 2, dtype=torch.float64), torch.tensor([7, 4])
    x[1, 4:] = 0.0
    both = module(x, lengths)
    alone = module(x[1:, :4], lengths[1:])
    n = int(stacked(lengths, stacking)[1])
    torch.testing.assert_close(both[1, :n], alone[0])
    assert (both[1, n:].exp() == torch.tensor([1.0, 0.0, 0.0])).all()
    target = torch.tensor([[1, 2], [2, BEHIND]])
    losses = CTC_OBJECTIVE.rows(both, target)
    torch.testing.assert_close(losses[1:], CTC_OBJECTIVE.rows(alone, target[1:]))


@pytest.mark.parametrize("seed", range(4))
def test_loss_is_the_sum_over_all_alignments(seed):
    rng = np.random.default_rng(seed)
    log_probs = np.log(rng.dirichlet(np.ones(3), 5))
    for string, p in string_probabilities(log_probs).items():
        if len(string):
            loss = ctc_loss(torch.from_numpy(log_probs)[None], torch.tensor([string]))
            assert loss.item() == pytest.approx(-math.log(p) / len(string))
    assert ctc_loss(torch.from_numpy(log_probs)[None], torch.tensor([[BEHIND]])).item() == pytest.approx(
        -log_probs[:, 0].sum()
    )


def test_gradient():
    module = network(2, 2)
    x, lengths = torch.randn(2, 5, 2, dtype=torch.float64), torch.tensor([5, 3])
    x[1, 3:] = 0.0
    target = torch.tensor([[1, 2], [2, BEHIND]])
    parameters = [p.detach().clone().requires_grad_() for p in (module.head.weight, module.head.bias)]

    def loss(weight, bias):
        return ctc_loss(
            torch.func.functional_call(module, {"head.weight": weight, "head.bias": bias}, (x, lengths)), target
        )

    assert torch.autograd.gradcheck(loss, parameters)
