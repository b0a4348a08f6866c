"""Dense layers with normalisation and shortcuts."""

from typing import Any

import pytest
import torch
from torch import nn

from panlearn.nn import CategoryEmbedding, DenseChain, Highway, MultilayerPerceptron, Residual
from panlearn.nn.activations import ACTIVATIONS
from panlearn.nn.blocks.multilayer_perceptron import TableNetwork


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("blocks", ["plain", "residual", "highway"])
def test_gradient_reaches_every_parameter(activation, blocks):
    torch.manual_seed(0)
    network: Any = MultilayerPerceptron([3, 16, 16, 2], activation, blocks=blocks).double()
    z = network(torch.randn(50, 3).double())
    assert z.shape == (50, 2)
    z.square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in network.parameters())


def test_equals_the_plain_chain():
    chain = DenseChain([3, 8, 8, 2], "tanh")
    network = MultilayerPerceptron([3, 8, 8, 2], "tanh")
    with torch.no_grad():
        for own, given in zip(network.parameters(), chain.parameters()):
            own.copy_(given)
    x = torch.randn(5, 3)
    torch.testing.assert_close(network(x), chain(x))


@pytest.mark.parametrize(("norm", "kind"), [("batch", nn.BatchNorm1d), ("layer", nn.LayerNorm), (None, type(None))])
def test_normalisation_stands_before_the_activation(norm, kind):
    network: Any = MultilayerPerceptron([3, 8, 2], "tanh", dropout=0.5, norm=norm)
    names = [type(layer) for layer in network[0]]
    assert names == [nn.Linear, *([kind] if norm else []), nn.Tanh, nn.Dropout]


@pytest.mark.parametrize(("blocks", "kind"), [("residual", Residual), ("highway", Highway)])
def test_shortcuts_where_widths_agree(blocks, kind):
    network = MultilayerPerceptron([3, 8, 8, 6, 6, 2], blocks=blocks)
    assert [any(isinstance(m, kind) for m in layer.modules()) for layer in network] == [False, True, False, True, False]


def test_residual_layers_pass_the_gradient_on():
    """Note 004 §6: a deep chain of sigmoids does not learn in its first layer; with shortcuts it does."""
    torch.manual_seed(0)
    x, norms = torch.randn(20, 8), []
    for blocks in ("plain", "residual"):
        network = MultilayerPerceptron([8, *[8] * 20, 1], "logistic", blocks=blocks)
        network(x).sum().backward()
        first: Any = next(network.parameters()).grad
        norms.append(float(first.norm()))
    assert norms[0] < 1e-9 < 1e-3 < norms[1]


def test_table_network_joins_numbers_and_vectors():
    embedding = CategoryEmbedding([3])
    network = TableNetwork(embedding, nn.Identity())
    numbers, codes = torch.randn(4, 2), torch.tensor([[0], [2], [0], [3]])
    joined = network(numbers, codes)
    torch.testing.assert_close(joined[:, :2], numbers)
    torch.testing.assert_close(joined[0, 2:], joined[2, 2:])
    assert not joined[3, 2:].any()
