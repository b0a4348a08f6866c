"""Step by step and all at once are the same function."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from panlearn.diagnostics.unrolled_recurrence import unrolled


def nothing(name):
    return lambda state, step, value: None


LAYERS = {
    "rnn": lambda **k: nn.RNN(3, 4, **k),
    "relu": lambda **k: nn.RNN(3, 4, nonlinearity="relu", **k),
    "lstm": lambda **k: nn.LSTM(3, 4, **k),
    "projected": lambda **k: nn.LSTM(3, 4, proj_size=2, **k),
    "gru": lambda **k: nn.GRU(3, 4, **k),
}


def states(found):
    return found if isinstance(found, tuple) else (found,)


def same(found, expected):
    torch.testing.assert_close(found[0], expected[0])
    for a, b in zip(states(found[1]), states(expected[1]), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_outputs_and_states_are_torch_s(name, batch_first, bidirectional):
    torch.manual_seed(0)
    layer = LAYERS[name](num_layers=2, batch_first=batch_first, bidirectional=bidirectional).double()
    x = torch.randn(5, 2, 3, dtype=torch.float64)
    x = x.transpose(0, 1) if batch_first else x
    expected = layer(x)
    same(unrolled(layer, x, None, nothing), expected)
    same(unrolled(layer, x, expected[1], nothing), layer(x, expected[1]))


@pytest.mark.parametrize("name", LAYERS)
def test_one_sequence_without_a_batch(name):
    torch.manual_seed(0)
    layer = LAYERS[name](bias=False).double()
    x = torch.randn(5, 3, dtype=torch.float64)
    expected = layer(x)
    same(unrolled(layer, x, None, nothing), expected)
    same(unrolled(layer, x, expected[1], nothing), layer(x, expected[1]))


@pytest.mark.parametrize("name", LAYERS)
def test_padding_is_ignored(name):
    torch.manual_seed(0)
    layer = LAYERS[name](num_layers=2, bidirectional=True).double()
    lengths = torch.tensor([2, 5, 1])
    x = torch.randn(5, 3, 3, dtype=torch.float64)
    packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
    expected, found = layer(packed), unrolled(layer, packed, None, nothing)
    torch.testing.assert_close(pad_packed_sequence(found[0])[0], pad_packed_sequence(expected[0])[0])
    torch.testing.assert_close(found[0].data, expected[0].data)
    for a, b in zip(states(found[1]), states(expected[1])):
        torch.testing.assert_close(a, b)


def test_each_state_is_seen_once():
    layer = nn.LSTM(3, 4, num_layers=2, bidirectional=True)
    seen = []
    unrolled(layer, torch.ones(3, 1, 3), None, lambda name: lambda state, step, value: seen.append((name, state, step)))
    assert len(seen) == len(set(seen)) == 2 * 2 * 2 * 3
    assert {name for name, *_ in seen} == {"layer 0", "layer 0 reversed", "layer 1", "layer 1 reversed"}
