"""BaggingRegressor: the mean of its members, the peer's members for a foreign method, any number of threads."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.ensemble import BaggingRegressor as Peer
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor

import panlearn
from panlearn.ensemble import BaggingRegressor
from tests.oracles import forest as oracle

FOREIGN = (KNeighborsRegressor(1), Ridge())


def data(n=100, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    return X, X[:, 0] + 0.5 * rng.normal(size=n)


def answers(model, X):
    return model.predict(X)


def test_matches_oracle():
    X, y = data()
    model = BaggingRegressor(n_estimators=30, random_state=0, oob_score=True, max_samples=0.5).fit(X, y)
    trees = [member.tree_ for member in model]
    mean = oracle.mean_values(trees, X[:20])[:, 0]
    np.testing.assert_allclose(answers(model, X[:20]), mean[:, 0], atol=1e-12)
    out = oracle.out_of_bag(trees, model.estimators_samples_, X)[:, 0]
    assert not np.isnan(out).any()
    np.testing.assert_allclose(model.oob_prediction_, out[:, 0])


@pytest.mark.parametrize("base", FOREIGN, ids=str)
def test_matches_peer(base):
    """The same draws, the same members, the same answers."""
    X, y = data()
    same = {"n_estimators": 6, "max_samples": 0.7, "max_features": 0.8, "random_state": 0}
    ours, theirs = BaggingRegressor(base, **same).fit(X, y), Peer(base, **same).fit(X, y)
    np.testing.assert_allclose(answers(ours, X), answers(theirs, X), atol=1e-12)
    for a, b in zip(ours.estimators_features_, theirs.estimators_features_):
        np.testing.assert_array_equal(a, b)


def test_optimality():
    """Averaging deep trees lowers the error on new rows."""
    X, y = data(400)
    T, truth = data(400, seed=1)
    one, many = (BaggingRegressor(n_estimators=m, random_state=0).fit(X, y).score(T, truth) for m in (1, 40))
    assert many > one + 0.1
    certificate = BaggingRegressor(random_state=0, n_estimators=40, oob_score=True).fit(X, y).certificate_
    assert certificate.startswith("out-of-bag score 0.")


@settings(max_examples=4)
@given(st.integers(0, 30))
def test_invariances(seed):
    X, y = data(seed=seed)
    model = BaggingRegressor(n_estimators=5, random_state=seed)
    base = answers(model.fit(X, y), X)
    np.testing.assert_allclose(answers(model.fit(2.0 * X, y), 2.0 * X), base, atol=1e-12)
    np.testing.assert_allclose(answers(model.fit(sparse.csr_array(X), y), sparse.csr_array(X)), base, atol=1e-12)
    chances = np.zeros(100)
    chances[7:9] = 1.0
    certain = BaggingRegressor(FOREIGN[1], n_estimators=3, random_state=seed).fit(X, y, chances)
    assert set(np.concatenate(certain.estimators_samples_)) <= {7, 8}


def test_edge_cases():
    X, y = data(30)
    gaps = np.where(X > 1, np.nan, X)
    assert np.isfinite(answers(BaggingRegressor(random_state=0).fit(gaps, y), gaps)).all()
    assert len(BaggingRegressor(random_state=0).fit(X[:1], y[:1]).predict(X)) == 30
    with pytest.warns(UserWarning, match="Some inputs do not have OOB scores"):
        model = BaggingRegressor(n_estimators=1, oob_score=True, random_state=0).fit(X, y)
    assert np.isfinite(model.oob_prediction_).all()
    with pytest.raises(ValueError, match="'max_samples' parameter of BaggingRegressor"):
        BaggingRegressor(max_samples=0.0).fit(X, y)


def test_reproducible():
    X, y = data(1000)
    one, two = (BaggingRegressor(n_estimators=20, random_state=3, n_jobs=jobs).fit(X, y) for jobs in (1, 2))
    np.testing.assert_array_equal(answers(one, X), answers(two, X))
    with panlearn.threads(1):
        np.testing.assert_array_equal(answers(two, X), answers(one, X))
