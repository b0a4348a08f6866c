"""Quantiles equal those of Meinshausen's weights written out, rise with the level, and are training targets."""

import numpy as np
import pytest

from panlearn.ensemble import ExtraTreesRegressor, RandomForestRegressor
from tests.oracles import forest as oracle

LEVELS = [0.0, 0.05, 0.3, 0.5, 0.9, 1.0]


def data(n=80):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, np.round(X[:, 0] + rng.normal(size=n), 1)


@pytest.mark.parametrize("model", [RandomForestRegressor(8, random_state=0), ExtraTreesRegressor(8, random_state=0)])
def test_equals_brute_force(model):
    X, y = data()
    model.set_params(keep_members=True, min_samples_leaf=5).fit(X, y)
    T = np.random.default_rng(1).normal(size=(12, 3))
    found = model.predict_quantiles(T, LEVELS)
    trees, samples = [tree.tree_ for tree in model], model.estimators_samples_
    for row, quantiles in zip(T, found):
        weight = oracle.meinshausen_weights(trees, samples, X, row)
        assert weight.sum() == pytest.approx(1.0)
        assert weight @ y == pytest.approx(model.predict(row[None])[0])
        np.testing.assert_array_equal(quantiles, [oracle.weighted_quantile(y, weight, level) for level in LEVELS])
    assert (np.diff(found, axis=1) >= 0).all()
    np.testing.assert_array_equal(model.predict_quantiles(T, LEVELS[::-1]), found[:, ::-1])
    np.testing.assert_array_equal(model.predict_quantiles(T), found[:, 3])


def test_edge_cases():
    X, y = data()
    with pytest.raises(ValueError, match="keep_members=True"):
        RandomForestRegressor(2).fit(X, y).predict_quantiles(X)
    model = RandomForestRegressor(2, keep_members=True).fit(X, y)
    for bad in (-0.1, [0.2, 1.5], np.nan):
        with pytest.raises(ValueError, match=r"levels in the range \[0, 1\]"):
            model.predict_quantiles(X, bad)
    with pytest.raises(ValueError, match="needs one target"):
        RandomForestRegressor(2, keep_members=True).fit(X, np.column_stack([y, y]))


def test_coverage():
    """On new rows some 80 % of the targets lie between the 10 % and the 90 % quantile, whatever the spread."""
    rng = np.random.default_rng(0)
    X = rng.random((3000, 2))
    y = X[:, 0] * rng.normal(size=3000)
    model = RandomForestRegressor(50, min_samples_leaf=20, keep_members=True, random_state=0).fit(X[:2000], y[:2000])
    low, high = model.predict_quantiles(X[2000:], [0.1, 0.9]).T
    assert np.mean((low <= y[2000:]) & (y[2000:] <= high)) == pytest.approx(0.8, abs=0.04)
    narrow, wide = (high - low)[X[2000:, 0] < 0.3].mean(), (high - low)[X[2000:, 0] > 0.7].mean()
    assert wide > 3 * narrow
