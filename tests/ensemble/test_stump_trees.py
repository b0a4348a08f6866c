"""Stumps as decision trees."""

import numpy as np

from panlearn.ensemble import AdaBoostClassifier
from panlearn.tree import DecisionTreeClassifier


def test_a_stump_is_the_tree_that_would_have_been_grown():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3)).astype(np.float32)
    y = np.digitize(X[:, 0] + X[:, 1] ** 2, [0.0, 1.5])
    (first,) = AdaBoostClassifier(n_estimators=1).fit(X, y)
    grown = DecisionTreeClassifier(max_depth=1).fit(X, y, np.full(200, 1 / 200))
    for name in ("feature", "threshold", "impurity", "n_node_samples", "weighted_n_node_samples", "value"):
        np.testing.assert_allclose(getattr(first.tree_, name), getattr(grown.tree_, name), atol=1e-9, err_msg=name)
    assert {*vars(grown)} - {*vars(first)} <= {"_has_missing"}


def test_the_midpoint_of_neighbouring_floats_separates_them():
    low = 1.0
    X = np.array([[low], [np.nextafter(low, 2)]])
    model = AdaBoostClassifier().fit(X, [0, 1])
    assert model.predict(X).tolist() == [0, 1]
