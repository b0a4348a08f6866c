"""The part of the rows that is kept aside: disjoint, of the size asked for, with the shares of the classes."""

import numpy as np
import pytest
import torch

from panlearn.neural_network.examples import Examples, split
from panlearn.neural_network.training.rows import TensorRows


def examples(labels, weight=None):
    n = len(labels)
    return Examples(TensorRows((torch.arange(n)[:, None],)), torch.tensor(labels), weight)


def numbers(part):
    return part.rows.take(torch.arange(len(part.rows)))[0][:, 0]


def test_parts_are_disjoint_and_keep_shares():
    labels = np.array([0] * 80 + [1] * 20)
    learn, held = split(examples(labels), 0.25, 0, labels)
    seen = torch.cat([numbers(learn), numbers(held)]).sort().values
    assert torch.equal(seen, torch.arange(100))
    assert int(held.target.sum()) == 5
    assert torch.equal(held.target, torch.tensor(labels)[numbers(held)])


def test_edge_cases():
    labels = np.array([0, 0, 0, 0, 1])  # too few of a class to keep its share
    assert len(split(examples(labels), 0.2, 0, labels)[1].rows) == 1
    with pytest.raises(ValueError, match="resulting train set will be empty"):
        split(examples(labels[:1]), 0.5, 0)
    weight = torch.zeros(5)
    weight[0] = 5.0
    with pytest.raises(ValueError, match="weight 0: change validation_fraction"):
        split(examples(labels, weight), 0.2, 0)
