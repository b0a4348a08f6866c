"""ChildSumTreeLSTM: equal to recursion node by node, and its gradients to differences."""

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from panlearn.nn import ChildSumTreeLSTM, Forest
from tests.nn.tree_cases import CHILDREN, FOREST, GRAPH, GRAPH_CHILDREN, arrays, as_function, filled, of_leaves, rows
from tests.oracles.tree_lstm import tree_lstm

CASES = {"forest": (FOREST, CHILDREN), "graph": (GRAPH, GRAPH_CHILDREN)}


@pytest.mark.parametrize("given", ["forest", "graph"])
@pytest.mark.parametrize("everywhere", [True, False])
def test_matches_oracle(given, everywhere):
    forest, children = CASES[given]
    cell = filled(ChildSumTreeLSTM(3, 4))
    x = rows(forest.n_nodes if everywhere else forest.n_leaves, 3)
    full = x.numpy() if everywhere else of_leaves(x.numpy(), children)
    h, c = cell(x, forest)
    expected = tree_lstm(arrays(cell), full, children, 0)
    np.testing.assert_allclose(h.detach(), expected[0], atol=1e-12)
    np.testing.assert_allclose(c.detach(), expected[1], atol=1e-12)
    single = ChildSumTreeLSTM(3, 4)
    single.load_state_dict(cell.state_dict())
    np.testing.assert_allclose(single(x.float(), forest)[0].detach(), expected[0], atol=2e-6)


@pytest.mark.parametrize("given", ["forest", "graph"])
@pytest.mark.parametrize("everywhere", [True, False])
def test_gradient(given, everywhere):
    forest, _ = CASES[given]
    cell = filled(ChildSumTreeLSTM(2, 2))
    x = rows(forest.n_nodes if everywhere else forest.n_leaves, 2).requires_grad_()
    inputs = (x, *(p.detach().requires_grad_() for p in cell.parameters()))
    assert gradcheck(as_function(cell, forest), inputs)
    assert gradgradcheck(as_function(cell, forest), inputs, fast_mode=True)


def test_float32_gradient():
    """The float32 kernels against the float64 ones."""
    forest, _ = CASES["forest"]
    cell = filled(ChildSumTreeLSTM(3, 5))
    single = ChildSumTreeLSTM(3, 5)
    single.load_state_dict(cell.state_dict())
    x = rows(forest.n_nodes, 3)
    for c, y in ((cell, x), (single, x.float())):
        h, inner = c(y, forest)
        (h.sin() + inner.cos()).sum().backward()
    for a, b in zip(single.parameters(), cell.parameters()):
        assert a.grad is not None
        torch.testing.assert_close(a.grad.double(), b.grad, atol=1e-4, rtol=1e-4)


def test_overfits_tiny_batch():
    """A few steps against the gradient tell trees apart by their leaves."""
    torch.manual_seed(0)
    cell, head = ChildSumTreeLSTM(4, 8), torch.nn.Linear(8, 1)
    x = torch.eye(4)[torch.randint(0, 4, (20, 3))]  # twenty trees of three leaves, ((a b) c)
    target = (x[:, :2] * x[:, 2:]).sum((1, 2)).clamp_max(1)  # the uncle is one of the brothers, whose order is unseen
    forest = Forest.of_parents([[-1, 0, 1, 1, 0]] * 20)
    optimizer = torch.optim.Adam([*cell.parameters(), *head.parameters()], lr=0.05)
    losses = []
    for _ in range(120):
        z = head(cell(x.flatten(0, 1), forest)[0][forest.roots]).flatten()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(z, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]


def test_order_of_children_plays_no_part():
    cell, x = filled(ChildSumTreeLSTM(3, 4)), rows(5, 3)
    h, _ = cell(x, Forest.of_edges([1, 2, 3, 4], [0, 0, 0, 3], 5))
    swapped, _ = cell(x, Forest.of_edges([3, 2, 1, 4], [0, 0, 0, 3], 5))
    torch.testing.assert_close(swapped, h)
