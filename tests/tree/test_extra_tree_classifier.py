"""One extremely randomised tree for classification."""

import numpy as np
import pytest
from sklearn import tree as peers
from sklearn.datasets import load_wine
from sklearn.model_selection import cross_val_score

from panlearn.tree import DecisionTreeClassifier, ExtraTreeClassifier
from tests.oracles import tree_questions as oracle
from tests.tree.test_decision_tree_classifier import data, decreases, rows_of, with_holes


def test_matches_oracle():
    """The impurities are those of the rows, and a drawn question is never better than the best."""
    X, y = data(60, 3)
    model = ExtraTreeClassifier(random_state=0).fit(X, y)
    path = rows_of(model, X)
    for node, gain in zip(*decreases(model)):
        here = path[:, node]
        best = oracle.best_decrease(X[here], y[here, None], np.ones(here.sum()), "gini")
        assert -1e-12 <= gain <= best + 1e-9


def test_matches_peer():
    X, y = load_wine(return_X_y=True)
    scores = [
        np.mean([cross_val_score(cls(random_state=seed), X, y, cv=5).mean() for seed in range(10)])
        for cls in (ExtraTreeClassifier, peers.ExtraTreeClassifier)
    ]
    assert abs(scores[0] - scores[1]) < 0.04
    ours, theirs = ExtraTreeClassifier().get_params(), peers.ExtraTreeClassifier().get_params()
    assert {name: ours[name] for name in theirs} == theirs


def test_optimality():
    """The best of many drawn cuts comes near the best of all cuts."""
    X, y = data(300, 3, classes=2)
    best = decreases(DecisionTreeClassifier(max_depth=1).fit(X, y))[1][0]
    models = [ExtraTreeClassifier(max_depth=1, max_features=None, random_state=seed).fit(X, y) for seed in range(300)]
    drawn = [decreases(model)[1][0] for model in models if model.get_n_leaves() > 1]
    assert 0.8 * best < max(drawn) <= best + 1e-12


def test_invariances():
    """Cuts lie between the extremes of the column, drawn evenly: their mean is the middle, whatever the values."""
    X = np.array([[0.0], [1.0], [1.0], [1.0], [1.0], [10.0]])
    y = [0, 1, 0, 1, 0, 1]
    models = [ExtraTreeClassifier(max_depth=1, random_state=seed).fit(X, y) for seed in range(500)]
    cuts = np.array([model.tree_.threshold[0] for model in models if model.get_n_leaves() > 1])
    assert 0.0 <= cuts.min() < 1.0 < 9.0 < cuts.max() <= 10.0
    assert abs(cuts.mean() - 5.0) < 0.5


def test_edge_cases():
    X, y = data(40)
    assert ExtraTreeClassifier().fit(X, np.zeros(40)).get_n_leaves() == 1
    assert ExtraTreeClassifier().fit([[1.0]], ["a"]).predict([[2.0]])[0] == "a"
    holes = with_holes(X)
    assert ExtraTreeClassifier().fit(holes, y).score(holes, y) > 0.9
    assert ExtraTreeClassifier().fit(np.full((40, 1), np.nan), y).get_n_leaves() == 1
    colours = np.array([["red"], ["blue"], ["green"], ["red"]], dtype=object)
    model = ExtraTreeClassifier(categorical_features=[0]).fit(colours, [0, 1, 1, 0])
    assert model.score(colours, [0, 1, 1, 0]) == 1.0
    with pytest.raises(ValueError, match="infinity"):
        ExtraTreeClassifier().fit(np.where(X > 2, np.inf, X), y)


def test_reproducible():
    X, y = data(100)
    first, second, other = (ExtraTreeClassifier(random_state=seed).fit(X, y) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.tree_.threshold, second.tree_.threshold)
    assert first.tree_.threshold[0] != other.tree_.threshold[0]
