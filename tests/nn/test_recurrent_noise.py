"""Masks of recurrent dropout and zoneout: their law, their shape, their seed, and what they do to a layer."""

import pytest
import torch

from panlearn.nn import GRU, LSTM, RNN
from panlearn.nn.recurrent_noise import Noise, NoiseSettings, draw_noise, hold, noise_settings
from panlearn.nn.steps import steps_of

STEPS = steps_of(torch.tensor([40, 25, 40]), 40, 3)


def test_settings():
    assert noise_settings() == NoiseSettings(0.0, 0.0, 0.0)
    assert noise_settings(0.1, 0.2) == NoiseSettings(0.1, 0.2, 0.0)
    assert noise_settings(0, 0.2, 2) == NoiseSettings(0.0, 0.2, 0.2)
    assert noise_settings(0, (0.1, 1), 2) == NoiseSettings(0.0, 0.1, 1.0)
    for bad in (-0.1, 1.1, float("nan"), True, "0.1", None):
        with pytest.raises(ValueError, match="recurrent_dropout must be a number from 0 to 1"):
            noise_settings(bad)
        with pytest.raises(ValueError, match="zoneout must be a number from 0 to 1"):
            noise_settings(0.0, bad)
        with pytest.raises(ValueError, match="zoneout must be a number from 0 to 1"):
            noise_settings(0.0, (0.1, bad), 2)
    with pytest.raises(ValueError, match="a pair"):
        noise_settings(0.0, (0.1, 0.1, 0.1), 2)
    with pytest.raises(ValueError, match="zoneout must be a number, got"):
        noise_settings(0.0, (0.1, 0.1))


def test_law():
    torch.manual_seed(0)
    like = torch.empty(0, dtype=torch.float64)
    noise = draw_noise(NoiseSettings(0.25, 0.1, 0.6), STEPS, like, (500, 400))
    assert noise.drop is not None
    assert noise.hold_hidden is not None
    assert noise.hold_cell is not None
    assert noise.drop.shape == (3, 500)
    assert noise.hold_hidden.shape == (105, 500)
    assert noise.hold_cell.shape == (105, 400)
    for mask, values, mean, spread in (
        (noise.drop, [0, 1 / 0.75], 1.0, 0.6),
        (noise.hold_hidden, [0, 1], 0.1, 0.3),
        (noise.hold_cell, [0, 1], 0.6, 0.5),
    ):
        assert mask.dtype == torch.float64
        assert mask.unique().tolist() == pytest.approx(values)
        assert mask.mean().item() == pytest.approx(mean, abs=5 * spread / mask.numel() ** 0.5)


def test_edge_cases():
    like = torch.empty(0)
    assert draw_noise(NoiseSettings(), STEPS, like, (5, 5)) == Noise()
    everything = draw_noise(NoiseSettings(1.0, 1.0, 0.0), STEPS, like, (5, 5))
    assert (everything.drop == 0).all()  # and no division by 0
    assert (everything.hold_hidden == 1).all()
    assert everything.hold_cell is None
    half = draw_noise(NoiseSettings(0.5), STEPS, torch.empty(0, dtype=torch.bfloat16), (5,))
    assert half.drop is not None
    assert half.drop.dtype == torch.float32


def test_outside_training_what_is_held_is_its_mean():
    before = torch.get_rng_state()
    noise = draw_noise(NoiseSettings(0.5, 0.25, 0.75), STEPS, torch.empty(0), (4, 6), training=False)
    assert noise.drop is None
    assert noise.hold_hidden is not None
    assert noise.hold_cell is not None
    assert (noise.hold_hidden == 0.25).all()
    assert (noise.hold_cell == 0.75).all()
    assert torch.equal(torch.get_rng_state(), before)  # nothing is drawn


def test_hold():
    old, new, share = torch.tensor([1.0, 1.0, 1.0]), torch.tensor([3.0, 3.0, 3.0]), torch.tensor([0.0, 1.0, 0.5])
    assert hold(old, new, share).tolist() == [3.0, 1.0, 2.0]
    assert hold(old, new, None) is new


LAYERS = [
    (RNN, {}),
    (GRU, {}),
    (GRU, {"reset_after": False}),
    *((LSTM, {"variant": variant}) for variant in ("standard", "peephole", "coupled", "layer_norm", "ordered")),
]


@pytest.mark.parametrize(("layer", "settings"), LAYERS)
def test_reproducible(layer, settings):
    """A seed gives the same noise; another one another."""
    torch.manual_seed(0)
    network = layer(3, 8, recurrent_dropout=0.5, zoneout=0.3, **settings)
    x, found = torch.randn(6, 4, 3), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(network(x, lengths=torch.tensor([6, 3, 4, 6]))[0])
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
    network.eval()
    assert torch.equal(network(x)[0], network(x)[0])


@pytest.mark.parametrize(("layer", "settings"), LAYERS)
def test_full_zoneout_stands_still(layer, settings):
    """A layer all of whose units keep what they hold gives back its first state, and all of the gradient."""
    network = layer(3, 8, zoneout=1.0, **settings)
    first = torch.randn(1, 2, 8, requires_grad=True)
    hx = (first, torch.zeros(1, 2, 8)) if layer is LSTM else first
    output, _ = network(torch.randn(5, 2, 3), hx)
    torch.testing.assert_close(output, first.expand(5, 2, 8))
    output[-1].sum().backward()
    assert first.grad is not None
    assert (first.grad == 1).all()


@pytest.mark.parametrize(("layer", "settings"), LAYERS)
def test_full_dropout_cuts_the_recurrent_product(layer, settings):
    """With the whole of h left out of the product the recurrent weights do not matter."""
    torch.manual_seed(0)
    network = layer(3, 8, recurrent_dropout=1.0, **settings)
    x = torch.randn(5, 2, 3)
    before = network(x)[0]
    with torch.no_grad():
        network.weight_hh_l0.normal_()
    torch.testing.assert_close(network(x)[0], before)
