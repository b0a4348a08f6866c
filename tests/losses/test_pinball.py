"""Pinball loss."""

import numpy as np
import pytest

from panlearn.losses.pinball import Pinball


@pytest.mark.parametrize("q", [0.1, 0.5, 0.8])
def test_its_minimiser_is_the_quantile(q):
    y = np.random.default_rng(0).normal(size=101)
    totals = [Pinball(q).values(z, y).sum() for z in y]
    below = (y < y[int(np.argmin(totals))]).mean()
    assert abs(below - q) <= 1 / 101


@pytest.mark.parametrize("q", [0.1, 0.5, 0.8])
def test_slopes_are_those_of_the_values(q):
    rng = np.random.default_rng(1)
    z, y = rng.normal(size=50), rng.normal(size=50)
    loss, step = Pinball(q), 1e-7
    numeric = (loss.values(z + step, y) - loss.values(z - step, y)) / (2 * step)
    np.testing.assert_allclose(loss.slopes(z, y), numeric, atol=1e-6)
    assert loss.slopes(2.0, 2.0) == -q
