"""Linear and quadratic discriminant analysis against scikit-learn.

The answer is unique: what counts is the distance of the posterior from one computed from the class means and
covariances of the rows by their definitions, on the first rows.
"""

from typing import Any

import numpy as np
from sklearn import discriminant_analysis as sk

from benchmarks.cases import Case, Contender, Problem, Quality, estimator
from panlearn import discriminant_analysis as ours

SHAPES = {"tiny": (60, 3), "small": (150, 4), "medium": (50_000, 20), "large": (1_000_000, 50)}
TARGET = 1e-6
MEASURE = (
    "largest difference of a posterior from the definition's, on the first rows; the objective is the log-loss there"
)
FIRST = 200


def classes(n: int, p: int) -> Problem:
    """Three normal classes that overlap, with means away from 0."""
    rng = np.random.default_rng(0)
    y = np.arange(n) % 3
    X = rng.standard_normal((n, p))
    X += rng.normal(size=(3, p))[y] * (1.5 / np.sqrt(p)) + 3
    return Problem(X, y)


def quality(shared: bool) -> Any:
    def measure(problem: Problem, model: Any) -> Quality:
        groups = [problem.X[problem.y == k] for k in range(3)]
        means = [np.asarray(rows.mean(axis=0), dtype=float) for rows in groups]
        covariances = [np.cov(problem.X[problem.y == k].T, ddof=0) for k in range(3)]
        if shared:
            sizes = np.array([len(rows) for rows in groups]) / len(problem.y)
            covariances = [np.einsum("k,kij->ij", sizes, np.array(covariances))] * 3
        X, scores = problem.X[:FIRST], []
        for rows, mean, covariance in zip(groups, means, covariances, strict=True):
            away = X - mean
            norm = np.einsum("ij,ij->i", away, np.linalg.solve(covariance, away.T).T)
            scores.append(np.log(len(rows) / len(problem.y)) - 0.5 * (norm + np.linalg.slogdet(covariance)[1]))
        joint = np.array(scores).T
        exact = np.exp(joint - np.logaddexp.reduce(joint, axis=1, keepdims=True))
        found = model.predict_proba(X)
        loss = -np.log(found[np.arange(len(X)), problem.y[:FIRST]]).mean()
        return Quality(float(np.abs(found - exact).max()), float(loss))

    return measure


def ask(name: str, package: str, cls: type, **settings: Any) -> Contender:
    """Fit and predict all rows."""

    def fit(problem: Problem, tol: float) -> Any:
        model = cls(**settings).fit(problem.X, problem.y)
        model.predict(problem.X)
        return model

    return Contender(name, package, fit)


def sklearn(cls: type, **settings: Any) -> Contender:
    return estimator(" ".join(["scikit-learn", *settings.values()]), "scikit-learn", cls, **settings)


LDA, QDA = ours.LinearDiscriminantAnalysis, ours.QuadraticDiscriminantAnalysis
PEERS = tuple(sklearn(sk.LinearDiscriminantAnalysis, solver=solver) for solver in ("svd", "lsqr", "eigen"))
CASES = (
    Case(
        "LinearDiscriminantAnalysis: fit",
        SHAPES,
        classes,
        estimator("panlearn", "panlearn", LDA),
        PEERS,
        quality(shared=True),
        TARGET,
        MEASURE,
    ),
    Case(
        "LinearDiscriminantAnalysis: fit with Ledoit-Wolf shrinkage",
        {"tiny": (60, 3), "medium": (50_000, 20)},
        classes,
        estimator("panlearn", "panlearn", LDA, solver="lsqr", shrinkage="auto"),
        (sklearn(sk.LinearDiscriminantAnalysis, solver="lsqr", shrinkage="auto"),),
        lambda problem, model: Quality(0.0, -float(model.score(problem.X, problem.y))),
        TARGET,
        "none; the objective is the accuracy",
    ),
    Case(
        "QuadraticDiscriminantAnalysis: fit",
        SHAPES,
        classes,
        estimator("panlearn", "panlearn", QDA),
        (sklearn(sk.QuadraticDiscriminantAnalysis),),
        quality(shared=False),
        TARGET,
        MEASURE,
    ),
    Case(
        "QuadraticDiscriminantAnalysis: fit and prediction",
        SHAPES,
        classes,
        ask("panlearn", "panlearn", QDA),
        (ask("scikit-learn", "scikit-learn", sk.QuadraticDiscriminantAnalysis),),
        quality(shared=False),
        TARGET,
        MEASURE,
    ),
)
