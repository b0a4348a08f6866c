"""What every estimator with a fitted tree offers."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from panlearn.tree import DecisionTreeClassifier, DecisionTreeRegressor


def fitted():
    X = np.array([[0.0], [1.0], [2.0], [3.0]])
    return X, DecisionTreeClassifier().fit(X, ["a", "b", "b", "c"])


def test_size_leaves_and_paths():
    X, model = fitted()
    assert (model.get_depth(), model.get_n_leaves(), model.tree_.node_count) == (2, 3, 5)
    leaves, path = model.apply(X), model.decision_path(X).toarray()
    assert (path[:, 0] == 1).all()
    np.testing.assert_array_equal(path[np.arange(4), leaves], 1)
    np.testing.assert_array_equal(path.sum(axis=1), [2, 3, 3, 3] if model.tree_.children_left[1] < 0 else [3, 3, 3, 2])


def test_importances_are_shares_of_the_decrease():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    model = DecisionTreeRegressor(max_depth=4).fit(X, X[:, 1] + 0.1 * X[:, 0])
    assert model.feature_importances_.sum() == pytest.approx(1.0)
    assert model.feature_importances_.argmax() == 1
    np.testing.assert_array_equal(DecisionTreeRegressor().fit(X, np.ones(200)).feature_importances_, 0.0)


def test_probabilities():
    X, model = fitted()
    np.testing.assert_array_equal(model.predict_proba(X), np.eye(3)[[0, 1, 1, 2]])
    np.testing.assert_array_equal(np.exp(model.predict_log_proba(X)), model.predict_proba(X))
    np.testing.assert_array_equal(model.predict(X), ["a", "b", "b", "c"])


def test_several_outputs():
    X = np.array([[0.0], [1.0], [2.0]])
    y = np.array([["a", "long name"], ["b", "x"], ["b", "x"]], dtype=object)
    model = DecisionTreeClassifier().fit(X, y)
    np.testing.assert_array_equal(model.predict(X), y)
    assert [p.shape for p in model.predict_proba(X)] == [(3, 2), (3, 2)]
    assert [p.shape for p in model.predict_log_proba(X)] == [(3, 2), (3, 2)]
    labels = np.array([[1, 30], [2, 40], [2, 40]])
    np.testing.assert_array_equal(DecisionTreeClassifier().fit(X, labels).predict(X), labels)


def test_input_is_checked_unless_told_otherwise():
    X, model = fitted()
    np.testing.assert_array_equal(model.predict(X, check_input=False), model.predict(X.tolist()))
    with pytest.raises(ValueError, match="2 features, but"):
        model.predict(np.ones((1, 2)), check_input=False)
    with pytest.raises(ValueError, match="infinity"):
        model.predict([[np.inf]])
    with pytest.raises(NotFittedError):
        DecisionTreeClassifier().apply(X)


def test_polars_and_names():
    pl = pytest.importorskip("polars")
    rows = {"colour": ["red", "blue", "red", None], "size": [1.0, 2.0, 3.0, 4.0]}
    model = DecisionTreeClassifier().fit(pl.DataFrame(rows), [0, 1, 0, 1])
    np.testing.assert_array_equal(model.feature_names_in_, ["colour", "size"])
    np.testing.assert_array_equal(model.predict(pd.DataFrame(rows)), [0, 1, 0, 1])
