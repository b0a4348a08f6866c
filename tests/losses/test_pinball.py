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
