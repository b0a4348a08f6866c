"""Batches of answers: in the order of the rows, whatever the order of the batches."""

import numpy as np
import pytest
import torch
from torch import nn

from panlearn.neural_network.inference import Subset, outputs, subset
from panlearn.neural_network.training.rows import RaggedRows, TensorRows

CPU = torch.device("cpu")


class Total(nn.Module):
    """Sum of a sequence."""

    def forward(self, x, lengths):
        return x.sum(1)


def test_ragged_rows_come_back_in_order():
    rows = [np.arange(k % 17 + 1, dtype=np.float32) for k in range(300)]
    answers = outputs(Total(), RaggedRows.of(rows), CPU)
    np.testing.assert_array_equal(answers[:, 0], [row.sum() for row in rows])
    part = subset(RaggedRows.of(rows), np.array([5, 2]))
    assert isinstance(part, Subset)
    lengths = part.lengths()
    assert lengths is not None
    assert lengths.tolist() == [6, 3]
    assert outputs(Total(), part, CPU).tolist() == [[15.0], [3.0]]


def test_batches_do_not_change_answers():
    x = torch.arange(20_000.0)[:, None]
    module = nn.Dropout(0.5).train()
    assert torch.equal(outputs(module, TensorRows((x,)), CPU, torch.neg), -x)  # dropout is off, and the link applied
    assert module.training
    assert torch.equal(subset(TensorRows((x,)), np.array([3, 1])).take(torch.arange(2))[0], x[[3, 1]])


class Wrong(nn.Module):
    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, x):
        return self.answer


def test_edge_cases():
    rows = TensorRows((torch.ones(3, 2),))
    with pytest.raises(ValueError, match="returned a tuple"):
        outputs(Wrong((1, 2)), rows, CPU)
    with pytest.raises(ValueError, match="first axis must be the row"):
        outputs(Wrong(torch.ones(2, 3)), rows, CPU)
    with pytest.raises(ValueError, match="0 sample"):
        outputs(nn.Identity(), TensorRows((torch.ones(0, 2),)), CPU)
