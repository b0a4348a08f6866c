"""ExtraTreesRegressor: mean of its trees, the peer's error, the same forest with any number of threads."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.datasets import load_diabetes, make_friedman1
from sklearn.ensemble import ExtraTreesRegressor as Peer

import panlearn
from panlearn.ensemble import ExtraTreesRegressor
from tests.oracles import forest as oracle


def data(n=120, p=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X[:, 0] + 0.5 * X[:, 1] ** 2 + 0.3 * rng.normal(size=n)


def trees_of(model):
    return [tree.tree_ for tree in model.estimators_]


def test_matches_oracle():
    X, y = data()
    model = ExtraTreesRegressor(12, random_state=0).fit(X, y)
    T = np.random.default_rng(1).normal(size=(30, 4))
    mean = oracle.mean_values(trees_of(model), T)[:, 0, 0]
    np.testing.assert_allclose(model.predict(T), mean, atol=1e-12)
    np.testing.assert_allclose(model.predict(T), np.mean([tree.predict(T) for tree in model], axis=0), atol=1e-12)
    leaves = [[oracle.leaf_of(tree, row) for tree in trees_of(model)] for row in T]
    np.testing.assert_array_equal(model.apply(T), leaves)


@pytest.mark.parametrize("problem", ["diabetes", "friedman1"])
def test_matches_peer(problem):
    """Mean squared error over seeds within 3 %."""
    X, y = load_diabetes(return_X_y=True) if problem == "diabetes" else make_friedman1(600, random_state=0)
    ours, theirs = [], []
    for seed in range(6):
        order = np.random.default_rng(seed).permutation(len(y))
        a, b = order[::2], order[1::2]
        for found, make in ((ours, ExtraTreesRegressor), (theirs, Peer)):
            found.append(np.mean((make(60, random_state=seed).fit(X[a], y[a]).predict(X[b]) - y[b]) ** 2))
    assert np.mean(ours) < 1.03 * np.mean(theirs)


def test_optimality():
    """Full trees on all rows reproduce the targets; predictions stay within their range; importances are shares."""
    X, y = data(200)
    model = ExtraTreesRegressor(20, random_state=0, bootstrap=False).fit(X, y)
    np.testing.assert_allclose(model.predict(X), y, atol=1e-9)
    far = model.predict(100.0 * np.random.default_rng(0).normal(size=(50, 4)))
    assert y.min() - 1e-9 <= far.min() <= far.max() <= y.max() + 1e-9
    assert model.feature_importances_.sum() == pytest.approx(1.0)
    assert set(model.feature_importances_.argsort()[-2:]) == {0, 1}
    rising = ExtraTreesRegressor(10, monotonic_cst=[1, 0, 0, 0], random_state=0).fit(X, y)
    line = np.column_stack([np.linspace(-3, 3, 50), np.zeros((50, 3))])
    assert (np.diff(rising.predict(line)) >= -1e-12).all()
    assert (model.fit(X, y).proximity(X[:5]).diagonal() == 1.0).all()


@settings(max_examples=5)
@given(st.integers(0, 50))
def test_invariances(seed):
    X, y = data(seed=seed)
    T = np.random.default_rng(seed).normal(size=(20, 4))
    model = ExtraTreesRegressor(8, random_state=seed)
    base = model.fit(X, y).predict(T)
    np.testing.assert_allclose(model.fit(X, 4.0 * y).predict(T), 4.0 * base, rtol=1e-9)
    np.testing.assert_allclose(model.fit(2.0 * X, y).predict(2.0 * T), base, rtol=1e-9)
    np.testing.assert_array_equal(model.fit(sparse.csr_array(X), y).predict(sparse.csr_array(T)), base)
    grown = ExtraTreesRegressor(3, random_state=seed, warm_start=True).fit(X, y)
    np.testing.assert_array_equal(grown.set_params(n_estimators=8).fit(X, y).predict(T), base)
    two = ExtraTreesRegressor(8, random_state=seed).fit(X, np.column_stack([y, y]))
    assert two.predict(T).shape == (20, 2)
    np.testing.assert_allclose(two.predict(T)[:, 0], two.predict(T)[:, 1])


@pytest.mark.parametrize("criterion", ["absolute_error", "poisson", "friedman_mse"])
def test_criteria(criterion):
    X, y = data(150)
    y = np.exp(y)
    model = ExtraTreesRegressor(10, criterion=criterion, random_state=0, max_depth=5).fit(X, y)
    assert model.score(X, y) > 0.5
    if criterion == "poisson":
        with pytest.raises(ValueError, match="negative"):
            model.fit(X, y - 10.0)


def test_edge_cases():
    X, y = data(40)
    gaps = X.copy()
    gaps[::3, 0] = np.nan
    gaps[:, 3] = np.nan
    model = ExtraTreesRegressor(10, random_state=0).fit(gaps, y)
    np.testing.assert_allclose(model.predict(gaps), oracle.mean_values(trees_of(model), gaps)[:, 0, 0], atol=1e-12)
    level = np.arange(40) % 20
    frame = pd.DataFrame({"town": pd.Categorical([f"t{k}" for k in level]), "x": X[:, 1]})
    model = ExtraTreesRegressor(20, random_state=0, bootstrap=False).fit(frame, level.astype(float))
    assert model.score(frame, level) > 0.95
    assert np.isfinite(model.predict(pd.DataFrame({"town": ["new"], "x": [0.0]}))).all()
    assert ExtraTreesRegressor(3).fit(np.ones((20, 2)), y[:20]).predict([[1.0, 1.0]]) == pytest.approx(
        y[:20].mean(), abs=1.0
    )
    assert ExtraTreesRegressor(3).fit(X[:1], [2.5]).predict(X[:2]).tolist() == [2.5, 2.5]
    huge = ExtraTreesRegressor(3, random_state=0).fit(X * 1e12, y * 1e-9)
    assert np.isfinite(huge.predict(X * 1e12)).all()
    with pytest.raises(ValueError, match="infinity"):
        model.fit(np.where(X[0, 0] == X, np.inf, X), y)
    with pytest.raises(ValueError, match="'keep_members' parameter"):
        ExtraTreesRegressor(keep_members=2).fit(X, y)


def test_reproducible():
    X, y = data(1500, 6)
    one, two, three = (ExtraTreesRegressor(20, random_state=3, n_jobs=jobs).fit(X, y) for jobs in (1, 2, None))
    np.testing.assert_array_equal(one.predict(X), two.predict(X))
    np.testing.assert_array_equal(one.predict(X), three.predict(X))
    with panlearn.threads(1):
        np.testing.assert_array_equal(three.predict(X), one.predict(X))
