"""Forests against scikit-learn's, in fit and in prediction.

As for single trees (`benchmarks.tree`) the measure is the answer on new rows. For classes it is the loss of AUC as well
as of accuracy, for a forest that ranks worse may still count as many right: the larger of the two may not exceed what
the noise of another seed explains. The time of a fit includes predicting a quarter as many new rows; prediction is
timed on models that were fitted before the clock started.
"""

from functools import cache
from typing import Any

import numpy as np
from sklearn import ensemble as sk
from sklearn.metrics import roc_auc_score

from benchmarks.cases import Case, Contender, Problem, Quality
from benchmarks.tree import Predicted, Split, classification, regression, spread
from panlearn import ensemble as ours

FIT = {"tiny": (80, 4), "small": (1_000, 10), "large": (100_000, 50)}
PREDICT = {"tiny": (80, 4), "small": (1_000, 10), "large": (200_000, 50)}
TRAINED = 20_000  # rows that the models of the prediction cases were fitted on
TARGET = 6e-3  # two standard errors of the difference of two forests' scores on 25,000 rows
LOSS = "share of wrong labels, or 1 - AUC if larger, above what the case allows; the objective is the sum of the two"
SPREAD = "mean squared error on new rows over their variance above what the case allows; the objective is that ratio"


def loss(problem: Any, model: Any) -> Quality:
    """Wrong labels and wrongly ordered pairs."""
    wrong = float(((model.answer > 0.5) != problem.truth).mean())
    unordered = 1.0 - float(roc_auc_score(problem.truth, model.answer))
    return Quality(max(0.0, wrong - problem.allowed, unordered - problem.allowed), wrong + unordered)


def classify(name: str, package: str, cls: Any, **settings: Any) -> Contender:
    def fit(problem: Any, tol: float) -> Predicted:
        model = cls(random_state=0, **settings).fit(problem.X, problem.y)
        return Predicted(model.predict_proba(problem.new)[:, 1])

    return Contender(name, package, fit)


def regress(name: str, package: str, cls: Any, **settings: Any) -> Contender:
    def fit(problem: Any, tol: float) -> Predicted:
        return Predicted(cls(random_state=0, **settings).fit(problem.X, problem.y).predict(problem.new))

    return Contender(name, package, fit)


def fits(kind: Any, name: str, **settings: Any) -> tuple[Contender, tuple[Contender, ...]]:
    peer = kind("scikit-learn", "scikit-learn", getattr(sk, name), n_jobs=2, **settings)
    return kind("panlearn", "panlearn", getattr(ours, name), **settings), (peer,)


@cache
def fitted(cls: type, n: int, p: int) -> Any:
    """A model on the first rows of the problem, fitted once."""
    problem = classification(min(n, TRAINED), p)
    settings = {"n_jobs": 2} if cls.__module__.startswith("sklearn") else {}
    return cls(random_state=0, **settings).fit(problem.X, problem.y)


def predict(name: str, package: str, cls: type) -> Contender:
    def ask(problem: Problem, tol: float) -> Predicted:
        return Predicted(fitted(cls, *problem.X.shape).predict_proba(problem.X)[:, 1])

    return Contender(name, package, ask)


def near(problem: Problem, model: Predicted) -> Quality:
    """Distance from the forest of the same data by the other package; two forests differ, so it only catches errors."""
    reference = fitted(sk.RandomForestClassifier, *problem.X.shape).predict_proba(problem.X)[:, 1]
    return Quality(max(0.0, float(np.abs(model.answer - reference).mean()) - 0.2), 0.0)


def rows(n: int, p: int) -> Split:
    return classification(n, p)


CASES = (
    Case(
        "RandomForestClassifier: 100 trees",
        FIT,
        classification,
        *fits(classify, "RandomForestClassifier"),
        loss,
        TARGET,
        LOSS,
    ),
    Case(
        "ExtraTreesClassifier: 100 trees",
        FIT,
        classification,
        *fits(classify, "ExtraTreesClassifier"),
        loss,
        TARGET,
        LOSS,
    ),
    Case(
        "RandomForestRegressor: 100 trees, a third of the features",
        FIT,
        regression,
        *fits(regress, "RandomForestRegressor", max_features=1 / 3),
        spread,
        TARGET,
        SPREAD,
    ),
    Case(
        "BaggingRegressor: 10 trees",
        FIT,
        regression,
        *fits(regress, "BaggingRegressor"),
        spread,
        TARGET,
        SPREAD,
    ),
    Case(
        "RandomForestClassifier: prediction",
        PREDICT,
        rows,
        predict("panlearn", "panlearn", ours.RandomForestClassifier),
        (predict("scikit-learn", "scikit-learn", sk.RandomForestClassifier),),
        near,
        TARGET,
        "mean distance from scikit-learn's own forest above 0.2",
        per_row=True,
    ),
)
