"""Rows of a round."""

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble._gradient_boosting import _random_sample_mask

from panlearn.ensemble.gradient_boosting.row_sampling import ALL, draw_fraction, draw_goss


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.99])
def test_the_fraction_is_scikit_learns(fraction):
    sample = draw_fraction(200, fraction, np.random.RandomState(3))
    mask = _random_sample_mask(200, int(fraction * 200), np.random.RandomState(3))
    np.testing.assert_array_equal(sample.rows, np.flatnonzero(mask))
    np.testing.assert_array_equal(sample.left_out, np.flatnonzero(~np.asarray(mask)))


def test_at_least_one_row_and_at_most_all():
    sample: Any = draw_fraction(5, 0.01, np.random.RandomState(0))
    assert len(sample.rows) == 1
    assert draw_fraction(5, 1.0, np.random.RandomState(0)) is ALL


def test_goss_keeps_the_large_gradients_and_the_sums():
    rng = np.random.RandomState(0)
    g = rng.normal(size=(1000, 1)) * np.linspace(0.1, 3, 1000)[:, None]
    sums = []
    for _ in range(300):
        sample: Any = draw_goss(g, rng)
        assert set(np.argsort(-np.abs(g[:, 0]))[:200]) <= set(sample.rows)
        assert len(sample.rows) == 300
        assert len(sample.rows) + len(sample.left_out) == 1000
        sums.append(float(sample.factor @ g[sample.rows, 0]))
    assert abs(np.mean(sums) - g.sum()) < 4 * np.std(sums) / np.sqrt(300)


def test_goss_with_ties_and_few_rows():
    sample: Any = draw_goss(np.ones((50, 2)), np.random.RandomState(0))
    assert len(sample.rows) == 15
    assert draw_goss(np.ones((2, 1)), np.random.RandomState(0)) is ALL
