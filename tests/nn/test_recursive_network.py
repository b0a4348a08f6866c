"""Recursive networks: equal to recursion node by node, with and without the tensor term."""

from typing import Any

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from panlearn.nn import Forest, RecursiveNetwork
from tests.nn.tree_cases import CHILDREN, FOREST, GRAPH, GRAPH_CHILDREN, as_function, filled, of_leaves, rows
from tests.oracles.tree_lstm import recursive_network

FUNCTIONS = {"tanh": np.tanh, "relu": lambda z: np.maximum(z, 0), "sigmoid": lambda z: 1 / (1 + np.exp(-z))}
CASES = {"forest": (FOREST, CHILDREN), "graph": (GRAPH, GRAPH_CHILDREN)}


@pytest.mark.parametrize("given", ["forest", "graph"])
@pytest.mark.parametrize("tensor", [True, False])
@pytest.mark.parametrize("nonlinearity", FUNCTIONS)
def test_matches_oracle(given, tensor, nonlinearity):
    forest, children = CASES[given]
    network = filled(RecursiveNetwork(3, 2, nonlinearity, tensor))
    weight, bias = network.weight.detach().numpy(), network.bias.detach().numpy()
    V = network.tensor.detach().numpy() if network.tensor is not None else None
    for everywhere in (True, False):
        x = 0.3 * rows(forest.n_nodes if everywhere else forest.n_leaves, 3)
        full = x.numpy() if everywhere else of_leaves(x.numpy(), children)
        expected = recursive_network(weight, bias, V, full, children, FUNCTIONS[nonlinearity])
        np.testing.assert_allclose(network(x, forest).detach(), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("settings", [{}, {"tensor": True}, {"nonlinearity": "sigmoid"}], ids=str)
def test_gradient(settings):
    network = filled(RecursiveNetwork(2, **settings))
    for n in (FOREST.n_nodes, FOREST.n_leaves):
        x = rows(n, 2).requires_grad_()
        inputs = (x, *(0.3 * p.detach() for p in network.parameters()))
        inputs = tuple(p.requires_grad_() for p in inputs)
        assert gradcheck(as_function(network, FOREST), inputs)
        if not settings.get("tensor"):
            assert gradgradcheck(as_function(network, FOREST), inputs, fast_mode=True)


def test_second_derivatives_of_the_tensor():
    network = filled(RecursiveNetwork(1, tensor=True))
    inputs = tuple(t.detach().requires_grad_() for t in (rows(FOREST.n_leaves, 1), *network.parameters()))
    assert gradgradcheck(as_function(network, FOREST), inputs, fast_mode=True)


def test_is_the_plain_network_on_a_chain():
    torch.manual_seed(0)
    n = 2000
    network: Any = RecursiveNetwork(3, 1)
    rnn = torch.nn.RNN(3, 3)
    rnn.load_state_dict(
        {
            "weight_ih_l0": torch.eye(3),
            "weight_hh_l0": network.weight.detach(),
            "bias_ih_l0": network.bias.detach(),
            "bias_hh_l0": torch.zeros(3),
        }
    )
    x = rows(n, 3, dtype=torch.float32)
    h = network(x, Forest.of_parents([*range(1, n), -1]))
    expected, _ = rnn(x[1:], x[:1])
    torch.testing.assert_close(h[1:], expected, atol=1e-5, rtol=1e-4)


def test_overfits_tiny_batch():
    """Parity of three signs, which no sum of leaves says."""
    torch.manual_seed(0)
    x = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * 3)
    words = torch.nn.functional.pad(x.flatten()[:, None], (0, 7))  # (24, 8)
    forest = Forest.of_parents([[-1, 0, 1, 1, 0]] * 8)
    network, head = RecursiveNetwork(8, tensor=True), torch.nn.Linear(8, 1)
    loss = torch.tensor(torch.inf)
    optimizer = torch.optim.Adam([*network.parameters(), *head.parameters()], lr=0.03)
    for _ in range(200):
        z = head(network(words, forest)[forest.roots]).flatten()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(z, (x.prod(1) > 0).float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.05


def test_refusals():
    for settings, words in (
        ({"hidden_size": 0}, "hidden_size"),
        ({"hidden_size": 2, "n_children": 0}, "n_children"),
        ({"hidden_size": 2, "nonlinearity": "sin"}, "nonlinearity"),
    ):
        with pytest.raises(ValueError, match=words):
            RecursiveNetwork(**settings)  # type: ignore[arg-type]
    network = RecursiveNetwork(2)
    with pytest.raises(ValueError, match="a row for each node"):
        network(torch.zeros(1, 2), FOREST)
    with pytest.raises(ValueError, match="3 children"):
        network(torch.zeros(4, 2), Forest.of_parents([-1, 0, 0, 0]))


def test_single_nodes_and_no_bias():
    network = RecursiveNetwork(2, bias=False, tensor=True)
    x = torch.ones(2, 2, requires_grad=True)
    h = network(x, Forest.of_parents([-1, -1]))
    assert torch.equal(h, x)
    h.sum().backward()
    assert x.grad is not None
    assert (x.grad == 1).all()
    assert "tensor=True" in repr(network)
    assert {name for name, _ in network.named_parameters()} == {"weight", "tensor"}
