"""Draws: scikit-learn's rows from the same seeds, and the shares that theory gives."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor as Peer

from panlearn.ensemble.bootstrap import draw_rows, draw_seeds, members_to_add, rows_left_out, sample_size


def test_share_of_rows_left_out():
    """(1 - 1/n)^n of the rows, which tends to 1/e = 0.368."""
    n = 200
    left = np.mean([len(rows_left_out(draw_rows(seed, n, n, None), n)) / n for seed in range(2000)])
    assert left == pytest.approx((1 - 1 / n) ** n, abs=0.002)
    assert pytest.approx(0.368, abs=5e-4) == (1 - 1e-6) ** 1e6


def test_the_rows_are_those_of_the_peer():
    X, y = np.arange(50.0)[:, None], np.arange(50.0)
    peer = Peer(5, random_state=3).fit(X, y)
    seeds = draw_seeds(3, 5)
    for seed, rows in zip(seeds, peer.estimators_samples_):
        np.testing.assert_array_equal(draw_rows(seed, 50, 50, None), rows)
    np.testing.assert_array_equal(draw_seeds(3, 2, skip=3), seeds[3:])


def test_weights_are_chances():
    weight = np.array([0.0, 1.0, 3.0])
    counts = np.bincount(draw_rows(0, 3, 40_000, weight), minlength=3) / 40_000
    np.testing.assert_allclose(counts, weight / 4, atol=0.01)
    assert sorted(draw_rows(0, 9, 9, None, replace=False)) == list(range(9))


def test_sizes():
    assert [sample_size(100, m, None) for m in (None, 7, 0.5)] == [100, 7, 50]
    assert sample_size(100, 0.5, np.full(100, 2.0)) == 100
    with pytest.warns(UserWarning, match=r"low number \(2\)"):
        assert sample_size(100, 0.02, None) == 2
    with pytest.raises(ValueError, match="n_estimators=3 must be larger"):
        members_to_add(3, 5)
    with pytest.warns(UserWarning, match="does not fit new trees"):
        assert members_to_add(5, 5) == 0
