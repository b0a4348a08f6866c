"""Truncated backpropagation: values as without, gradients that end where they should, states that are carried."""

import pytest
import torch

from panlearn.neural_network.sequence_network import VARIANTS, SequenceArchitecture, SequenceNetwork
from panlearn.neural_network.training.batches import Batch
from panlearn.neural_network.training.truncated import Memory, Truncation, picked, read_back, time_windows


def network(cell="gru", truncation=None, **settings):
    torch.manual_seed(0)
    model = SequenceNetwork(2, SequenceArchitecture(cell, hidden_size=4, **settings)).double()
    model.truncate(truncation or Truncation())
    return model


def sequences(*lengths):
    torch.manual_seed(1)
    return torch.randn(len(lengths), max(lengths), 2, dtype=torch.float64), torch.tensor(lengths)


@pytest.mark.parametrize("only_last", [True, False])
@pytest.mark.parametrize("window", [1, 2, 3, 7, 20])
@pytest.mark.parametrize("cell", VARIANTS)
def test_reads_the_same(cell, window, only_last):
    model, (x, lengths) = network(cell), sequences(7, 1, 4)
    outputs, state = model.read(x, lengths)
    found, after = read_back(model.read, x, lengths, Truncation(window, only_last=only_last))
    torch.testing.assert_close(found, outputs)
    torch.testing.assert_close(model.last(after), model.last(state))


@pytest.mark.parametrize("window", [1, 3, 5])
def test_gradient_reaches_back_window_steps(window):
    """As autograd's with the state detached `window` steps before the end of each sequence."""
    model, (x, lengths) = network(num_layers=2), sequences(5, 2, 4)
    x.requires_grad_()
    _, after = read_back(model.read, x, lengths, Truncation(window, only_last=True))
    (found,) = torch.autograd.grad(model.last(after).square().sum(), x)
    for i, n in enumerate(lengths.tolist()):
        cut = max(0, n - window)
        state = None
        if cut:
            with torch.no_grad():
                _, state = model.read(x[i : i + 1, :cut], torch.tensor([cut]))
        _, end = model.read(x[i : i + 1, cut:n], torch.tensor([n - cut]), state)
        (expected,) = torch.autograd.grad(model.last(end).square().sum(), x)
        torch.testing.assert_close(found[i], expected[i])
        assert (found[i, :cut] == 0).all()


def test_pooled_losses_reach_all_windows():
    model, (x, lengths) = network(), sequences(6, 5)
    x.requires_grad_()
    outputs, _ = read_back(model.read, x, lengths, Truncation(2))
    (gradient,) = torch.autograd.grad(outputs[0, 3].sum(), x)
    assert (gradient[0, :2] == 0).all()
    assert (gradient[0, 2:4] != 0).any()


def test_windows_go_on_in_each_other():
    """Outputs of the windows of a batch are those of the whole; gradients stay inside one."""
    model, (x, lengths) = network("lstm", Truncation(3, each_step=True, size=3), num_layers=2), sequences(7, 3, 5)
    whole = model.read(x, lengths)[0]
    model.train()
    for _ in range(2):  # the next batch begins from zeros
        begin = 0
        for part in model.windows(Batch((x, lengths), x, torch.ones(3), torch.arange(3))):
            outputs, _ = model(*part.inputs)
            expected = whole[part.indices, begin : begin + 3]
            torch.testing.assert_close(outputs, expected)
            torch.testing.assert_close(part.target, part.inputs[0])
            assert part.weight is not None
            assert len(part.weight) == len(part.indices)
            outputs.sum().backward()  # a second pass through a carried history would raise
            begin += 3
        assert begin == 9


def test_stateful_batches_go_on():
    """A stream cut into two parallel pieces, a batch a window: outputs as of the pieces read whole."""
    model, (x, _) = network("lstm", Truncation(stateful=True, each_step=True, size=2)), sequences(9, 9)
    whole, n = model.read(x, torch.tensor([9, 9]))[0], torch.tensor([3, 3])
    model.train()
    for k in range(3):
        batch = Batch((x[:, 3 * k : 3 * k + 3], n), x, None, torch.arange(2 * k, 2 * k + 2))
        (part,) = model.windows(batch)
        outputs, _ = model(*part.inputs)
        torch.testing.assert_close(outputs, whole[:, 3 * k : 3 * k + 3])
        outputs.sum().backward()
    first = Batch((x[:, :3], n), x, None, torch.arange(2))
    (part,) = model.windows(first)  # a new pass
    torch.testing.assert_close(model(*part.inputs)[0], whole[:, :3])


@pytest.mark.parametrize("timed", [True, False])
def test_other_inputs(timed):
    """Cut along time where they are said to have one, never because an axis happens to be as long."""
    letters, x = torch.arange(24).view(2, 4, 3), torch.arange(8).view(2, 4)
    batch = Batch((x, torch.tensor([4, 2]), letters), x, None, torch.tensor([7, 9]))
    (_, first), (alive, second) = time_windows(batch, 3, timed=timed)
    assert first.inputs[2].equal(letters[:, :3] if timed else letters)
    assert alive.tolist() == [0]
    assert second.inputs[2].equal(letters[:1, 3:] if timed else letters[:1])
    assert second.indices.tolist() == [7]


def test_memory_is_as_it_was_after():
    memory = Memory((torch.zeros(2, 1, 3),), 4, kept=True)
    memory.write(torch.ones(2, 3, 3), 3)
    with memory.apart():
        assert not picked(tuple(memory.buffers()), torch.arange(4)).any()
        memory.write(torch.full((2, 4, 3), 7.0), 4)
    assert picked(tuple(memory.buffers()), torch.arange(4))[0, :, 0].tolist() == [1, 1, 1, 0]
    assert list(memory.state_dict()) == ["state0"]
    assert not Memory((torch.zeros(2, 1, 3),), 4, kept=False).state_dict()
