"""The shell of recurrent layers: shapes, states, lengths, packed sequences, and what it refuses."""

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence

from panlearn.nn import GRU, LSTM, RNN, JordanRNN
from panlearn.nn.recurrent import Recurrent

VARIANTS = "peephole", "coupled", "layer_norm", "ordered"


class Sum(Recurrent):
    """h_t = x_t + h_{t-1}: sums from either end."""

    def _scan(self, rows, steps, layer, reverse, state):
        (h,) = state
        pieces, bounds = {}, steps.starts.tolist()
        order = range(len(steps.sizes))
        for t in reversed(order) if reverse else order:
            n = bounds[t + 1] - bounds[t]
            h = torch.cat([h[:n] + rows[bounds[t] : bounds[t + 1]], h[n:]])
            pieces[t] = h[:n]
        return torch.cat([pieces[t] for t in order]), (h,)


X = torch.arange(12.0).reshape(4, 3, 1)


def test_directions_stand_side_by_side():
    output, last = Sum(1, 1, bidirectional=True)(X)
    torch.testing.assert_close(output[..., :1], X.cumsum(0))
    torch.testing.assert_close(output[..., 1:], X.flip(0).cumsum(0).flip(0))
    torch.testing.assert_close(last, X.sum(0).expand(2, 3, 1))


def test_lengths_end_sequences():
    lengths = torch.tensor([2, 4, 1])
    output, last = Sum(1, 1, bidirectional=True)(X, lengths=lengths)
    for b, n in enumerate(lengths):
        alone, state = Sum(1, 1, bidirectional=True)(X[:n, b])
        torch.testing.assert_close(output[:n, b], alone)
        torch.testing.assert_close(last[:, b], state)
        assert not output[n:, b].any()


def test_state_goes_on():
    whole, last = Sum(1, 1)(X)
    first, state = Sum(1, 1)(X[:2])
    second, end = Sum(1, 1)(X[2:], state)
    torch.testing.assert_close(torch.cat([first, second]), whole)
    torch.testing.assert_close(end, last)


def test_batch_first_and_single_sequences():
    output, _ = Sum(1, 1)(X)
    other, _ = Sum(1, 1, batch_first=True)(X.transpose(0, 1))
    torch.testing.assert_close(other.transpose(0, 1), output)
    alone, last = Sum(1, 1)(X[:, 0])
    assert (alone.shape, last.shape) == ((4, 1), (1, 1))


def test_packed_sequences():
    lengths = torch.tensor([2, 4, 1])
    packed = pack_padded_sequence(X, lengths, enforce_sorted=False)
    output, last = Sum(1, 1)(packed)
    _, expected = Sum(1, 1)(X, lengths=lengths)
    torch.testing.assert_close(last, expected)
    assert torch.equal(output.batch_sizes, packed.batch_sizes)


def test_names_the_first_nan():
    x = X.clone()
    x[2, 1] = torch.nan
    with pytest.raises(ValueError, match="input holds NaN at step 2 of sequence 1"):
        LSTM(1, 2)(x)
    with pytest.raises(ValueError, match="input holds NaN at step 2 of sequence 1"):
        LSTM(1, 2, bidirectional=True)(x, lengths=torch.tensor([1, 4, 2]))
    output, _ = LSTM(1, 2)(x, lengths=torch.tensor([4, 2, 4]))  # behind its end nothing is read
    assert output.isfinite().all()


def test_infinite_values_are_no_nan():
    with torch.no_grad():
        output, _ = Sum(1, 1)(torch.full((2, 1, 1), torch.inf))
    assert output.isinf().all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 1), "input_size must be an integer of at least 1, got 0"),
        ((1, 2.0), "hidden_size must be an integer"),
        ((1, 1, True), "num_layers must be an integer"),
        ((1, 1, 1, True, False, 1.5), "dropout must be a number from 0 to 1, got 1.5"),
    ],
)
def test_refuses_wrong_settings(arguments, message):
    with pytest.raises(ValueError, match=message):
        Sum(*arguments)


@pytest.mark.parametrize(
    ("x", "state", "message"),
    [
        (torch.zeros(3, 2, 2), None, r"input must have shape \(T, B, 1\)"),
        (torch.zeros(1), None, "input must have shape"),
        (torch.zeros(3, 2, 1), torch.zeros(1, 3, 1), r"hx must have shape \(1, 2, 1\), got \(1, 3, 1\)"),
        (torch.zeros(0, 2, 1), None, "at least one step"),
    ],
)
def test_refuses_wrong_shapes(x, state, message):
    with pytest.raises(ValueError, match=message):
        Sum(1, 1)(x, state)


@pytest.mark.parametrize(
    "layer", [RNN(1, 2), GRU(1, 2), JordanRNN(1, 2, 2), LSTM(1, 2), *(LSTM(1, 2, variant=name) for name in VARIANTS)]
)
def test_refuses_other_types(layer):
    """As torch's modules: a layer never rounds its outputs to the integers that came in."""
    for x in (X.long(), X.bool(), X.double(), X.bfloat16(), X.to(torch.complex64)):
        for lengths in (None, [1, 4, 2]):
            with pytest.raises(ValueError, match=f"input holds {x.dtype}, but torch.float32 is needed"):
                layer(x, lengths=lengths)
    with pytest.raises(TypeError, match="input must be a tensor or a PackedSequence, got ndarray"):
        layer(X.numpy())
    for wrong in (torch.zeros(1, 3, 2).numpy(), None, "zero"):
        first = torch.zeros(1, 3, 2)
        if isinstance(layer, LSTM):
            with pytest.raises(TypeError, match="hx must be tensors, got"):
                layer(X, (first, wrong))
            with pytest.raises(ValueError, match="hx must hold 2 tensors, got 1"):
                layer(X, first)
        elif wrong is not None:
            with pytest.raises(TypeError, match="hx must be a tensor, got"):
                layer(X, wrong)
    wide = torch.zeros(1, 3, 2, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"hx holds torch\.float64, but torch\.float32 is needed"):
        layer(X, (wide, wide) if isinstance(layer, LSTM) else wide)


def test_autocast_may_mix_types():
    layer = RNN(1, 2)
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(X.bfloat16())[0].isfinite().all()


def test_refuses_lengths_of_packed_sequences():
    packed = pack_padded_sequence(X, torch.tensor([4, 4, 4]))
    with pytest.raises(ValueError, match="knows its lengths"):
        Sum(1, 1)(packed, lengths=torch.tensor([1, 1, 1]))
