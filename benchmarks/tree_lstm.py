"""Tree-LSTM: a step of training over a batch of trees, against recursion node by node, and plain torch.

Trees are random binary ones with a word at each leaf, as constituency trees have; rows are trees, columns leaves of a
tree. A step is the sum of the roots' states and its gradient in input and weights; the error is the largest difference
from the gradient in float64. "recursion" visits each node by itself, as the code that comes with papers does; "level by
level" leaves the graph to torch.
"""

from functools import cache
from typing import Any

import numpy as np

from benchmarks.cases import Case, Contender, Problem, Quality

SHAPES = {"tiny": (2, 4), "small": (5, 19), "medium": (25, 19), "large": (100, 25)}
WIDTHS = {"nary": (100, 150), "child_sum": (100, 150)}


def random_tree(n_leaves: int, rng: np.random.Generator) -> list[int]:
    """Parents of the nodes of a binary tree, as they open."""
    parents: list[int] = []
    waiting = [(n_leaves, -1)]
    while waiting:
        n, up = waiting.pop()
        parents.append(up)
        if n > 1:
            left = int(rng.integers(1, n))
            own = len(parents) - 1
            waiting += [(n - left, own), (left, own)]
    return parents


@cache
def batch(b: int, n_leaves: int) -> Problem:
    """Trees; X holds their parents and the leaves' vectors."""
    import torch

    rng = np.random.default_rng(0)
    problem = Problem(np.zeros((b, n_leaves)), np.zeros(b))
    problem.parents = [random_tree(n_leaves, rng) for _ in range(b)]  # type: ignore[attr-defined]
    random = torch.Generator().manual_seed(0)
    problem.words = torch.randn(b * n_leaves, WIDTHS["nary"][0], generator=random)  # type: ignore[attr-defined]
    return problem


@cache
def cell(kind: str) -> Any:
    import torch

    from panlearn.nn import ChildSumTreeLSTM, NaryTreeLSTM

    torch.manual_seed(0)
    return {"nary": NaryTreeLSTM, "child_sum": ChildSumTreeLSTM}[kind](*WIDTHS[kind])


def gradients(roots: Any, words: Any, module: Any) -> list[Any]:
    import torch

    return list(torch.autograd.grad(roots.sum(), (words, *module.parameters())))


def batched(kind: str) -> Contender:
    """Ours, with the order of work found anew in every step."""

    def run(problem: Any, tol: float) -> list[Any]:
        from panlearn.nn import Forest

        words = problem.words.clone().requires_grad_()
        forest = Forest.of_parents(problem.parents)
        return gradients(cell(kind)(words, forest)[0][forest.roots], words, cell(kind))

    return Contender("panlearn", "panlearn", run)


def by_levels(kind: str) -> Contender:
    """The same levels, as operations of torch with torch's graph."""

    def run(problem: Any, tol: float) -> list[Any]:
        from unittest.mock import patch

        from panlearn.nn import tree_lstm
        from panlearn.nn.tree_lstm_reference import levels

        with patch.object(tree_lstm, "scan", levels):
            return batched(kind).fit(problem, tol)

    return Contender("torch, level by level", "torch", run)


def recursion(kind: str) -> Contender:
    """One node after the other."""

    def run(problem: Any, tol: float) -> list[Any]:
        import torch

        words, module = problem.words.clone().requires_grad_(), cell(kind)
        roots, done = [], 0
        for parents in problem.parents:
            children: list[list[int]] = [[] for _ in parents]
            for v, up in enumerate(parents[1:], 1):
                children[up].append(v)
            leaves = [v for v in range(len(parents)) if not children[v]]
            x = dict(zip(leaves, words[done : done + len(leaves)]))
            done += len(leaves)
            roots.append(_visit(module, kind, children, x, 0)[0])
        return gradients(torch.stack(roots), words, module)

    return Contender("recursion, node by node", "torch", run)


def _visit(module: Any, kind: str, children: list[list[int]], x: dict[int, Any], v: int) -> tuple[Any, Any]:
    """States of a node, after those of its children."""
    import torch
    from torch.nn import functional as F

    states = [_visit(module, kind, children, x, k) for k in children[v]]
    H, n = module.hidden_size, 2 if kind == "nary" else 1
    own = module.bias_ih if v not in x else F.linear(x[v], module.weight_ih, module.bias_ih)
    if not states:
        i, _, g, o = (own + module.bias_hh[[*range(2 * H), *range((1 + n) * H, (3 + n) * H)]]).split(H)
        c = torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c
    hidden = [h for h, _ in states]
    if kind == "nary":
        i, *f, g, o = F.linear(torch.cat(hidden), module.weight_hh, module.bias_hh).split(H)
    else:
        i, _, g, o = F.linear(torch.stack(hidden).sum(0), module.weight_hh, module.bias_hh).split(H)
        f = [F.linear(h, module.weight_hh[H : 2 * H], module.bias_hh[H : 2 * H]) for h in hidden]
    a = own.split(H)
    c = torch.sigmoid(a[0] + i) * torch.tanh(a[2] + g)
    c = c + sum(torch.sigmoid(a[1] + gate) * before for gate, (_, before) in zip(f, states))
    return torch.sigmoid(a[3] + o) * torch.tanh(c), c


def of_gradients(kind: str) -> Any:
    def quality(problem: Any, found: list[Any]) -> Quality:
        import copy

        from panlearn.nn import Forest

        module, words = copy.deepcopy(cell(kind)).double(), problem.words.double().requires_grad_()
        forest = Forest.of_parents(problem.parents)
        roots = module(words, forest)[0][forest.roots]
        right = gradients(roots, words, module)
        errors = [float((a - b).abs().max() / b.abs().max()) for a, b in zip(found, right)]
        return Quality(max(errors), 0.0)

    return quality


def case(kind: str, title: str) -> Case:
    peers = (recursion(kind), by_levels(kind))  # the slow one first, or the harness would stop it
    measure = "largest error of a gradient, relative"
    return Case(f"nn.{title}: training", SHAPES, batch, batched(kind), peers, of_gradients(kind), 1e-4, measure)


CASES = (case("nary", "NaryTreeLSTM"), case("child_sum", "ChildSumTreeLSTM"))
