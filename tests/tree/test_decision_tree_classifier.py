"""Classification trees: the definition, scikit-learn, the best subsets, missing and unseen, bad data."""

import pickle
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import tree as peers
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.model_selection import cross_val_score

import panlearn
from panlearn.tree import DecisionTreeClassifier
from tests.oracles import tree_questions as oracle

Peer = peers.DecisionTreeClassifier
CRITERIA = ["gini", "entropy", "log_loss"]


def data(n=150, p=4, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    score = X[:, 0] + X[:, 1] * X[:, -1] + rng.normal(size=n)
    return X, np.digitize(score, np.quantile(score, np.linspace(0, 1, classes + 1)[1:-1]))


def with_holes(X, seed=0):
    X = X.copy()
    X[np.random.default_rng(seed).random(X.shape) < 0.2] = np.nan
    return X


def decreases(model):
    """Weighted decrease of impurity at each node that asks, relative to the node's own weight."""
    tree = model.tree_
    inner = np.flatnonzero(tree.children_left >= 0)
    sides = [tree.children_left[inner], tree.children_right[inner]]
    parts = sum(tree.weighted_n_node_samples[side] * tree.impurity[side] for side in sides)
    return inner, tree.impurity[inner] - parts / tree.weighted_n_node_samples[inner]


def rows_of(model, X):
    return np.asarray(model.decision_path(X).toarray(), dtype=bool)


@pytest.mark.parametrize("criterion", CRITERIA[:2])
@pytest.mark.parametrize("kind", ["plain", "missing", "weights", "categories", "outputs"])
def test_matches_oracle(criterion, kind):
    """Every question is as good as the best of all questions, tried one by one on the rows of its node."""
    X, y = data(40, 3)
    rng, weight, categories = np.random.default_rng(1), np.ones(40), None
    if kind == "missing":
        X = with_holes(X)
    if kind == "weights":
        weight = rng.uniform(0.5, 2, size=40)
    if kind == "categories":
        X[:, 1], categories = rng.integers(0, 5, size=40), [1]
    if kind == "outputs":
        y = np.column_stack([y, X[:, 2] > 0])
    model = DecisionTreeClassifier(criterion=criterion, min_samples_leaf=2, categorical_features=categories)
    model.fit(X, y, weight)
    path, targets = rows_of(model, X), y.reshape(40, -1)
    nodes, gains = decreases(model)
    for node, gain in zip(nodes, gains):
        here = path[:, node]
        best = oracle.best_decrease(X[here], targets[here], weight[here], criterion, categories or (), 2)
        np.testing.assert_allclose(gain, best, atol=1e-9)
    for node in range(model.tree_.node_count):
        here = path[:, node]
        np.testing.assert_allclose(
            model.tree_.impurity[node], oracle.impurity(targets[here], weight[here], criterion), atol=1e-9
        )


def assert_same_tree(ours, theirs):
    for name in ("children_left", "children_right", "feature", "n_node_samples"):
        np.testing.assert_array_equal(getattr(ours.tree_, name), getattr(theirs.tree_, name), err_msg=name)
    for name in ("threshold", "impurity", "weighted_n_node_samples", "value"):
        np.testing.assert_allclose(
            getattr(ours.tree_, name), getattr(theirs.tree_, name), rtol=1e-6, atol=1e-9, err_msg=name
        )


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"criterion": "entropy"},
        {"max_depth": 3},
        {"max_leaf_nodes": 7},
        {"min_impurity_decrease": 0.02},
        {"min_samples_split": 0.3},
        {"min_weight_fraction_leaf": 0.1},
        {"class_weight": "balanced"},
        {"ccp_alpha": 0.01},
    ],
    ids=str,
)
def test_matches_peer(params):
    X, y = data(600)
    X = X.astype(np.float32)  # scikit-learn compares in float32
    weight = np.random.default_rng(2).uniform(0.5, 2, size=600)
    for w in (None, weight):
        rules = {"min_samples_leaf": 25, "random_state": 0} | params  # in small nodes questions tie
        ours, theirs = DecisionTreeClassifier(**rules).fit(X, y, w), Peer(**rules).fit(X, y, w)
        assert_same_tree(ours, theirs)
        np.testing.assert_allclose(ours.feature_importances_, theirs.feature_importances_, atol=1e-9)
        T = data(100, seed=9)[0].astype(np.float32)
        np.testing.assert_array_equal(ours.predict(T), theirs.predict(T))
        np.testing.assert_allclose(ours.predict_proba(T), theirs.predict_proba(T), atol=1e-9)
        np.testing.assert_array_equal(ours.apply(T), theirs.apply(T))
        assert (ours.get_depth(), ours.get_n_leaves()) == (theirs.get_depth(), theirs.get_n_leaves())


def test_matches_peer_in_all_its_attributes():
    X, y = data(100)
    y = np.column_stack([y, np.where(X[:, 2] > 0, 1, 0)])
    ours, theirs = DecisionTreeClassifier(min_samples_leaf=5).fit(X, y), Peer(min_samples_leaf=5).fit(X, y)
    public = {name for name in vars(theirs) if name.endswith("_")} | {"feature_importances_"}
    assert public <= set(dir(ours))
    np.testing.assert_array_equal(ours.n_classes_, theirs.n_classes_)
    for a, b in zip(ours.classes_, theirs.classes_):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(ours.predict_proba(X), theirs.predict_proba(X)):
        assert a.shape == b.shape
    assert (ours.n_outputs_, ours.max_features_) == (theirs.n_outputs_, theirs.max_features_)
    assert set(theirs.get_params()) <= set(ours.get_params())


@pytest.mark.parametrize("load", [load_wine, load_breast_cancer, load_digits])
def test_real_data_score_like_the_peer(load):
    X, y = load(return_X_y=True)
    ours, theirs = (cross_val_score(cls(random_state=0), X, y, cv=5).mean() for cls in (DecisionTreeClassifier, Peer))
    assert abs(ours - theirs) < 0.03


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("criterion", CRITERIA[:2])
def test_optimality(classes, criterion):
    """The root's subset is the best of all 2^(k-1) - 1, found by trying them."""
    rng = np.random.default_rng(3)
    for _ in range(10):
        x = rng.integers(0, 6, size=60)
        y = (rng.random((6, classes)).cumsum(1)[x] > rng.random((60, 1)) * 2).argmax(1)
        weight = rng.uniform(0.1, 3, size=60)
        model = DecisionTreeClassifier(criterion=criterion, max_depth=1, categorical_features=[0])
        gain = decreases(model.fit(x[:, None], y, weight))[1]
        best = 0.0
        for size in range(1, 6):
            for subset in combinations(range(6), size):
                left = np.isin(x, subset)
                if 0 < left.sum() < 60:
                    parts = [oracle.impurity(y[s, None], weight[s], criterion) for s in (left, ~left)]
                    share = weight[left].sum() / weight.sum()
                    best = max(best, model.tree_.impurity[0] - share * parts[0] - (1 - share) * parts[1])
        np.testing.assert_allclose(gain[0], best, atol=1e-9)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(0, 10**6))
def test_invariances(seed):
    """Row order, weights = repetition, rows of weight 0, a monotone transformation, other names of the classes."""
    rng = np.random.default_rng(seed)
    X, y = data(60, 3, seed=seed)
    weight = rng.integers(0, 4, size=60)
    if len(np.unique(y[weight > 0])) < 3:
        return
    rules = {"min_samples_leaf": 1, "max_depth": 3, "random_state": 0}
    model = DecisionTreeClassifier(**rules).fit(X, y, weight)
    T = data(40, 3, seed=seed + 1)[0]
    expected = model.predict_proba(T)
    order = rng.permutation(60)
    shuffled = DecisionTreeClassifier(**rules).fit(X[order], y[order], weight[order])
    np.testing.assert_allclose(shuffled.predict_proba(T), expected, atol=1e-9)
    repeated = DecisionTreeClassifier(**rules).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(repeated.predict_proba(T), expected, atol=1e-9)
    kept = DecisionTreeClassifier(**rules).fit(X[weight > 0], y[weight > 0], weight[weight > 0])
    np.testing.assert_allclose(kept.predict_proba(T), expected, atol=1e-9)
    named = DecisionTreeClassifier(**rules).fit(X, np.array(["c", "a", "b"])[y], weight)
    np.testing.assert_array_equal(named.classes_, ["a", "b", "c"])


@pytest.mark.parametrize("scale", [1e-200, 1e-12, 1e12, 1e200])
def test_scale_of_a_feature_does_not_matter(scale):
    X, y = data(100)
    near, far = (
        DecisionTreeClassifier(random_state=0).fit(X, y),
        DecisionTreeClassifier(random_state=0).fit(X * scale, y),
    )
    np.testing.assert_array_equal(near.apply(X), far.apply(X * scale))
    assert far.score(X * scale, y) == 1.0


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("max_leaf_nodes", [None, 15])
def test_monotone_constraints(sign, max_leaf_nodes):
    X, y = data(400, 3, classes=2)
    rules = {"monotonic_cst": [sign, 0, 0], "min_samples_leaf": 5, "max_leaf_nodes": max_leaf_nodes}
    model = DecisionTreeClassifier(**rules).fit(X, y)
    grid = np.linspace(-3, 3, 50)
    for others in np.random.default_rng(0).normal(size=(40, 2)):
        line = np.column_stack([grid, np.tile(others, (50, 1))])
        assert (np.diff(sign * model.predict_proba(line)[:, 1]) >= -1e-12).all()


def test_missing_values_take_the_side_that_helps():
    X = np.array([[np.nan], [np.nan], [1.0], [2.0], [8.0], [9.0]])
    model = DecisionTreeClassifier().fit(X, [1, 1, 0, 0, 1, 1])
    assert model.get_n_leaves() == 2
    np.testing.assert_array_equal(model.predict([[np.nan], [1.5], [7.0]]), [1, 0, 1])
    alone = DecisionTreeClassifier().fit(X, [1, 1, 0, 0, 0, 0])
    assert alone.get_n_leaves() == 2
    np.testing.assert_array_equal(alone.predict(X), [1, 1, 0, 0, 0, 0])


def test_categories():
    X = pd.DataFrame({"colour": ["red", "blue", None, "green", "red", "blue"], "size": [1.0, 2, 3, 4, 5, 6]})
    y = [1, 0, 2, 1, 1, 0]
    model = DecisionTreeClassifier().fit(X, y)
    np.testing.assert_array_equal(model.predict(X), y)
    assert model.is_categorical_ is not None
    np.testing.assert_array_equal(model.is_categorical_, [True, False])
    unseen = X.assign(colour="violet")
    np.testing.assert_array_equal(model.predict(unseen), model.predict(X.assign(colour=None)))
    unordered = DecisionTreeClassifier(max_depth=1, categorical_features=[0])
    x = np.array([0, 1, 2, 3, 4, 5] * 5)
    assert unordered.fit(x[:, None], x % 2).score(x[:, None], x % 2) == 1.0  # even against odd: one question
    assert DecisionTreeClassifier(max_depth=1).fit(x[:, None], x % 2).score(x[:, None], x % 2) < 0.7


def test_ten_thousand_levels():
    rng = np.random.default_rng(0)
    codes = np.concatenate([np.arange(10_000), rng.integers(0, 10_000, size=10_000)])
    kind = rng.random(10_000) > 0.5
    X = pd.DataFrame({"place": np.array([f"p{k}" for k in range(10_000)], dtype=object)[codes]})
    model = DecisionTreeClassifier(max_depth=1).fit(X, kind[codes])
    assert model.score(X, kind[codes]) == 1.0  # ordered by the share of a class, one question separates them


def test_bins():
    X, y = data(500)
    exact = DecisionTreeClassifier(max_bins=500, max_depth=4).fit(X, y)
    np.testing.assert_allclose(exact.predict_proba(X), DecisionTreeClassifier(max_depth=4).fit(X, y).predict_proba(X))
    coarse = DecisionTreeClassifier(max_bins=3).fit(X, y)
    for path in rows_of(coarse, X):  # three bins can be parted twice
        assert (np.bincount(coarse.tree_.feature[path][:-1], minlength=4) <= 2).all()


def test_edge_cases():
    X, y = data(30)
    one = DecisionTreeClassifier().fit(X, ["only"] * 30)
    assert (one.get_n_leaves(), one.predict(X[:1])[0], one.predict_proba(X).tolist()) == (1, "only", [[1.0]] * 30)
    assert DecisionTreeClassifier().fit([[1.0]], [7]).predict([[0.0]])[0] == 7
    nothing = np.full((30, 1), np.nan)
    both = np.hstack([nothing, X, np.ones((30, 1))])
    assert DecisionTreeClassifier().fit(both, y).score(both, y) == 1.0
    for useless in (nothing, np.ones((30, 1))):
        model = DecisionTreeClassifier().fit(useless, y)
        assert model.get_n_leaves() == 1
        np.testing.assert_allclose(model.predict_proba([[5.0]])[0], np.bincount(y) / 30)
    twice = DecisionTreeClassifier().fit(np.vstack([X, X]), np.concatenate([y, y]))
    assert twice.score(X, y) == 1.0
    with pytest.raises(ValueError, match="infinity"):
        DecisionTreeClassifier().fit(np.where(X > 2, np.inf, X), y)
    with pytest.raises(ValueError, match="zero"):
        DecisionTreeClassifier().fit(X, y, np.zeros(30))
    with pytest.raises(ValueError, match="'max_depth' parameter"):
        DecisionTreeClassifier(max_depth=0).fit(X, y)


def test_neighbours_that_floats_cannot_part():
    """A midpoint of two adjacent floats is one of them; both rows still find their own leaf."""
    X = np.array([[1.0], [np.nextafter(1.0, 2.0)]])
    np.testing.assert_array_equal(DecisionTreeClassifier().fit(X, [0, 1]).predict(X), [0, 1])
    X = np.array([[-1.7e308], [1.7e308]])
    np.testing.assert_array_equal(DecisionTreeClassifier().fit(X, [0, 1]).predict(X), [0, 1])


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csc_matrix, sparse.coo_matrix])
def test_sparse_is_dense(kind):
    X, y = data(120)
    X[X < 0.3] = 0.0
    dense, thin = (
        DecisionTreeClassifier(random_state=0).fit(X, y),
        DecisionTreeClassifier(random_state=0).fit(kind(X), y),
    )
    np.testing.assert_array_equal(dense.tree_.threshold, thin.tree_.threshold)
    np.testing.assert_array_equal(dense.apply(X), thin.apply(kind(X)))
    assert (dense.decision_path(X) != thin.decision_path(kind(X))).nnz == 0


def test_reproducible(tmp_path):
    X, y = data(200)
    rules = {"max_features": 2, "splitter": "random", "random_state": 3}
    model = DecisionTreeClassifier(**rules).fit(X, y)
    again = DecisionTreeClassifier(**rules).fit(X, y)
    for a, b in zip(model.tree_, again.tree_):
        np.testing.assert_array_equal(a, b)
    for copy in (pickle.loads(pickle.dumps(model)), panlearn.load(panlearn.save(model, tmp_path / "tree.panlearn"))):
        np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
    frame = pd.DataFrame({"a": list("xyz") * 10, "b": np.arange(30.0)})
    model = DecisionTreeClassifier().fit(frame, np.arange(30) % 3)
    copy = panlearn.load(panlearn.save(model, tmp_path / "tree.panlearn"))
    np.testing.assert_array_equal(copy.predict(frame), np.arange(30) % 3)
