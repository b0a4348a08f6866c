"""The node: inputs are left alone, graphs live side by side, gradients come at need."""

from typing import Any

import torch

from panlearn.nn.tree_lstm_scan import scan
from tests.nn.test_tree_lstm_reference import inputs, run
from tests.nn.tree_cases import FOREST


def test_inputs_are_left_alone():
    given = inputs(FOREST, 2)
    kept = [t.detach().clone() for t in given]
    h, c = run(scan, given, FOREST, 2)
    (h + c).sum().backward()
    for a, b in zip(given, kept):
        assert torch.equal(a.detach(), b)


def test_two_graphs_side_by_side():
    a, b = inputs(FOREST, 0), inputs(FOREST, 0)
    for t in b:
        t.data.mul_(2)
    alone = [torch.autograd.grad(run(scan, x, FOREST, 0)[0].sum(), x) for x in (a, b)]
    first, second = (run(scan, x, FOREST, 0)[0].sum() for x in (a, b))
    together = [torch.autograd.grad(second, b), torch.autograd.grad(first, a)][::-1]
    for x, y in zip(alone, together):
        assert all(torch.equal(p, q) for p, q in zip(x, y))


def test_only_one_state_is_used():
    given = inputs(FOREST, 2)
    for which in (0, 1):
        found = torch.autograd.grad(run(scan, given, FOREST, 2)[which].sum(), given)
        assert all(g.isfinite().all() for g in found)


def test_weights_that_lie_otherwise():
    """Columns of a larger tensor, transposed ones: the same numbers."""
    given: Any = [t.detach() for t in inputs(FOREST, 2)]
    turned: Any = [given[0], given[1], given[2].T.contiguous().T, torch.cat([given[3]] * 2, 1)[:, :6]]
    torch.testing.assert_close(run(scan, given, FOREST, 2), run(scan, turned, FOREST, 2))
