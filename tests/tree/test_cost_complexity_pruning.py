"""Cost complexity: scikit-learn's path, all prunings tried, nested trees, the fold's losses added up by hand."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.tree import DecisionTreeClassifier as PeerClassifier
from sklearn.tree import DecisionTreeRegressor as PeerRegressor

from panlearn.tree import (
    C45Classifier,
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    cost_complexity_path,
    cost_complexity_prune,
    cross_validated_alpha,
)
from panlearn.tree.cost_complexity_pruning import _loss_by_alpha, collapse_weakest, path_of
from panlearn.tree.node_losses import node_losses
from panlearn.tree.pruning import folds_of
from tests.oracles import pruning as oracle


def noisy(seed, n=60, p=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)).round(1)
    return X, ((X[:, 0] > 0) ^ (rng.random(n) < 0.25)).astype(int)


def as_tree(peer):
    """Our structure around scikit-learn's nodes, so that both prune the very same tree."""
    tree, theirs = DecisionTreeClassifier().fit([[0.0], [1.0]], [0, 1]).tree_, peer.tree_
    n = theirs.node_count
    names = ("feature", "threshold", "impurity", "weighted_n_node_samples", "n_node_samples", "value")
    return tree._replace(
        **{name: getattr(theirs, name).copy() for name in names},
        children_left=theirs.children_left.astype(np.int32),
        children_right=theirs.children_right.astype(np.int32),
        missing_go_to_left=np.zeros(n, bool),
        category_start=np.full(n, -1, np.int32),
        branch_start=np.full(n, -1, np.int32),
        n_features=peer.n_features_in_,
    )


@pytest.mark.parametrize("criterion", ["gini", "entropy", "squared_error"])
def test_matches_peer(criterion):
    """The same alphas, impurities and trees to the last bit, on the same grown tree."""
    regression = criterion == "squared_error"
    X, y = (load_diabetes if regression else load_breast_cancer)(return_X_y=True)
    cls = PeerRegressor if regression else PeerClassifier
    grown = as_tree(cls(criterion=criterion, random_state=0).fit(X, y))
    theirs = cls(criterion=criterion, random_state=0).cost_complexity_pruning_path(X, y)
    ours = path_of(grown)
    np.testing.assert_array_equal(ours.ccp_alphas, theirs.ccp_alphas)
    np.testing.assert_array_equal(ours.impurities, theirs.impurities)
    for alpha in theirs.ccp_alphas[:: max(1, len(theirs.ccp_alphas) // 7)]:
        peer = cls(criterion=criterion, random_state=0, ccp_alpha=alpha).fit(X, y).tree_
        pruned = collapse_weakest(grown, alpha)
        for name in ("feature", "threshold", "children_left", "children_right", "value", "n_node_samples", "impurity"):
            np.testing.assert_array_equal(getattr(pruned, name), getattr(peer, name))


@settings(max_examples=25)
@given(st.integers(0, 1000), st.booleans())
def test_minimises_the_price_over_all_prunings(seed, multiway):
    X, y = noisy(seed, 24)
    if multiway:
        X = np.column_stack([(X[:, 0] > 0) + (X[:, 0] > 1), (X[:, 1] > 0) * 1 + (X[:, 1] > 1)])
        model = C45Classifier(categorical_features=[0, 1], pruning=None, min_samples_leaf=1, collapse=False).fit(X, y)
    else:
        model = DecisionTreeClassifier(max_depth=4, random_state=0).fit(X, y)
    tree = model.tree_
    risk = tree.weighted_n_node_samples * tree.impurity / 24
    every = list(oracle.prunings(tree))
    path = cost_complexity_path(model)
    for alpha in [0.0, 1e-4, *path.ccp_alphas[1:] * 1.01, *path.ccp_alphas[1:] * 0.99]:
        prices = np.array([risk[list(leaves)].sum() + alpha * len(leaves) for leaves in every])
        found = oracle.leaves_of(tree, cost_complexity_prune(model, alpha).tree_)
        assert risk[list(found)].sum() + alpha * len(found) <= prices.min() + 1e-12
    for a, b in zip(path.n_leaves, path.n_leaves[1:]):
        assert a > b


def test_pruned_trees_are_nested_and_consistent():
    X, y = load_breast_cancer(return_X_y=True)
    model = DecisionTreeClassifier(random_state=0).fit(X, y)
    path, before = cost_complexity_path(model), model.tree_
    assert (np.diff(path.ccp_alphas) >= -1e-12).all()
    pruned: Any = None
    for alpha, impurity, leaves in zip(path.ccp_alphas, path.impurities, path.n_leaves):
        pruned = cost_complexity_prune(model, max(alpha, 0.0))
        oracle.leaves_of(before, pruned.tree_)  # walks both from the root: a subtree
        before = pruned.tree_
        last = before.children_left < 0
        share = before.weighted_n_node_samples[last] / before.weighted_n_node_samples[0]
        assert share.sum() == pytest.approx(1)
        if alpha > 0 and (path.ccp_alphas > alpha + 1e-12).sum() == (path.ccp_alphas > alpha).sum():
            assert pruned.get_n_leaves() <= leaves
            assert share @ before.impurity[last] >= impurity - 1e-12
    assert pruned.get_n_leaves() == 1
    assert model.get_n_leaves() == path.n_leaves[0]
    assert "1 leaves" in pruned.certificate_


@settings(max_examples=10)
@given(st.integers(0, 100))
def test_losses_of_all_alphas_at_once(seed):
    X, y = noisy(seed, 80)
    T, u = noisy(seed + 1, 50)
    tree = DecisionTreeClassifier(random_state=0).fit(X, y).tree_
    alphas = np.unique(np.maximum(path_of(tree).ccp_alphas, 0))
    alphas = np.append(alphas + 1e-9, 1.0)
    found = _loss_by_alpha(tree, node_losses(tree, T, u[:, None], None, fractional=False), alphas)
    for alpha, loss in zip(alphas, found):
        wrong = collapse_weakest(tree, alpha).predict(T).argmax(axis=1) != u
        assert loss == pytest.approx(wrong.sum())


def test_cross_validated_alpha():
    """Noise is pruned away; the rule of one standard error prunes no less than the best alpha."""
    X, y = noisy(1, 400)
    model = DecisionTreeClassifier(random_state=0).fit(X, y)
    best = cross_validated_alpha(model, X, y, one_standard_error=False)
    rule = cross_validated_alpha(model, X, y)
    assert best.alpha <= rule.alpha
    assert best.losses[best.alphas == best.alpha][0] == pytest.approx(best.losses.min())
    limit = best.losses.min() + best.standard_errors[best.alphas == best.alpha][0]
    assert rule.losses[rule.alphas == rule.alpha][0] <= limit + 1e-12
    assert cost_complexity_prune(model, rule.alpha).get_n_leaves() == 2
    fitted = DecisionTreeClassifier(random_state=0, pruning="cost_complexity_cv").fit(X, y)
    assert fitted.get_n_leaves() == 2
    first = folds_of(y[:, None], 5, 0, stratify=True) == 0
    assert abs(y[first].mean() - y.mean()) < 0.01
    X, y = load_diabetes(return_X_y=True)
    model = DecisionTreeRegressor(random_state=0).fit(X, y)
    found = cross_validated_alpha(model, X, y)
    assert found.losses.min() < 0.8 * found.losses[0]
    assert cost_complexity_prune(model, found.alpha).get_n_leaves() < 20


def test_edge_cases():
    single = DecisionTreeClassifier().fit([[0.0], [0.0]], [0, 1])
    path = cost_complexity_path(single)
    assert (path.ccp_alphas.tolist(), path.impurities.tolist(), path.n_leaves.tolist()) == ([0.0], [0.5], [1])
    assert cost_complexity_prune(single, 0.3).get_n_leaves() == 1
    for bad in (-1.0, np.nan):
        with pytest.raises(ValueError, match="alpha must be a number in the range"):
            cost_complexity_prune(single, bad)
    with pytest.raises(ValueError, match="folds must be between 2 and the number of rows, 2"):
        cross_validated_alpha(single, [[0.0], [0.0]], [0, 1])
    two = DecisionTreeRegressor(random_state=0).fit(np.arange(8.0)[:, None], np.arange(16.0).reshape(8, 2))
    assert cost_complexity_prune(two, 1e9).predict([[3.0]]).tolist() == [[7.0, 8.0]]
