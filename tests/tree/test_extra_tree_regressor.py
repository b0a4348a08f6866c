"""One extremely randomised tree for regression."""

import numpy as np
import pytest
from sklearn import tree as peers
from sklearn.datasets import load_diabetes
from sklearn.model_selection import cross_val_score

from panlearn.tree import DecisionTreeRegressor, ExtraTreeRegressor
from tests.oracles import tree_questions as oracle
from tests.tree.test_decision_tree_classifier import decreases, rows_of, with_holes
from tests.tree.test_decision_tree_regressor import data


@pytest.mark.parametrize("criterion", ["squared_error", "absolute_error", "poisson"])
def test_matches_oracle(criterion):
    """The impurities are those of the rows, and a drawn question is never better than the best."""
    X, y = data(60, 3)
    model = ExtraTreeRegressor(criterion=criterion, random_state=0).fit(X, y)
    path = rows_of(model, X)
    for node, gain in zip(*decreases(model)):
        here = path[:, node]
        best = oracle.best_decrease(X[here], y[here, None], np.ones(here.sum()), criterion)
        assert -1e-12 <= gain <= best + 1e-9


def test_matches_peer():
    X, y = load_diabetes(return_X_y=True)
    scores = [
        np.mean([cross_val_score(cls(min_samples_leaf=8, random_state=seed), X, y, cv=5).mean() for seed in range(10)])
        for cls in (ExtraTreeRegressor, peers.ExtraTreeRegressor)
    ]
    assert abs(scores[0] - scores[1]) < 0.04
    ours, theirs = ExtraTreeRegressor().get_params(), peers.ExtraTreeRegressor().get_params()
    assert {name: ours[name] for name in theirs} == theirs


def test_optimality():
    """The best of many drawn cuts comes near the best of all cuts."""
    X, y = data(200, 3)
    best = decreases(DecisionTreeRegressor(max_depth=1).fit(X, y))[1][0]
    models = [ExtraTreeRegressor(max_depth=1, random_state=seed).fit(X, y) for seed in range(300)]
    drawn = [decreases(model)[1][0] for model in models if model.get_n_leaves() > 1]
    assert 0.8 * best < max(drawn) <= best + 1e-12


def test_invariances():
    """The units of a feature and of the targets do not matter; rows of weight 0 do not either."""
    X, y = data(80)
    model = ExtraTreeRegressor(random_state=0).fit(X, y)
    scaled = ExtraTreeRegressor(random_state=0).fit(4.0 * X, 2.0 * y)
    np.testing.assert_allclose(scaled.predict(4.0 * X), 2.0 * model.predict(X))
    weight = np.r_[np.ones(80), 0.0]
    padded = ExtraTreeRegressor(random_state=0).fit(np.vstack([X, np.full(4, 9.0)]), np.append(y, 99.0), weight)
    assert padded.predict(np.full((1, 4), 9.0))[0] < 99.0


def test_edge_cases():
    X, y = data(40)
    assert ExtraTreeRegressor().fit(X, np.ones(40)).get_n_leaves() == 1
    assert ExtraTreeRegressor().fit([[1.0]], [3.0]).predict([[2.0]])[0] == 3.0
    holes = with_holes(X)
    assert ExtraTreeRegressor(random_state=0).fit(holes, y).score(holes, y) > 0.9
    two = ExtraTreeRegressor(random_state=0).fit(X, np.column_stack([y, -y]))
    np.testing.assert_allclose(two.predict(X), np.column_stack([y, -y]))
    with pytest.raises(ValueError, match="infinity"):
        ExtraTreeRegressor().fit(np.where(X > 2, np.inf, X), y)


def test_reproducible():
    X, y = data(100)
    first, second, other = (ExtraTreeRegressor(random_state=seed).fit(X, y) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.tree_.threshold, second.tree_.threshold)
    assert first.tree_.threshold[0] != other.tree_.threshold[0]
