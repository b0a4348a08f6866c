"""Answers of sequences: in the order of the rows, in batches that hold few padded steps."""

import pytest
import torch
from torch import nn

from panlearn.core.errors import DataError
from panlearn.neural_network.sequence_outputs import MOST, STEPS, length_batches, sequence_outputs
from panlearn.neural_network.training.rows import RaggedRows
from panlearn.neural_network.training.truncated import Memory

CPU = torch.device("cpu")
ROWS = RaggedRows.of([torch.arange(1.0, n + 1).numpy() for n in (5, 1, 9, 2)])


class Running(nn.Module):
    """Running sums (b, t, 1), or the whole sum (b, 1); from where its memory stands, if it has one."""

    def __init__(self, each_step, memory=None):
        super().__init__()
        self.each_step, self.memory = each_step, memory

    def forward(self, padded, lengths):
        assert not self.training
        sums = padded.cumsum(1)
        if self.memory is not None:
            sums = sums + self.memory.read(len(padded))[0]
            self.memory.write(sums[None, :, -1:], len(padded))
        if self.each_step:
            return sums[..., None]
        return sums.gather(1, lengths[:, None] - 1)


def test_batches_hold_every_sequence_once():
    lengths = torch.randint(1, 3000, (500,), generator=torch.Generator().manual_seed(0))
    batches = list(length_batches(lengths))
    assert torch.cat(batches).sort().values.equal(torch.arange(500))
    assert torch.cat(batches).equal(lengths.argsort(stable=True))  # the short ones first
    assert all(len(chosen) * int(lengths[chosen].max()) <= STEPS for chosen in batches)
    assert [len(chosen) for chosen in length_batches(torch.ones(MOST + 3))] == [MOST, 3]
    assert [chosen.tolist() for chosen in length_batches(torch.tensor([2 * STEPS, 3 * STEPS]))] == [[0], [1]]


def test_answers_stand_in_order():
    whole = sequence_outputs(Running(False), ROWS, CPU)
    assert whole[:, 0].tolist() == [15, 1, 45, 3]
    steps = sequence_outputs(Running(True), ROWS, CPU, each_step=True)
    assert steps[:, 0].tolist() == [1, 3, 6, 10, 15, 1, 1, 3, 6, 10, 15, 21, 28, 36, 45, 1, 3]
    assert sequence_outputs(Running(False), ROWS, CPU, torch.neg).equal(-whole)


def test_states_go_on_from_zeros():
    """With a memory, row i of a batch goes on where that of the batch before ended; afterwards it is as before."""
    memory = Memory((torch.zeros(1, 1, 1),), 2, kept=True)
    memory.write(torch.full((1, 2, 1), 7.0), 2)
    rows = RaggedRows.of([torch.full((3,), float(k)).numpy() for k in (1, 2, 3, 4)])
    found = sequence_outputs(Running(False, memory), rows, CPU, memory=memory, size=2)
    assert found[:, 0].tolist() == [3, 6, 3 + 9, 6 + 12]
    assert next(memory.buffers()).flatten().tolist() == [7, 7]


@pytest.mark.parametrize("training", [True, False])
def test_mode_is_restored(training):
    module = Running(False).train(training)
    sequence_outputs(module, ROWS, CPU)
    assert module.training is training
    wrong = RaggedRows.of([torch.zeros(2, 3).numpy()])  # the sum of frames has no place in what is gathered
    with pytest.raises(RuntimeError, match="dimension"):
        sequence_outputs(module, wrong, CPU)
    assert module.training is training


def test_no_rows():
    with pytest.raises(DataError, match="0 sample"):
        sequence_outputs(Running(False), RaggedRows(torch.empty(0), torch.zeros(1, dtype=torch.int64)), CPU)
