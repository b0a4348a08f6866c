"""Forests: parents and edges say the same, and what is no forest is refused with its place."""

import numpy as np
import pytest
import torch

from panlearn.nn import Forest
from panlearn.nn.forest import check_input

PARENTS = [[-1, 0, 0, 2, 2], [-1], [1, -1, 1]]


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a, b))


def test_parents_and_edges_agree():
    forest = Forest.of_parents(PARENTS)
    flat = [-1, 0, 0, 2, 2, -1, 7, -1, 7]
    lower = [v for v, up in enumerate(flat) if up >= 0]
    assert same(forest, Forest.of_parents(flat))
    assert same(forest, Forest.of_parents(torch.tensor(flat)))
    assert same(forest, Forest.of_edges(lower, [flat[v] for v in lower], len(flat)))
    assert forest.leaves.tolist() == [1, 3, 4, 5, 6, 8]
    assert forest.roots.tolist() == [0, 5, 7]
    assert (forest.n_nodes, forest.n_levels, forest.n_leaves, forest.max_children) == (9, 3, 6, 2)
    assert forest.to("cpu") is forest
    assert forest.to("meta").order.device.type == "meta"
    assert forest.to("meta").starts.device.type == "cpu"


def test_several_parents():
    graph = Forest.of_edges([2, 2, 1], [0, 1, 0], 3)
    assert graph.order.tolist() == [2, 1, 0]
    assert graph.roots.tolist() == [0]
    assert graph.positions.tolist() == [0, 0, 1]


def test_single_nodes():
    forest = Forest.of_parents([-1, -1])
    assert (forest.n_levels, forest.n_leaves, forest.max_children) == (1, 2, 0)
    assert forest.roots.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("parents", "words"),
    [
        ([[-1, -1]], "tree 0 has 2 roots"),
        ([[-1], [1, 0]], "tree 1 has 0 roots"),
        ([[-1, 2]], "tree 0: the parent of node 1 is 2, and it has 2 nodes"),
        ([[-1, 2, 1]], "its own ancestor"),
        ([1, 0], "cycle"),
        ([-1, 5], r"parents\[1\] is 5"),
        ([-1, -2], r"parents\[1\] is -2"),
        ([], "empty"),
        ([-1.0, 0.0], "whole numbers"),
        (np.zeros((2, 2), int), "whole numbers"),
        ([[-1, 0.5]], "whole numbers"),
    ],
)
def test_no_forests(parents, words):
    with pytest.raises(ValueError, match=words):
        Forest.of_parents(parents)


@pytest.mark.parametrize(
    ("children", "parents", "n", "words"),
    [
        ([0], [1, 1], 2, "as many"),
        ([0], [2], 2, r"parents\[0\] is 2"),
        ([-1], [0], 2, r"children\[0\] is -1"),
        ([], [], 0, "n_nodes"),
        ([0, 1], [1, 0], 2, "cycle"),
    ],
)
def test_no_graphs(children, parents, n, words):
    with pytest.raises(ValueError, match=words):
        Forest.of_edges(children, parents, n)


def test_graph_without_edges():
    assert Forest.of_edges([], [], 3).roots.tolist() == [0, 1, 2]


def test_input_must_fit():
    forest = Forest.of_parents(PARENTS)
    for rows in (9, 6):
        check_input(torch.zeros(rows, 4), forest, 4, 2)
    for shape in ((8, 4), (9, 3), (9,)):
        with pytest.raises(ValueError, match=r"\(9, 4\), a row for each node, or \(6, 4\)"):
            check_input(torch.zeros(shape), forest, 4, 2)
    with pytest.raises(ValueError, match="2 children"):
        check_input(torch.zeros(9, 4), forest, 4, 1)
    with pytest.raises(ValueError, match="Forest, got list"):
        check_input(torch.zeros(9, 4), PARENTS, 4, 1)
