"""Regression trees: the definition, scikit-learn, invariances, constraints, bad data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import tree as peers
from sklearn.datasets import load_diabetes
from sklearn.model_selection import cross_val_score

from panlearn.tree import DecisionTreeRegressor
from tests.oracles import tree_questions as oracle
from tests.tree.test_decision_tree_classifier import assert_same_tree, decreases, rows_of, with_holes

Peer = peers.DecisionTreeRegressor
CRITERIA = ["squared_error", "absolute_error", "poisson"]


def data(n=150, p=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, np.exp(0.5 * X[:, 0] + 0.5 * X[:, 1] * X[:, -1] + 0.3 * rng.normal(size=n))


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("kind", ["plain", "missing", "weights", "categories", "outputs", "zeros"])
def test_matches_oracle(criterion, kind):
    """Every question is as good as the best of all questions, tried one by one on the rows of its node."""
    X, y = data(40, 3)
    rng, weight, categories = np.random.default_rng(1), np.ones(40), None
    if kind == "missing":
        X = with_holes(X)
    if kind == "weights":
        weight = rng.uniform(0.5, 2, size=40)
    if kind == "categories":
        if criterion == "absolute_error":
            pytest.skip("ordering by the median is not exact for the absolute error")
        X[:, 1], categories = rng.integers(0, 5, size=40), [1]
    if kind == "outputs":
        y = np.column_stack([y, np.abs(X[:, 2])])
    if kind == "zeros":
        y = np.where(y < 1, 0.0, y)
    model = DecisionTreeRegressor(criterion=criterion, min_samples_leaf=2, categorical_features=categories)
    model.fit(X, y, weight)
    path, targets = rows_of(model, X), y.reshape(40, -1)
    for node, gain in zip(*decreases(model)):
        here = path[:, node]
        best = oracle.best_decrease(X[here], targets[here], weight[here], criterion, categories or (), 2)
        np.testing.assert_allclose(gain, best, rtol=1e-6, atol=1e-9)
    for node in range(model.tree_.node_count):
        here = path[:, node]
        expected = oracle.impurity(targets[here], weight[here], criterion)
        np.testing.assert_allclose(model.tree_.impurity[node], expected, atol=1e-9)


@pytest.mark.parametrize("params", [{}, {"max_depth": 3}, {"max_leaf_nodes": 7}, {"ccp_alpha": 0.01}], ids=str)
@pytest.mark.parametrize("criterion", CRITERIA)
def test_matches_peer(params, criterion):
    X, y = data(400)
    X = X.astype(np.float32)  # scikit-learn compares in float32
    T, weight = data(100, seed=9)[0].astype(np.float32), np.random.default_rng(2).uniform(0.5, 2, size=400)
    for w in (None, weight) if criterion != "absolute_error" else (weight,):  # equal weights: cuts tie around medians
        rules = {"criterion": criterion, "min_samples_leaf": 30, "random_state": 0} | params  # smaller nodes tie
        ours, theirs = DecisionTreeRegressor(**rules).fit(X, y, w), Peer(**rules).fit(X, y, w)
        assert_same_tree(ours, theirs)
        np.testing.assert_allclose(ours.predict(T), theirs.predict(T), rtol=1e-9)
        np.testing.assert_allclose(ours.feature_importances_, theirs.feature_importances_, atol=1e-9)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_several_outputs_match_the_peer(criterion):
    X, y = data(300)
    X, y = X.astype(np.float32), np.column_stack([y, np.abs(X[:, 1]) + y])
    rules = {"criterion": criterion, "min_samples_leaf": 12, "random_state": 0}
    ours, theirs = DecisionTreeRegressor(**rules).fit(X, y), Peer(**rules).fit(X, y)
    assert_same_tree(ours, theirs)
    assert ours.predict(X).shape == (300, 2)


def test_missing_values_match_the_peer():
    X, y = data(300)
    X = with_holes(X).astype(np.float32)
    ours = DecisionTreeRegressor(min_samples_leaf=12, random_state=0).fit(X, y)
    theirs = Peer(min_samples_leaf=12, random_state=0).fit(X, y)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9)


def test_pruning_path_matches_the_peer():
    X, y = data(200)
    X = X.astype(np.float32)
    ours = DecisionTreeRegressor(min_samples_leaf=8).cost_complexity_pruning_path(X, y)
    theirs = Peer(min_samples_leaf=8).cost_complexity_pruning_path(X, y)
    np.testing.assert_allclose(ours.ccp_alphas, theirs.ccp_alphas, atol=1e-12)
    np.testing.assert_allclose(ours.impurities, theirs.impurities)


def test_real_data_score_like_the_peer():
    X, y = load_diabetes(return_X_y=True)
    ours, theirs = (
        cross_val_score(cls(min_samples_leaf=10, random_state=0), X, y, cv=5).mean()
        for cls in (DecisionTreeRegressor, Peer)
    )
    assert ours > theirs - 0.02


def test_optimality():
    """A leaf predicts what minimises the loss over its rows; more leaves never raise the loss of the training rows."""
    X, y = data(200)
    for criterion, value in (("squared_error", np.mean), ("poisson", np.mean), ("absolute_error", np.median)):
        model = DecisionTreeRegressor(criterion=criterion, max_leaf_nodes=10).fit(X, y)
        leaves = model.apply(X)
        for leaf in np.unique(leaves):
            np.testing.assert_allclose(model.tree_.value[leaf, 0, 0], value(y[leaves == leaf]))
    losses = [
        ((DecisionTreeRegressor(max_leaf_nodes=k).fit(X, y).predict(X) - y) ** 2).mean() for k in (2, 4, 8, 16, 200)
    ]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 1e-20


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.sampled_from(CRITERIA))
def test_invariances(seed, criterion):
    """Row order, weights = repetition, rows of weight 0, scale of the targets."""
    rng = np.random.default_rng(seed)
    X, y = data(60, 3, seed=seed)
    weight = np.append(rng.integers(0, 4, size=59), 1)
    rules = {"criterion": criterion, "max_depth": 2, "min_weight_fraction_leaf": 0.1, "random_state": 0}
    model, T = DecisionTreeRegressor(**rules).fit(X, y, weight), data(40, 3, seed=seed + 1)[0]
    expected, order = model.predict(T), rng.permutation(60)
    shuffled = DecisionTreeRegressor(**rules).fit(X[order], y[order], weight[order])
    np.testing.assert_allclose(shuffled.predict(T), expected)
    repeated = DecisionTreeRegressor(**rules).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(repeated.predict(T), expected)
    kept = DecisionTreeRegressor(**rules).fit(X[weight > 0], y[weight > 0], weight[weight > 0])
    np.testing.assert_allclose(kept.predict(T), expected)
    large = DecisionTreeRegressor(**rules).fit(X, 1024.0 * y, weight)
    np.testing.assert_allclose(large.predict(T), 1024.0 * expected)


@pytest.mark.parametrize("scale", [1e-100, 1e-8, 1e-5, 1e8, 1e100])
def test_scale_of_the_targets(scale):
    X, y = data(100)
    near, far = DecisionTreeRegressor(max_depth=4).fit(X, y), DecisionTreeRegressor(max_depth=4).fit(X, scale * y)
    np.testing.assert_allclose(far.predict(X), scale * near.predict(X), rtol=1e-9, atol=0)


def test_targets_far_from_zero():
    """A mean a billion times the spread does not drown it."""
    X, y = data(100)
    near, far = DecisionTreeRegressor(max_depth=3).fit(X, y), DecisionTreeRegressor(max_depth=3).fit(X, y + 1e9)
    np.testing.assert_allclose(far.predict(X) - 1e9, near.predict(X), atol=1e-5)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("criterion", ["squared_error", "absolute_error"])
def test_monotone_constraints(sign, criterion):
    X, y = data(400, 3)
    model = DecisionTreeRegressor(criterion=criterion, monotonic_cst=[sign, 0, 0], min_samples_leaf=5).fit(X, y)
    grid = np.linspace(-3, 3, 50)
    for others in np.random.default_rng(0).normal(size=(40, 2)):
        line = np.column_stack([grid, np.tile(others, (50, 1))])
        assert (np.diff(sign * model.predict(line)) >= -1e-12).all()
    assert model.get_n_leaves() > 3


def test_edge_cases():
    X, y = data(30)
    assert DecisionTreeRegressor().fit([[1.0]], [7.0]).predict([[0.0]])[0] == 7.0
    constant = DecisionTreeRegressor().fit(X, np.full(30, 0.1))
    assert (constant.get_n_leaves(), constant.predict(X[:1])[0]) == (1, pytest.approx(0.1))
    for useless in (np.full((30, 1), np.nan), np.ones((30, 1))):
        model = DecisionTreeRegressor().fit(useless, y)
        assert (model.get_n_leaves(), model.predict([[3.0]])[0]) == (1, pytest.approx(y.mean()))
    with pytest.raises(ValueError, match="infinity"):
        DecisionTreeRegressor().fit(np.where(X > 2, np.inf, X), y)
    with pytest.raises(ValueError, match="NaN"):
        DecisionTreeRegressor().fit(X, np.where(y > 2, np.nan, y))
    with pytest.raises(ValueError, match="'criterion' parameter"):
        DecisionTreeRegressor(criterion="gini").fit(X, y)
    with pytest.raises(ValueError, match="multiple outputs"):
        DecisionTreeRegressor(monotonic_cst=[1, 0, 0, 0]).fit(X, np.column_stack([y, y]))


def test_reproducible():
    X, y = data(200)
    rules = {"max_features": 2, "random_state": 3}
    first, second = DecisionTreeRegressor(**rules).fit(X, y), DecisionTreeRegressor(**rules).fit(X, y)
    for a, b in zip(first.tree_, second.tree_):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(
        DecisionTreeRegressor(**rules).fit(X.astype(np.float32), y).predict(X).dtype, np.float64
    )
