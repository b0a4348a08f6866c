"""Penalties, decoupled decay, norms of neurons."""

from typing import Any

import pytest
import torch
from torch import nn

from panlearn.neural_network.training.flat_parameters import flatten
from panlearn.neural_network.training.loop import train
from panlearn.neural_network.training.regularization import Regularization
from panlearn.neural_network.training.settings import Settings
from tests.neural_network.training.fits import begin, network, table, weights


def test_gradients_of_the_penalties():
    """The derivative of l1 |w|_1 + l2 |w|^2 / 2 by autograd, and nothing on biases."""
    module: Any = network(dtype=torch.float64)
    (segment,) = flatten(module)
    Regularization(Settings(l1=0.3, l2=0.2), (segment,)).before(rate=1.0)
    found = {name: p.grad.clone() for name, p in module.named_parameters()}
    segment.gradient.zero_()
    matrices = [p for p in module.parameters() if p.ndim == 2]
    torch.stack([0.3 * w.abs().sum() + 0.1 * w.square().sum() for w in matrices]).sum().backward()
    for name, p in module.named_parameters():
        torch.testing.assert_close(found[name], p.grad)
        assert p.ndim == 2 or not found[name].any()


@pytest.mark.parametrize(("name", "peer"), [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)])
def test_decay_matches_peer(name, peer):
    """AdamW shrinks weights apart from the gradient, Adam through it: torch has both."""
    X, y = table()
    module = network()
    optimizer = peer(
        [
            {"params": [p for p in module.parameters() if p.ndim == 2], "weight_decay": 0.1},
            {"params": [p for p in module.parameters() if p.ndim == 1], "weight_decay": 0.0},
        ],
        lr=0.01,
    )
    for _ in range(3):
        optimizer.zero_grad()
        nn.functional.cross_entropy(module(X), y).backward()
        optimizer.step()
    run = train(begin(size=90, optimizer=name, learning_rate=0.01, l2=0.1))
    expected = torch.cat([value.detach().double().flatten() for value in module.state_dict().values()])
    torch.testing.assert_close(weights(run), expected, rtol=1e-4, atol=1e-6)


def norms_of_neurons(**settings: Any) -> torch.Tensor:
    module: Any = train(begin(**settings)).module
    return torch.cat([module[k].weight.norm(dim=1) for k in (0, 3)])


def test_max_norm_bounds_each_neuron():
    norms = norms_of_neurons(max_norm=0.3, learning_rate=0.1)
    assert norms.max() <= 0.3 + 1e-6
    assert norms.max() >= 0.3 - 1e-5  # the bound is reached, not passed
    assert norms_of_neurons(learning_rate=0.1).max() > 0.3


def test_max_norm_leaves_short_rows_and_embeddings():
    module: Any = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 2), nn.Conv1d(2, 3, 2))
    segments = flatten(module)
    with torch.no_grad():
        module[1].weight[0] = 0.1
        module[1].weight[1] = 9.0
        module[0].weight.fill_(9.0)
        module[2].weight.fill_(9.0)
    Regularization(Settings(max_norm=1.0), segments).after()
    assert (module[0].weight == 9.0).all()
    torch.testing.assert_close(module[1].weight[0], torch.full((4,), 0.1))
    torch.testing.assert_close(module[1].weight[1], torch.full((4,), 0.5))
    torch.testing.assert_close(module[2].weight.flatten(1).norm(dim=1), torch.ones(3))


def test_l1_makes_weights_small_that_help_nobody():
    X, _ = table(300)
    y = (X[:, 0] > 0).long()
    run = train(begin(nn.Linear(4, 2), (X, y), optimizer="sgd", learning_rate=0.1, l1=0.05, max_epochs=40))
    weight: Any = run.module.weight
    size = weight.abs().sum(0)
    assert size[0] > 0.5
    assert size[1:].max() < 0.05
