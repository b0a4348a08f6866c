"""The network: all nodes in training, roots else; padding and company play no part."""

import pytest
import torch

from panlearn.neural_network import read_trees
from panlearn.neural_network.tree_network import CELLS, TreeNetwork
from panlearn.neural_network.tree_rows import tree_rows

torch.set_num_threads(1)
TREES = read_trees(["(3 (2 It) (4 (4 good) (2 .)))", "(0 bad)", "(1 (0 bad) (4 good))"])
ROWS = tree_rows(TREES, {"it": 1, "good": 2, "bad": 3}, True)


def network(cell):
    torch.manual_seed(0)
    return TreeNetwork(4, 6, 5, cell=cell, hidden_size=6, dropout=0.0)


@pytest.mark.parametrize("cell", CELLS)
def test_padding_is_ignored(cell):
    model = network(cell)
    every = model(*ROWS.take(torch.arange(3)))
    assert every.shape == (3, 5, 5)
    assert (every[1, 1:] == 0).all()
    roots = model.eval()(*ROWS.take(torch.arange(3)))
    torch.testing.assert_close(roots, every[:, 0])
    for i in range(3):
        torch.testing.assert_close(model(*ROWS.take(torch.tensor([i]))), roots[i : i + 1])


@pytest.mark.parametrize("cell", CELLS)
def test_rows_apart_have_the_gradient_of_the_table(cell):
    model = network(cell)
    words = ROWS.take(torch.arange(3))
    whole = torch.autograd.grad(model(*words).square().sum(), model.table)[0]
    model.update_rows(True)
    model(*words).square().sum().backward()
    touched = model.touched
    assert touched is not None
    assert touched.vectors.grad is not None
    torch.testing.assert_close(touched.vectors.grad, whole[touched.rows])
    assert not model.table.requires_grad
    model.update_rows(False)
    assert model.table.requires_grad


def test_vectors_are_taken():
    model = network("nary")
    before = model.table.detach().clone()
    table = torch.full((4, 6), torch.nan)
    table[2] = 7.0
    model.set_vectors(table)
    assert (model.table[2] == 7).all()
    assert torch.equal(model.table[[0, 1, 3]], before[[0, 1, 3]])


def test_widths_must_agree():
    with pytest.raises(ValueError, match="hidden_size must be 6, got 5"):
        TreeNetwork(4, 6, 2, cell="tensor", hidden_size=5)
