"""Weights as bytes: equal after a round trip, refused where they do not fit."""

import pytest
import torch
from torch import nn

from panlearn.core.errors import ModelFileError
from panlearn.neural_network.network_storage import restore_weights, weights_of
from panlearn.neural_network.training.flat_parameters import flatten


def test_round_trip_of_shared_storage():
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 4))
    module[2].bias = module[0].bias  # tied
    flatten(module)  # views of one vector
    copy = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 4))
    restore_weights(copy, weights_of(module))
    for name, values in module.state_dict().items():
        assert torch.equal(values, copy.state_dict()[name])
    assert not copy.training


def test_edge_cases():
    data = weights_of(nn.Linear(3, 4))
    with pytest.raises(ModelFileError, match="do not fit"):
        restore_weights(nn.Linear(3, 5), data)
    with pytest.raises(ModelFileError, match="on one side only"):
        restore_weights(nn.Linear(3, 4, bias=False), data)
