"""Trees as tensors: padded batches hold the trees asked for, targets their labels."""

import numpy as np
import pytest
import torch

from panlearn.core.errors import DataError
from panlearn.neural_network import read_trees
from panlearn.neural_network.tree_rows import NO_LABEL, node_targets, tree_rows

TREES = read_trees(["(3 (2 It) (4 (4 good) (2 .)))", "(0 bad)", "(1 (0 bad) (4 Good))"])


def test_batches():
    rows = tree_rows(TREES, {"good": 1, "bad": 2}, True)
    assert len(rows) == 3
    assert rows.lengths().tolist() == [5, 1, 3]
    words, parents, lengths = rows.take(torch.tensor([2, 0]))
    assert words.tolist() == [[-1, 2, 1, -1, -1], [-1, 0, -1, 1, 0]]
    assert parents.tolist() == [[-1, 0, 0, -1, -1], [-1, 0, 0, 2, 2]]
    assert lengths.tolist() == [3, 5]
    assert tree_rows(TREES, {"Good": 1}, False).words.tolist()[-1] == 1
    assert rows.row_bytes > 1


def test_targets():
    trees = read_trees(["(a (b x) (c y))", "(c z)"], {"a": "A", "c": "C"})
    target = node_targets(trees, np.array(["A", "C"]))
    assert target.tolist() == [[0, NO_LABEL, 1], [1, NO_LABEL, NO_LABEL]]
    with pytest.raises(DataError, match="tree 0 has a node labelled 'A'"):
        node_targets(trees, np.array(["C"]))
