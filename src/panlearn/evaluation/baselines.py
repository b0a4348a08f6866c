"""scikit-learn's own methods beside panlearn's: the floor, and the ones to beat.

They are described by the same tuples as panlearn's methods (`panlearn.core.registry`), so that `compare` treats all
alike, and carry the source "scikit-learn baseline". The dummy predicts the most frequent class or the mean: a method
that does not beat it has learned nothing.
"""

import math
from collections.abc import Iterator

from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from panlearn.core.registry import Entry, Method

SOURCE = "scikit-learn baseline"
PREFIX = "sklearn: "
CLASSES, AMOUNTS = ("binary", "multiclass"), ("regression", "counts")
TREE = ("dense", "codes")


def _sorting(n: int, p: int, k: int) -> float:
    return 20.0 * n * p * math.log2(n + 2)


BASELINES: tuple[tuple[str, type, Method], ...] = (
    (
        "Dummy",
        DummyClassifier,
        Method("Most frequent class", CLASSES, (), (), lambda n, p, k: n, {"strategy": "prior"}),
    ),
    ("Dummy", DummyRegressor, Method("Mean", AMOUNTS, (), (), lambda n, p, k: n, {})),
    (
        "GaussianNB",
        GaussianNB,
        Method("Gaussian naive Bayes", CLASSES, (), ("dense",), lambda n, p, k: 4.0 * n * p, {}),
    ),
    (
        "LinearRegression",
        LinearRegression,
        Method("Least squares", ("regression",), (), ("scaled",), lambda n, p, k: 4.0 * n * p * p, {}),
    ),
    (
        "LogisticRegression",
        LogisticRegression,
        Method("Logistic regression", CLASSES, (), ("scaled",), lambda n, p, k: 400.0 * n * p * k, {"max_iter": 1000}),
    ),
    (
        "PoissonRegressor",
        PoissonRegressor,
        Method(
            "Poisson regression",
            ("counts",),
            (),
            ("scaled",),
            lambda n, p, k: 200.0 * n * p,
            {"alpha": 1e-3, "max_iter": 300},
        ),
    ),
    (
        "DecisionTree",
        DecisionTreeClassifier,
        Method("Decision tree", CLASSES, (), TREE, _sorting, {"min_samples_leaf": 20}),
    ),
    (
        "DecisionTree",
        DecisionTreeRegressor,
        Method("Decision tree", AMOUNTS, (), TREE, _sorting, {"min_samples_leaf": 20}),
    ),
    (
        "HistGradientBoosting",
        HistGradientBoostingClassifier,
        Method("Gradient-boosted trees", CLASSES, (), TREE, lambda n, p, k: 2000.0 * n * p * k, {}),
    ),
    (
        "HistGradientBoosting",
        HistGradientBoostingRegressor,
        Method("Gradient-boosted trees", ("regression",), (), TREE, lambda n, p, k: 2000.0 * n * p, {}),
    ),
    (
        "HistGradientBoosting",
        HistGradientBoostingRegressor,
        Method("Gradient-boosted trees", ("counts",), (), TREE, lambda n, p, k: 2000.0 * n * p, {"loss": "poisson"}),
    ),
    (
        "RandomForest",
        RandomForestClassifier,
        Method("Random forest", CLASSES, (), TREE, lambda n, p, k: 30 * _sorting(n, p, k), {"min_samples_leaf": 2}),
    ),
    (
        "RandomForest",
        RandomForestRegressor,
        Method(
            "Random forest",
            AMOUNTS,
            (),
            TREE,
            lambda n, p, k: 60 * _sorting(n, p, k),
            {"min_samples_leaf": 2, "max_features": 0.5},
        ),
    ),
)


def baselines(task: str) -> Iterator[Entry]:
    """scikit-learn's methods for a task.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression", "counts"}
        The task.

    Yields
    ------
    Entry
        Named with the prefix "sklearn: ".

    Examples
    --------
    >>> next(baselines("binary")).name
    'sklearn: Dummy'
    """
    for name, estimator, method in BASELINES:
        if task in method.tasks:
            path = f"{estimator.__module__.rsplit('._', 1)[0]}.{estimator.__name__}"
            yield Entry(PREFIX + name, path, estimator, method)
