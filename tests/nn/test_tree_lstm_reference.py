"""The torch operations: equal to the kernels, at other types, and differentiable twice."""

from typing import Any

import pytest
import torch
from torch.autograd import gradgradcheck

from panlearn.nn.tree_lstm_reference import levels
from panlearn.nn.tree_lstm_scan import scan
from tests.nn.tree_cases import FOREST, GRAPH, rows


def inputs(forest, n, H=3, dtype=torch.float64) -> Any:
    n_inner = forest.n_nodes - forest.n_leaves
    n_forget = n_inner * n if n else len(forest.children)
    shapes = ((forest.n_nodes, 3 * H), (n_forget, H), (3 * H, max(n, 1) * H), (max(n, 1) * H, max(n, 1) * H))
    return [rows(*shape, seed, dtype).requires_grad_() for seed, shape in enumerate(shapes)]


def run(function, given, forest, n):
    gates, forget, weight, weight_forget = given
    return function(gates, forget, weight, weight_forget, forest, n)


@pytest.mark.parametrize("forest", [FOREST, GRAPH], ids=["forest", "graph"])
@pytest.mark.parametrize("n", [0, 2, 3])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_equal_to_the_kernels(forest, n, dtype):
    given = inputs(forest, n, dtype=dtype)
    weights = rows(forest.n_nodes, 3, 9, dtype), rows(forest.n_nodes, 3, 10, dtype)
    found = []
    for function in (scan, levels):
        h, c = run(function, given, forest, n)
        loss = (h * weights[0]).sum() + (c * weights[1]).sum()
        found.append((h, c, *torch.autograd.grad(loss, given)))
    for a, b in zip(*found):
        torch.testing.assert_close(a, b, atol=1e-5 if dtype == torch.float32 else 1e-12, rtol=1e-4)


def test_second_derivatives():
    for n in (0, 2):
        given = inputs(GRAPH, n, 1)
        assert gradgradcheck(lambda *given: run(levels, given, GRAPH, n), given, fast_mode=True)


def test_half_types():
    given: Any = [t.detach().bfloat16() for t in inputs(FOREST, 2, dtype=torch.float32)]
    h, c = run(scan, given, FOREST, 2)
    expected = run(levels, [t.float() for t in given], FOREST, 2)
    assert h.dtype == c.dtype == torch.bfloat16
    torch.testing.assert_close(h.float(), expected[0], atol=0.05, rtol=0.05)
