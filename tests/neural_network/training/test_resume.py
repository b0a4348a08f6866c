"""The state of a run holds everything the next step depends on, and says which fit it is of."""

import pytest
import torch
from torch import nn

from panlearn.core.errors import ModelFileError
from panlearn.neural_network.training.loop import train
from panlearn.neural_network.training.resume import _in_words, fingerprint, restore, state_of
from panlearn.neural_network.training.state_file import from_bytes, to_bytes
from tests.neural_network.training.fits import begin, network, table, weights


def stored(run):
    return from_bytes(to_bytes(state_of(run)))


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nag", "adagrad", "rmsprop", "adadelta", "adam", "adamw"])
@pytest.mark.parametrize("schedule", ["constant", "plateau", "cosine"])
def test_going_on_gives_the_same_bits(optimizer, schedule):
    settings = {"optimizer": optimizer, "schedule": schedule, "max_epochs": 4}
    torch.manual_seed(0)
    first = begin(network(dropout=0.5), **settings)
    first.settings = first.settings._replace(max_epochs=2)
    train(first)
    first.settings = first.settings._replace(max_epochs=4)
    state = stored(first)
    train(first)
    torch.manual_seed(5)
    second = begin(network(dropout=0.5, seed=5), **settings)
    restore(second, state, "state")
    train(second)
    assert torch.equal(weights(first), weights(second))
    assert first.history == second.history


def test_parameters_stay_views_of_the_flat_vector():
    run = begin()
    state = stored(run)
    other = begin(network(seed=3))
    restore(other, state, "state")
    (segment,) = other.segments
    parts = torch.cat([part.detach().flatten() for part in segment.parts])
    assert torch.equal(segment.values.detach(), parts)
    assert torch.equal(weights(other), weights(run))


def test_frozen_layers_and_buffers_are_kept():
    def half():
        module = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))
        module[0].requires_grad_(False)
        return module

    run = train(begin(half()))
    other = begin(half())
    restore(other, stored(run), "state")
    for key, value in run.module.state_dict().items():
        assert torch.equal(other.module.state_dict()[key], value), key


def test_what_the_fingerprint_looks_at():
    same = fingerprint(begin())
    assert fingerprint(begin(verbose=1, max_epochs=9)) == same
    assert fingerprint(begin(schedule="cosine"))["max_epochs"] == "3"  # cosine needs to know the end
    X, y = table()
    for change in (X + 0.1, X.double(), X[:-1]):
        assert fingerprint(begin(network(dtype=change.dtype), (change, y[: len(change)])))["data"] != same["data"]
    assert fingerprint(begin(data=(X, 1 - y)))["data"] != same["data"]


def test_objects_are_told_apart_by_what_they_hold():
    class Clipping:
        def __init__(self, norm):
            self.norm = norm

    words = [_in_words(Clipping(norm)) for norm in (1.0, 1.0, 2.0)]
    assert words[0] == words[1] != words[2]  # not by their address


def test_another_version_is_refused():
    state = {**stored(begin()), "format": 99}
    with pytest.raises(ModelFileError, match="written by another version"):
        restore(begin(), state, "run.safetensors")
