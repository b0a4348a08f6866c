"""RandomForestClassifier: mean of its trees, the peer's accuracy, the same forest with any number of threads."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.ensemble import RandomForestClassifier as Peer
from sklearn.metrics import roc_auc_score

import panlearn
from panlearn.ensemble import RandomForestClassifier
from tests.oracles import forest as oracle


def data(n=120, p=4, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, (np.digitize(X[:, 0] + 0.5 * rng.normal(size=n), np.linspace(-1, 1, classes + 1)[1:-1])).astype(int)


def trees_of(model):
    return [tree.tree_ for tree in model.estimators_]


def test_matches_oracle():
    X, y = data()
    model = RandomForestClassifier(12, random_state=0).fit(X, y)
    T = np.random.default_rng(1).normal(size=(30, 4))
    mean = oracle.mean_values(trees_of(model), T)[:, 0]
    np.testing.assert_allclose(model.predict_proba(T), mean, atol=1e-12)
    np.testing.assert_array_equal(model.predict(T), mean.argmax(axis=1))
    each = np.mean([tree.predict_proba(T) for tree in model], axis=0)
    np.testing.assert_allclose(model.predict_proba(T), each, atol=1e-12)
    leaves = [[oracle.leaf_of(tree, row) for tree in trees_of(model)] for row in T]
    np.testing.assert_array_equal(model.apply(T), leaves)
    path, starts = model.decision_path(T)
    assert path.shape == (30, sum(tree.node_count for tree in trees_of(model)))
    assert (path[np.arange(30), starts[3] + model.apply(T)[:, 3]] == 1).all()


@pytest.mark.parametrize("load", [load_breast_cancer, load_wine])
def test_matches_peer(load):
    """Mean accuracy and AUC over seeds and halves within the noise of the halves."""
    X, y = load(return_X_y=True)
    ours, theirs = [], []
    for seed in range(6):
        order = np.random.default_rng(seed).permutation(len(y))
        a, b = order[::2], order[1::2]
        for found, make in ((ours, RandomForestClassifier), (theirs, Peer)):
            shares = make(60, random_state=seed).fit(X[a], y[a]).predict_proba(X[b])
            auc = roc_auc_score(y[b], shares if shares.shape[1] > 2 else shares[:, 1], multi_class="ovr")
            found.append([np.mean(shares.argmax(axis=1) == y[b]), auc])
    difference = np.mean(ours, axis=0) - np.mean(theirs, axis=0)
    assert (difference > [-0.012, -0.006]).all(), difference
    np.testing.assert_array_equal(
        RandomForestClassifier(3, random_state=5, bootstrap=True).fit(X, y).estimators_samples_,
        Peer(3, random_state=5, bootstrap=True).fit(X, y).estimators_samples_,
    )


def test_optimality():
    """Full trees separate distinct rows; importances are shares; pruning and limits make trees smaller."""
    X, y = data(200)
    model = RandomForestClassifier(20, random_state=0, bootstrap=False).fit(X, y)
    assert model.score(X, y) == 1.0
    assert model.feature_importances_.sum() == pytest.approx(1.0)
    assert model.feature_importances_.argmax() == 0
    np.testing.assert_allclose(
        model.feature_importances_, np.mean([tree.feature_importances_ for tree in model], axis=0), atol=1e-12
    )
    pruned = RandomForestClassifier(20, random_state=0, ccp_alpha=0.02).fit(X, y)
    assert max(tree.n_leaves for tree in trees_of(pruned)) < min(tree.n_leaves for tree in trees_of(model))
    assert max(tree.get_depth() for tree in RandomForestClassifier(5, max_depth=2).fit(X, y)) == 2
    rising = RandomForestClassifier(10, monotonic_cst=[1, 0, 0, 0], random_state=0).fit(X, y > 0)
    line = np.column_stack([np.linspace(-3, 3, 50), np.zeros((50, 3))])
    assert (np.diff(rising.predict_proba(line)[:, 1]) >= -1e-12).all()


@settings(max_examples=5)
@given(st.integers(0, 50))
def test_invariances(seed):
    X, y = data(seed=seed)
    T = np.random.default_rng(seed).normal(size=(20, 4))
    model = RandomForestClassifier(8, random_state=seed)
    base = model.fit(X, y).predict_proba(T)
    np.testing.assert_array_equal(model.fit(X, np.array(["a", "b", "c"])[y]).predict_proba(T), base)
    np.testing.assert_array_equal(model.fit(2.0 * X, y).predict_proba(2.0 * T), base)
    np.testing.assert_array_equal(model.fit(sparse.csr_array(X), y).predict_proba(sparse.csr_array(T)), base)
    np.testing.assert_array_equal(model.fit(np.asfortranarray(X), y).predict_proba(T), base)
    frame = pd.DataFrame(X, columns=list("abcd"))
    assert model.fit(frame, y).feature_names_in_.tolist() == list("abcd")
    grown = RandomForestClassifier(3, random_state=seed, warm_start=True).fit(X, y)
    first = grown.estimators_[0]
    np.testing.assert_array_equal(grown.set_params(n_estimators=8).fit(X, y).predict_proba(T), base)
    assert grown.estimators_[0] is first


def test_weights_and_classes():
    X, y = data(150, classes=2)
    weight = np.where(y == 1, 5.0, 1.0)
    plain = RandomForestClassifier(20, random_state=0, max_depth=3)
    up = RandomForestClassifier(20, random_state=0, max_depth=3, class_weight={0: 1.0, 1: 5.0}).fit(X, y)
    assert up.predict_proba(X)[:, 1].mean() > plain.fit(X, y).predict_proba(X)[:, 1].mean() + 0.1
    np.testing.assert_array_equal(plain.fit(X, y, weight).predict_proba(X), up.predict_proba(X))
    rare = np.flatnonzero((y == 0) | (np.arange(150) < 30))
    for preset in ("balanced", "balanced_subsample"):
        even = RandomForestClassifier(20, random_state=0, max_depth=2, class_weight=preset).fit(X[rare], y[rare])
        shares = even.predict_proba(X[rare])[:, 1]
        assert np.mean([shares[y[rare] == k].mean() for k in (0, 1)]) == pytest.approx(0.5, abs=0.1)
    both = np.column_stack([y, data(150)[1]])
    model = RandomForestClassifier(10, random_state=0, max_depth=4).fit(X, both)
    assert [p.shape[1] for p in model.predict_proba(X)] == [2, 3]
    assert model.predict(X).shape == (150, 2)


def test_edge_cases():
    X, y = data(40)
    gaps = X.copy()
    gaps[::3, 0] = np.nan
    gaps[:, 3] = np.nan
    model = RandomForestClassifier(10, random_state=0).fit(gaps, y)
    mean = oracle.mean_values(trees_of(model), gaps)[:, 0]
    np.testing.assert_allclose(model.predict_proba(gaps), mean, atol=1e-12)
    frame = pd.DataFrame({"colour": pd.Categorical(np.array(["red", "blue", "green"])[y]), "x": X[:, 1]})
    model = RandomForestClassifier(20, random_state=0).fit(frame, y)
    assert model.score(frame, y) > 0.9
    unseen = pd.DataFrame({"colour": ["mauve"], "x": [0.0]})
    assert np.isfinite(model.predict_proba(unseen)).all()
    assert RandomForestClassifier(3).fit(np.ones((20, 2)), y[:20]).predict_proba([[1.0, 1.0]]).sum() == pytest.approx(
        1.0
    )
    assert RandomForestClassifier(3).fit(X, np.zeros(40)).predict(X).tolist() == [0.0] * 40
    assert RandomForestClassifier(3).fit(X[:1], ["only"]).predict(X[:2]).tolist() == ["only"] * 2
    with pytest.raises(ValueError, match="infinity"):
        model.fit(np.where(X[0, 0] == X, np.inf, X), y)
    with pytest.raises(ValueError, match="max_sample"):
        RandomForestClassifier(bootstrap=False, max_samples=5).fit(X, y)
    for bad in ({"n_estimators": 0}, {"max_samples": 0.0}, {"class_weight": "even"}, {"oob_score": 3}):
        with pytest.raises(ValueError, match=f"'{next(iter(bad))}' parameter of RandomForestClassifier"):
            RandomForestClassifier(**bad).fit(X, y)


def test_reproducible():
    X, y = data(2000, 10)
    one, two, three = (RandomForestClassifier(20, random_state=3, n_jobs=jobs).fit(X, y) for jobs in (1, 2, None))
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))
    np.testing.assert_array_equal(one.predict_proba(X), three.predict_proba(X))
    with panlearn.threads(1):
        np.testing.assert_array_equal(three.predict_proba(X), one.predict_proba(X))
    T = np.random.default_rng(1).normal(size=(200, 10))
    assert (RandomForestClassifier(20, random_state=4).fit(X, y).predict_proba(T) != one.predict_proba(T)).any()
