"""Losses of a margin."""

import numpy as np
import pytest

from panlearn.losses.hinge import Hinge, LogLoss, ModifiedHuber, SquaredHinge

MARGINS = np.linspace(-4, 4, 200)


@pytest.mark.parametrize("loss", [Hinge(), SquaredHinge(), ModifiedHuber(), LogLoss()])
def test_convex_decreasing_bounds_on_the_error(loss):
    values = loss.values(MARGINS, 1.0)
    error = (MARGINS <= 0) * (np.log(2) if isinstance(loss, LogLoss) else 1.0)
    assert (values >= error - 1e-12).all()
    assert (np.diff(values) <= 1e-12).all()
    assert (np.diff(loss.slopes(MARGINS, 1.0)) >= -1e-12).all()
    np.testing.assert_allclose(loss.values(-MARGINS, -1.0), values)
    np.testing.assert_allclose(loss.slopes(-MARGINS, -1.0), -loss.slopes(MARGINS, 1.0))


def test_zero_beyond_the_margin():
    for loss in (Hinge(), SquaredHinge(), ModifiedHuber()):
        assert loss.values(np.array([1.0, 5.0]), 1.0).tolist() == [0, 0]
    assert Hinge(0.0).values(np.array([0.1]), 1.0).tolist() == [0]
    assert Hinge(0.0).slopes(np.array([0.0]), 1.0).tolist() == [-1]  # a perceptron leaves zero weights
