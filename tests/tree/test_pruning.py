"""Pruning inside `fit`: what each name does, for every kind of tree."""

import numpy as np
import pytest

from panlearn.tree import (
    C45Classifier,
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ID3Classifier,
    error_based_prune,
    pessimistic_prune,
)
from panlearn.tree.pruning import folds_of, prune_fitted

NAMES = ("cost_complexity_cv", "reduced_error", "pessimistic", "error_based")


def noisy(n=600, seed=0):
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.integers(0, 4, n), rng.normal(size=n), rng.normal(size=n)])
    return X, ((X[:, 0] == 2) ^ (rng.random(n) < 0.15)).astype(int)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("cls", "settings"),
    [
        (DecisionTreeClassifier, {}),
        (ID3Classifier, {}),
        (C45Classifier, {"threshold_correction": False, "collapse": False}),  # else it hardly overfits
    ],
)
def test_noise_is_pruned(cls, settings, name):
    """The true tree has two leaves for a subset, four for branches: pruning comes near, and predicts better."""
    (X, y), (T, u) = noisy(), noisy(seed=1)
    grown = cls(categorical_features=[0], pruning=None, random_state=0, **settings).fit(X, y)
    pruned = cls(categorical_features=[0], pruning=name, random_state=0, **settings).fit(X, y)
    assert pruned.get_n_leaves() < grown.get_n_leaves() / 2
    assert pruned.score(T, u) > grown.score(T, u)


@pytest.mark.parametrize("name", NAMES[:2])
def test_regression(name):
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(400, 2))
    y = np.sign(X[:, 0] - 0.5) + rng.normal(size=400)
    grown = DecisionTreeRegressor(random_state=0).fit(X, y)
    pruned = DecisionTreeRegressor(random_state=0, pruning=name).fit(X, y)
    assert pruned.get_n_leaves() < grown.get_n_leaves() / 10
    assert pruned.score(X, np.sign(X[:, 0] - 0.5)) > grown.score(X, np.sign(X[:, 0] - 0.5))


def test_the_parameter_is_the_function():
    X, y = noisy()
    grown = DecisionTreeClassifier(categorical_features=[0], random_state=0).fit(X, y)
    by_function = error_based_prune(grown, X, y), pessimistic_prune(grown)
    for name, expected in zip(("error_based", "pessimistic"), by_function):
        fitted = DecisionTreeClassifier(categorical_features=[0], random_state=0, pruning=name).fit(X, y)
        np.testing.assert_array_equal(fitted.tree_.value, expected.tree_.value)
    assert prune_fitted(grown, grown.tree_, X, y) is grown.tree_


def test_folds():
    y = np.repeat([0, 1, 2], [50, 30, 20])[:, None]
    fold = folds_of(y, 5, 0, stratify=True)
    for k in range(5):
        assert np.bincount(y[fold == k, 0]).tolist() == [10, 6, 4]
    assert np.bincount(folds_of(y, 3, 0, stratify=False)).tolist() == [34, 33, 33]
    np.testing.assert_array_equal(fold, folds_of(y, 5, 0, stratify=True))
    assert (fold != folds_of(y, 5, 1, stratify=True)).any()


def test_edge_cases():
    with pytest.raises(ValueError, match="keeps back a third of the rows, but there are only 1"):
        DecisionTreeClassifier(pruning="reduced_error").fit([[0.0]], [1])
    with pytest.raises(ValueError, match="folds must be between 2 and the number of rows, 3"):
        C45Classifier(pruning="cost_complexity_cv").fit([[0.0], [1.0], [2.0]], [0, 1, 1])
    few = C45Classifier(pruning="reduced_error", random_state=0).fit([[0.0], [1.0], [2.0]], [0, 1, 1])
    assert few.predict([[1.0]]).tolist() == [1]
    X, y = noisy(60)
    weight = np.arange(60) % 4 == 0
    for name in NAMES:
        fitted = DecisionTreeClassifier(pruning=name, random_state=0).fit(X, y, weight.astype(float))
        assert np.isfinite(fitted.predict_proba(X)).all()
