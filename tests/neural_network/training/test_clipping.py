"""Gradient clipping."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from panlearn.core.errors import DataError
from panlearn.neural_network.training.clipping import GradientClipping, check_clipping, clip
from panlearn.neural_network.training.loop import train
from tests.neural_network.training.fits import begin, weights


@given(st.integers(0, 9), st.sampled_from([1e-3, 1.0, 1e3]))
def test_matches_peer(seed, bound):
    random = torch.Generator().manual_seed(seed)
    gradients = [torch.randn(7, generator=random), 3 * torch.randn(70, generator=random)]
    peer = [torch.nn.Parameter(g.clone()) for g in gradients]
    for p, g in zip(peer, gradients):
        p.grad = g.clone()
    expected = torch.nn.utils.clip_grad_norm_(peer, bound)
    assert clip(gradients, GradientClipping(norm=bound)) == pytest.approx(float(expected), rel=1e-5)
    for p, g in zip(peer, gradients):
        torch.testing.assert_close(g, p.grad, rtol=1e-4, atol=1e-7)


def test_the_direction_stays_and_short_gradients_stay():
    gradient = torch.tensor([3.0, -4.0])
    assert clip([gradient], GradientClipping(norm=10.0)) == 5.0
    assert gradient.tolist() == [3.0, -4.0]
    clip([gradient], GradientClipping(norm=2.5))
    assert gradient.tolist() == pytest.approx([1.5, -2.0])


def test_by_value():
    gradient = torch.tensor([3.0, -4.0, 0.5])
    assert math.isnan(clip([gradient], GradientClipping(value=1.0)))
    assert gradient.tolist() == [1.0, -1.0, 0.5]
    clip([gradient], GradientClipping(norm=0.75, value=0.5))
    assert gradient.norm() == pytest.approx(0.75)


def test_a_step_is_no_longer_than_rate_times_bound():
    run = begin(optimizer="sgd", learning_rate=0.5, clipping=GradientClipping(norm=1e-3), max_epochs=1, size=90)
    before = weights(run)
    assert (weights(train(run)) - before).norm() == pytest.approx(0.5e-3, rel=1e-3)


@pytest.mark.parametrize("bad", [GradientClipping(norm=0.0), GradientClipping(value=-1.0), GradientClipping(math.nan)])
def test_bounds_have_to_be_positive(bad):
    with pytest.raises(DataError, match="of GradientClipping must be a float in the range"):
        begin_and_train(bad)


def test_what_is_no_bound_is_refused():
    with pytest.raises(DataError, match=r"GradientClipping\(norm=1.0\). Got 1.0"):
        begin_and_train(1.0)
    check_clipping(None)


def begin_and_train(clipping) -> None:
    train(begin(clipping=clipping))
