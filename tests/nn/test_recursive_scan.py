"""The node over kernels against the torch operations, and their gradients."""

import pytest
import torch

from panlearn.nn.recursive_scan import FUNCTIONS, levels, scan
from tests.nn.tree_cases import FOREST, GRAPH, rows


@pytest.mark.parametrize("forest", [FOREST, GRAPH], ids=["forest", "graph"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_kernels_are_the_operations(forest, name):
    found = []
    for function in (scan, levels):
        x, weight = rows(forest.n_nodes, 3).requires_grad_(), rows(3, 6, 1).requires_grad_()
        h = function(x, weight, None, forest, name)
        found.append((h, *torch.autograd.grad((h * rows(forest.n_nodes, 3, 2)).sum(), (x, weight))))
    for a, b in zip(*found):
        torch.testing.assert_close(a, b)


def test_inputs_are_left_alone():
    x, weight = rows(10, 3), rows(3, 6, 1)
    kept = x.clone(), weight.clone()
    scan(x, weight, None, FOREST, "tanh")
    assert torch.equal(x, kept[0])
    assert torch.equal(weight, kept[1])
