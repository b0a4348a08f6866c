"""Gradients in states against loops written out, and what is known of their products."""

import numpy as np
import pytest
import torch
from torch import nn

from panlearn import nn as ours
from panlearn.diagnostics import gradient_through_time
from tests.oracles import gradient_through_time as oracle

T, I, H = 7, 3, 4
SLOPES = {
    "tanh": lambda z: (np.tanh(z), 1 - np.tanh(z) ** 2),
    "relu": lambda z: (np.maximum(z, 0), (z > 0).astype(float)),
    "sigmoid": lambda z: (1 / (1 + np.exp(-z)), 1 / (2 + np.exp(z) + np.exp(-z))),
}


def sequence(steps=T, batch=1, seed=0):
    return torch.randn(steps, batch, I, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def built(kind, **options):
    torch.manual_seed(1)
    return kind(I, H, **options).double()


def arrays(layer):
    """W, U, b of the first layer."""
    weights = {name.rpartition("_l")[0]: p.detach().numpy() for name, p in layer.named_parameters()}
    return weights["weight_ih"], weights["weight_hh"], weights["bias_ih"] + weights["bias_hh"]


def last_of(direction):
    """Loss: this direction in the last output."""
    vector = torch.tensor(direction, dtype=torch.float64)
    return lambda output, state: (output[-1] @ vector).sum()


@pytest.mark.parametrize("library", [nn, ours])
@pytest.mark.parametrize("nonlinearity", SLOPES)
def test_matches_oracle_of_a_plain_network(library, nonlinearity):
    if library is nn and nonlinearity == "sigmoid":
        pytest.skip("torch has none")
    layer = built(library.RNN, nonlinearity=nonlinearity)
    direction = [0.5, -1.0, 2.0, 0.25]
    found = gradient_through_time(layer, sequence(), loss=last_of(direction))
    expected = oracle.plain(*arrays(layer), sequence()[:, 0].numpy(), direction, SLOPES[nonlinearity])
    np.testing.assert_allclose(found.states[0].signal, expected, rtol=1e-8)


def test_matches_oracle_of_an_lstm():
    layer = built(ours.LSTM)
    direction = [0.5, -1.0, 2.0, 0.25]
    h, c = gradient_through_time(layer, sequence(), loss=last_of(direction)).states
    in_h, in_c = oracle.lstm(*arrays(layer), sequence()[:, 0].numpy(), direction)
    np.testing.assert_allclose(h.signal, in_h, rtol=1e-8)
    np.testing.assert_allclose(c.signal, in_c, rtol=1e-8)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_layers_of_torch_and_ours_agree(name):
    theirs, mine = built(getattr(nn, name), num_layers=2), built(getattr(ours, name), num_layers=2)
    mine.load_state_dict(theirs.state_dict())
    x = sequence(batch=3)
    expected, found = gradient_through_time(theirs, x), gradient_through_time(mine, x)
    assert found.loss == pytest.approx(expected.loss)
    assert found.gradient_norm == pytest.approx(expected.gradient_norm)
    for a, b in zip(found.states, expected.states, strict=True):
        assert (a.name, a.state) == (b.name, b.state)
        if a.state == "h":
            np.testing.assert_allclose(a.norms, b.norms, rtol=1e-8)


VARIANTS = {
    "identity": lambda **k: ours.RNN(I, H, nonlinearity="relu", init="identity", **k),
    "jordan": lambda **k: ours.JordanRNN(I, H, 2, **k),
    "reset before": lambda **k: ours.GRU(I, H, reset_after=False, **k),
    **{
        name: lambda name=name, **k: ours.LSTM(I, H, variant=name, **k)
        for name in ("peephole", "coupled", "layer_norm", "ordered")
    },
}


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_against_a_nudge_of_its_state(name, bidirectional):
    """|dL/dh_t| by finite differences: the last steps are run from a state that was moved."""
    torch.manual_seed(2)
    layer = VARIANTS[name]().double()
    x, step = sequence(), 3
    direction = torch.randn(1, dtype=torch.float64)

    def loss(output, state):
        return (output[-1].sum() * direction).sum()

    signal = gradient_through_time(layer, x, loss=loss).states[0].signal[step]
    _, state = layer(x[: step + 1])
    kinds = [kind.detach() for kind in (state if isinstance(state, tuple) else (state,))]
    slopes = []
    for unit in range(kinds[0].shape[-1]):
        values = []
        for move in (1e-6, -1e-6):
            moved = [kind.clone() for kind in kinds]
            moved[0][0, 0, unit] += move
            values.append(float(loss(*layer(x[step + 1 :], moved[0] if len(moved) == 1 else tuple(moved))).detach()))
        slopes.append((values[0] - values[1]) / 2e-6)
    assert signal == pytest.approx(np.linalg.norm(slopes), rel=1e-5, abs=1e-9)
    if bidirectional:  # the backward cell is the forward one of the reversed sequence
        both = VARIANTS[name](bidirectional=True).double()
        states = {s.name: s for s in gradient_through_time(both, x).states if s.state == "h"}
        assert set(states) == {"layer 0", "layer 0 reversed"}
        assert states["layer 0 reversed"].back[0] == pytest.approx(1.0)
        assert states["layer 0 reversed"].signal[0] == pytest.approx(1.0)


@pytest.mark.parametrize("kind", [ours.RNN, ours.LSTM, ours.GRU])
def test_padding_is_ignored(kind):
    layer, lengths = built(kind, bidirectional=True), torch.tensor([2, 6, 4])
    x = sequence(6, 3)
    garbage = x.clone()
    for row, length in enumerate(lengths):
        garbage[length:, row] = 1e3
    expected = gradient_through_time(layer, x, lengths=lengths)
    found = gradient_through_time(layer, garbage, lengths=lengths)
    for a, b in zip(found.states, expected.states, strict=True):
        np.testing.assert_array_equal(a.norms, b.norms)
        if a.state == "h":
            assert (~np.isnan(a.norms)).sum(0).tolist() == [6, 4, 2]  # longest first
            assert a.back[0] == pytest.approx(1.0)


def test_optimality():
    """A linear recurrence h -> w h hands on w a step, exactly (note 001 §8.4)."""
    for w in (0.99, 1.01):
        layer = nn.RNN(1, 1, nonlinearity="relu", bias=False, dtype=torch.float64)
        nn.init.constant_(layer.get_parameter("weight_ih_l0"), 1.0)
        nn.init.constant_(layer.get_parameter("weight_hh_l0"), w)
        found = gradient_through_time(layer, torch.ones(1001, 1, 1, dtype=torch.float64))
        assert found.states[0].factor == pytest.approx(w)
        assert found.states[0].back[-1] == pytest.approx(w**1000)
        assert found.verdict == ("vanishing in layer 0 (h)" if w < 1 else "exploding in layer 0 (h)")


def test_identity_start_hands_everything_on():
    """With U = I, no bias and positive inputs the Jacobian of ReLU is I [le2015]."""
    layer = ours.RNN(I, H, nonlinearity="relu", init="identity", dtype=torch.float64)
    with torch.no_grad():
        layer.get_parameter("weight_ih_l0").abs_()
    found = gradient_through_time(layer, sequence(50, 2).abs()).states[0]
    np.testing.assert_allclose(found.norms, 1.0, rtol=1e-5)
    assert (found.factor, found.reach) == (pytest.approx(1.0), 50)


def test_invariances():
    """The order of the sequences, and which of them share a batch, change nothing."""
    layer, x = built(ours.GRU), sequence(T, 4)
    lengths = torch.tensor([7, 3, 5, 3])
    order = torch.tensor([2, 0, 3, 1])
    vector = torch.ones(H, dtype=torch.float64)

    def loss(output, state):
        return (state[-1] @ vector).sum()

    found = gradient_through_time(layer, x, lengths=lengths, loss=loss).states[0]
    other = gradient_through_time(layer, x[:, order], lengths=lengths[order], loss=loss).states[0]
    np.testing.assert_allclose(np.sort(found.norms, axis=1), np.sort(other.norms, axis=1), rtol=1e-10)
    alone = gradient_through_time(layer, x[:3, 1:2], loss=loss).states[0]
    assert any(np.allclose(found.norms[:3, k], alone.norms[:, 0]) for k in (2, 3))


def test_edge_cases():
    one = gradient_through_time(built(ours.LSTM), sequence(1))
    assert one.states[0].signal == pytest.approx([1.0])
    assert np.isnan(one.states[0].factor)
    assert one.states[0].reach == 1
    with pytest.raises(ValueError, match="must hold a recurrent layer, got Linear"):
        gradient_through_time(nn.Linear(2, 2), torch.ones(1, 2))
    with pytest.raises(ValueError, match="loss must be given"):
        gradient_through_time(nn.Sequential(nn.GRU(2, 2)), torch.ones(3, 1, 2))
    with pytest.raises(ValueError, match="loss must return one number"):
        gradient_through_time(nn.GRU(2, 2), torch.ones(3, 1, 2), loss=lambda output, state: output)
    layer = nn.GRU(2, 2)
    with pytest.raises(ValueError, match="must depend on the states"):
        gradient_through_time(layer, torch.ones(3, 1, 2), loss=lambda *_: layer.get_parameter("weight_ih_l0").sum())
    packed = nn.utils.rnn.pack_sequence([torch.ones(2, 2)])
    with pytest.raises(ValueError, match="one length"):
        gradient_through_time(nn.GRU(2, 2), packed)


def test_an_overflow_is_said():
    layer = nn.RNN(1, 1, nonlinearity="relu", bias=False)
    nn.init.constant_(layer.get_parameter("weight_ih_l0"), 1.0)
    nn.init.constant_(layer.get_parameter("weight_hh_l0"), 10.0)
    assert gradient_through_time(layer, torch.ones(100, 1, 1)).verdict.startswith("not finite")


def test_a_network_around_a_layer_is_seen_by_its_names():
    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.below, self.above = ours.GRU(I, H), nn.LSTM(H, 2)

        def forward(self, x):
            return self.above(self.below(x)[0])[0][-1]

    found = gradient_through_time(Reader().double(), sequence(), loss=lambda output: output.sum())
    names = [("below layer 0", "h"), ("above layer 0", "h"), ("above layer 0", "c")]
    assert [(s.name, s.state) for s in found.states] == names
    assert "below layer 0, h" in str(found)


def test_reproducible():
    layer = built(ours.LSTM, num_layers=2, dropout=0.5)
    before = {name: p.clone() for name, p in layer.named_parameters()}
    state = torch.get_rng_state()
    first, second = (gradient_through_time(layer, sequence(), training=True, random_state=3) for _ in range(2))
    assert str(first) == str(second)
    assert torch.equal(torch.get_rng_state(), state)
    assert layer.training
    assert all(torch.equal(p, before[name]) and p.grad is None for name, p in layer.named_parameters())
    assert gradient_through_time(layer, sequence(), random_state=4).loss != first.loss
