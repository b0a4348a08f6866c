"""Reduced error: no pruning is better on the hold-out set, and none as good is smaller."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.tree import C45Classifier, DecisionTreeClassifier, DecisionTreeRegressor, reduced_error_prune
from panlearn.tree.node_losses import node_losses
from panlearn.tree.pruned_model import hold_out_rows
from panlearn.tree.reduced_error_pruning import reduced_error_tree
from tests.oracles import pruning as oracle


def noisy(seed, n=40):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2)).round(1)
    return X, ((X[:, 0] > 0) ^ (rng.random(n) < 0.25)).astype(int)


@settings(max_examples=30)
@given(st.integers(0, 1000))
def test_least_error_over_all_prunings(seed):
    (X, y), (T, u) = noisy(seed, 30), noisy(seed + 7, 25)
    weight = np.random.default_rng(seed).integers(0, 3, 25).astype(float)
    tree = DecisionTreeClassifier(max_depth=4, random_state=0).fit(X, y).tree_
    found = oracle.leaves_of(tree, reduced_error_tree(tree, T, u[:, None], weight))
    errors = {leaves: oracle.hold_out_errors(tree, leaves, T, u, weight) for leaves in oracle.prunings(tree)}
    best = min(errors.values())
    found = next(leaves for leaves in errors if tuple(sorted(leaves)) == found)
    assert errors[found] == best
    assert len(found) == min(len(leaves) for leaves in errors if errors[leaves] == best)


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_regression_never_gets_worse(seed):
    rng = np.random.default_rng(seed)
    X, T = rng.normal(size=(60, 2)), rng.normal(size=(40, 2))
    y, u = X[:, :1] + rng.normal(size=(60, 2)) + 1e6, T[:, :1] + rng.normal(size=(40, 2)) + 1e6
    model = DecisionTreeRegressor(max_depth=3, random_state=0).fit(X, y)
    pruned = reduced_error_prune(model, T, u)

    def loss(leaves):
        t = np.array([next(iter(set(path) & set(leaves))) for path in paths])
        return ((model.tree_.value[t, :, 0] - u) ** 2).sum()

    paths = [np.flatnonzero(row.toarray()[0]) for row in model.decision_path(T)]
    losses = {leaves: loss(leaves) for leaves in oracle.prunings(model.tree_)}
    assert ((pruned.predict(T) - u) ** 2).sum() == pytest.approx(min(losses.values()))


def test_multiway_and_missing():
    """Rows in fractions, a category without a branch, a class that is new."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.choice(list("uvw"), 200), "b": rng.choice(list("stxyz"), 200)})
    y = ((X["a"] == "u") ^ (rng.random(200) < 0.2)).to_numpy().astype(int)
    model = C45Classifier(pruning=None, collapse=False).fit(X[:120], y[:120])
    T = X[120:].copy()
    T.iloc[::7, 0] = None
    T.iloc[::5, 1] = "new"
    pruned = reduced_error_prune(model, T, y[120:])
    assert model.get_n_leaves() > 3 == pruned.get_n_leaves()
    rows = hold_out_rows(model, T, y[120:], None)
    errors = [node_losses(m.tree_, *rows, fractional=True).ending.sum() for m in (pruned, model)]
    assert errors[0] <= errors[1]
    reduced_error_prune(model, T, np.where(np.arange(80) % 9 == 0, 5, y[120:]))
    with pytest.raises(ValueError, match="another kind than in fit"):
        reduced_error_prune(model, T, y[120:].astype(str))


def test_edge_cases():
    X, y = noisy(0)
    model = DecisionTreeClassifier(random_state=0).fit(X, y)
    before = model.get_n_leaves()
    one = reduced_error_prune(model, X[:1], y[:1])
    assert (model.get_n_leaves(), one.predict(X[:1])[0] == y[0]) == (before, True)
    assert reduced_error_prune(model, X, y, np.zeros(40) + 1e-12).score(X, y) == model.score(X, y)
    with pytest.raises(ValueError, match="y must have 40 rows and 1 outputs"):
        reduced_error_prune(model, X, y[:39])
    with pytest.raises(ValueError, match="3 features"):
        reduced_error_prune(model, np.ones((4, 3)), y[:4])
    with pytest.raises(ValueError, match="not fitted"):
        reduced_error_prune(DecisionTreeClassifier(), X, y)
