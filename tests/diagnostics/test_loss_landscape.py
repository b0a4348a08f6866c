"""Slices of a loss."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from panlearn.core.errors import DataError
from panlearn.diagnostics import loss_landscape, take_step
from panlearn.diagnostics.empirical_loss import empirical_loss, unflat
from panlearn.diagnostics.loss_landscape import filter_normalized


def small():
    torch.manual_seed(0)
    net: Any = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).double()
    return net, torch.randn(12, 3, dtype=torch.float64), torch.randint(0, 2, (12,))


def test_each_point_is_the_loss_of_a_moved_network():
    net, X, y = small()
    found = loss_landscape(net, X, y, points=5, extent=0.5)
    risk = empirical_loss(net, X, y)
    assert found.losses.shape == (5, 5)
    assert found.losses[2, 2] == pytest.approx(found.centre) == risk.value()
    step = found.across[4] * found.directions[0] + found.up[1] * found.directions[1]
    take_step(net, step)
    assert risk.value() == pytest.approx(found.losses[1, 4])


def test_filters_of_a_random_direction_are_as_long_as_the_network_s():
    net, *_ = small()
    parameters = list(net.parameters())
    parts = unflat(filter_normalized(parameters, torch.Generator().manual_seed(0)), parameters)
    for parameter, part in zip(parameters, parts):
        if parameter.ndim > 1:
            torch.testing.assert_close(part.norm(dim=1), parameter.detach().norm(dim=1))
        else:
            assert not part.any()


def test_a_rescaled_network_has_the_same_landscape():
    """ReLU(2 x) / 2 = ReLU(x): the reason for normalising by filter [li2018]."""
    net, X, y = small()
    first = loss_landscape(net, X, y, dimensions=1)
    with torch.no_grad():
        net[0].weight *= 8
        net[0].bias *= 8
        net[2].weight /= 8
    second = loss_landscape(net, X, y, dimensions=1)
    np.testing.assert_allclose(second.losses, first.losses, rtol=1e-12)


def test_curvature_directions_show_a_saddle():
    net = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)).double()
    torch.nn.utils.vector_to_parameters(torch.zeros(2, dtype=torch.float64), net.parameters())
    found = loss_landscape(net, [[1.0], [2.0]], [1.0, 2.0], directions="curvature", points=3, extent=0.1)
    down, up = found.losses[1], found.losses[:, 1]
    assert down[0] < down[1] > down[2]
    assert up[0] > up[1] < up[2]


def test_vectors_are_taken_as_they_are():
    net, X, y = small()
    vector = np.arange(26.0)
    found = loss_landscape(net, X, y, directions=[vector], points=3, extent=0.1)
    np.testing.assert_array_equal(found.directions[0], vector)
    assert found.losses.shape == (3,)
    assert not found.up.size


def test_reproducible():
    net, X, y = small()
    first, second = (loss_landscape(net, X, y, points=3, random_state=5).losses for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    "settings",
    [{"dimensions": 3}, {"points": 4}, {"points": 1}, {"extent": 0}, {"directions": "up"}, {"directions": [[1.0]]}],
)
def test_bad_input_is_said(settings):
    net, X, y = small()
    with pytest.raises(DataError, match=r"must be"):
        loss_landscape(net, X, y, **settings)
