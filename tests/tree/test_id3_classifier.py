"""ID3: the published tree, the recursion by the book, exclusive or."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import make_classification
from sklearn.tree import DecisionTreeClassifier

from panlearn.tree import ID3Classifier
from tests.oracles import c45 as oracle
from tests.oracles import golf


def data(seed, n=50):
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 4, (n, 3)).astype(float)
    X[:4] = np.arange(4)[:, None]
    y = ((X[:, 0] > X[:, 1]) ^ (rng.random(n) < 0.2)).astype(int)
    return X, y


def test_golf():
    """[quinlan1986], figure 2: outlook, then humidity and windy; 5 leaves."""
    X, y = golf.nominal()
    model = ID3Classifier().fit(X, y)
    asked = model.tree_.feature[model.tree_.feature >= 0]
    assert [list(X.columns)[j] for j in asked[:1]] == ["outlook"]
    assert {list(X.columns)[j] for j in asked} == {"outlook", "humidity", "windy"}
    assert (model.get_n_leaves(), model.score(X, y)) == (5, 1.0)
    assert model.tree_.impurity[0] == pytest.approx(0.940, abs=5e-4)


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_matches_oracle(seed):
    X, y = data(seed)
    rules = {"min_leaf": 1.0, "min_split": 2.0, "spread": False, "corrected": False, "ratio": False, "from_data": False}
    for categorical in ([True] * 3, [True, False, False]):
        rows = [(i, 1.0) for i in range(50)]
        node = oracle.grow(X, y, rows, categorical, [4] * 3, 2, {**rules, "whole": 50.0})
        model = ID3Classifier(categorical_features=categorical).fit(X, y)
        T = np.where(np.random.default_rng(seed).random(X.shape) < 0.2, np.nan, X)
        np.testing.assert_allclose(model.predict_proba(T), [oracle.probabilities(node, x) for x in T], atol=1e-9)
        assert model.get_n_leaves() == oracle.leaves(node)


def test_matches_peer():
    """On numbers: scikit-learn's entropy tree."""
    for seed in range(5):
        X, y = make_classification(200, 4, n_informative=3, n_redundant=0, random_state=seed)
        X = np.asarray(X, np.float32).astype(float)
        ours = ID3Classifier(max_depth=3).fit(X, y)
        theirs = DecisionTreeClassifier(criterion="entropy", max_depth=3, random_state=0).fit(X, y)
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X))


def test_optimality():
    """An attribute is asked once on a path, and the root's has the largest gain."""
    X, y = data(5, 400)
    tree = ID3Classifier(categorical_features=[0, 1, 2]).fit(X, y).tree_
    parents = tree.parents()
    for t in range(1, tree.node_count):
        above, asked = parents[t], []
        while above >= 0:
            asked.append(int(tree.feature[above]))
            above = parents[above]
        assert len(asked) == len(set(asked))
    gains = []
    for j in range(3):
        parts = [[(i, 1.0) for i in np.flatnonzero(X[:, j] == v)] for v in range(4)]
        gains.append(oracle.gain_and_split(parts, [], y, 2)[0])
    assert tree.feature[0] == np.argmax(gains)


def test_an_identifier_wins_by_gain():
    """What the gain ratio is for: a number of the row has the largest gain there is."""
    X, y = data(1)
    X = np.column_stack([X, np.arange(50)])
    assert ID3Classifier(categorical_features=range(4)).fit(X, y).tree_.feature[0] == 3


@settings(max_examples=6)
@given(st.integers(0, 100))
def test_invariances(seed):
    X, y = data(seed)
    rng = np.random.default_rng(seed)
    model, order, times = ID3Classifier(categorical_features=[0, 1]), rng.permutation(50), rng.integers(0, 3, 50)
    base = model.fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(model.fit(X[order], y[order]).predict_proba(X), base)
    np.testing.assert_allclose(ID3Classifier(categorical_features=[0, 1]).fit(X, 1 - y).predict_proba(X)[:, ::-1], base)
    renamed = X.copy()
    renamed[:, :2] = 7 * X[:, :2] - 100  # the names of categories do not count
    np.testing.assert_array_equal(model.fit(renamed, y).predict_proba(renamed), base)
    repeated = model.fit(X.repeat(times, axis=0), y.repeat(times)).predict_proba(X)
    np.testing.assert_allclose(model.fit(X, y, times).predict_proba(X), repeated, atol=1e-9)


def test_edge_cases():
    """Exclusive or, conflicting rows, one row, constants."""
    X = pd.DataFrame({"a": ["n", "n", "y", "y"], "b": ["n", "y", "n", "y"]})
    assert ID3Classifier().fit(X, [0, 1, 1, 0]).predict(X).tolist() == [0, 1, 1, 0]
    assert ID3Classifier(min_impurity_decrease=0.01).fit(X, [0, 1, 1, 0]).get_n_leaves() == 1
    same = pd.DataFrame({"a": ["n"] * 3, "b": ["y"] * 3})
    assert ID3Classifier().fit(same, [0, 1, 1]).predict_proba(same[:1]).round(3).tolist() == [[0.333, 0.667]]
    assert ID3Classifier().fit(X[:1], ["only"]).predict(X).tolist() == ["only"] * 4
    with pytest.raises(ValueError, match="no numbers"):
        ID3Classifier(categorical_features=["a"]).fit(X, [0, 1, 1, 0])


def test_reproducible():
    X, y = data(3, 200)
    one, two = (
        ID3Classifier(categorical_features=[0], pruning="reduced_error", random_state=4).fit(X, y) for _ in range(2)
    )
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))
