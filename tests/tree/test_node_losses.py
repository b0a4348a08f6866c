"""Losses of all nodes at once, against one node at a time."""

import numpy as np

from panlearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from panlearn.tree.node_losses import node_losses


def reached(model, X):
    return model.decision_path(X).toarray().astype(bool)


def test_classification():
    rng = np.random.default_rng(0)
    X, T = rng.normal(size=(100, 3)), rng.normal(size=(70, 3))
    y, u = rng.integers(0, 3, (100, 2)), rng.integers(-1, 3, (70, 2))
    weight = rng.random(70)
    model = DecisionTreeClassifier(max_depth=4, random_state=0).fit(X, y)
    found = node_losses(model.tree_, T, u, weight, fractional=False)
    label = model.tree_.value.argmax(axis=2)
    for t, rows in enumerate(reached(model, T).T):
        wrong = (u[rows] != label[t]).mean(axis=1)  # -1, a class not known, is always wrong
        np.testing.assert_allclose(found.as_leaf[t], weight[rows] @ wrong, atol=1e-12)
    leaves = model.tree_.children_left < 0
    np.testing.assert_allclose(found.ending[leaves], found.as_leaf[leaves])
    assert (found.ending[~leaves] == 0).all()
    below = found.below(model.tree_.parents())
    np.testing.assert_allclose(below[0], found.as_leaf[leaves].sum())


def test_regression_far_from_zero():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 2)), rng.normal(size=80) + 1e8
    model = DecisionTreeRegressor(max_depth=3, random_state=0).fit(X, y)
    found = node_losses(model.tree_, X, y[:, None], None, fractional=False)
    for t, rows in enumerate(reached(model, X).T):
        np.testing.assert_allclose(found.as_leaf[t], ((y[rows] - model.tree_.value[t, 0, 0]) ** 2).sum(), atol=1e-4)


def test_no_rows_lose_nothing():
    model = DecisionTreeClassifier().fit([[0.0], [1.0]], [0, 1])
    found = node_losses(model.tree_, np.empty((0, 1)), np.empty((0, 1), int), None, fractional=False)
    assert found.as_leaf.tolist() == found.ending.tolist() == [0, 0, 0]
