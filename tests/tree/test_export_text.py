"""The text of a tree: scikit-learn's line for line, and that of the questions it does not have."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import tree as peers

from panlearn.core.errors import DataError
from panlearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, export_text
from tests.tree.test_questions import Model

OPTIONS = [{}, {"max_depth": 1}, {"max_depth": 0}, {"spacing": 1}, {"decimals": 4}, {"show_weights": True}]
NAMES = ["sepal length", "sepal width", "petal length", "petal width"]


def pair(classifies=True, outputs=1):
    """Ours and scikit-learn's, on rows that leave no two questions equally good."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 4))
    score = X[:, 0] + X[:, 1] * X[:, 2] + rng.normal(size=150)
    rules: Any = {"max_depth": 4, "min_samples_leaf": 8, "random_state": 0}
    if classifies:
        y = np.digitize(score, [-0.7, 0.5])
        return [cls(**rules).fit(X, y) for cls in (DecisionTreeClassifier, peers.DecisionTreeClassifier)]
    y = score[:, None] + X[:, 1:3] if outputs == 2 else score
    return [cls(**rules).fit(X, y) for cls in (DecisionTreeRegressor, peers.DecisionTreeRegressor)]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_matches_peer(options):
    for ours, theirs in (pair(), pair(False), pair(False, 2)):
        assert export_text(ours, **options) == peers.export_text(theirs, **options)
        assert export_text(ours, feature_names=NAMES) == peers.export_text(theirs, feature_names=NAMES)


def test_class_names():
    ours, theirs = pair()
    names = ["setosa", "versicolor", "virginica"]
    assert export_text(ours, class_names=names) == peers.export_text(theirs, class_names=names)


def test_questions_about_categories():
    text = export_text(Model(), feature_names=["size", "colour", "weather"])  # type: ignore[arg-type]
    assert text.splitlines() == [
        "|--- size <= 1.50 or missing",
        "|   |--- colour in {c0, c33}",
        "|   |   |--- class: no",
        "|   |--- colour not in {c0, c33}",
        "|   |   |--- class: no",
        "|--- size >  1.50",
        "|   |--- weather = rain",
        "|   |   |--- class: no",
        "|   |--- weather = sun",
        "|   |   |--- class: no",
    ]


def test_names_of_a_frame_and_labels_of_several_outputs():
    X = pd.DataFrame({"size": [1.0, 2.0, 3.0, 4.0]})
    y = np.array([["a", "x"], ["a", "x"], ["b", "y"], ["b", "y"]])
    text = export_text(DecisionTreeClassifier().fit(X, y))
    lines = ["|--- size <= 2.50", "|   |--- class: [a, x]", "|--- size >  2.50", "|   |--- class: [b, y]"]
    assert text.splitlines() == lines


def test_one_leaf():
    assert export_text(DecisionTreeClassifier().fit([[1.0], [2.0]], ["a", "a"])) == "|--- class: a\n"


def test_wrong_options():
    model = DecisionTreeClassifier().fit([[1.0], [2.0]], [0, 1])
    with pytest.raises(DataError, match="feature_names must contain 1 elements, got 2"):
        export_text(model, feature_names=["a", "b"])
    with pytest.raises(DataError, match="Got 3 while the tree was fitted with 2"):
        export_text(model, class_names=["a", "b", "c"])
    with pytest.raises(DataError, match="'spacing' parameter"):
        export_text(model, spacing=0)
