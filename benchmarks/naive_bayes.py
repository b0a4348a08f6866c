"""Naive Bayes against scikit-learn: fit and prediction of all rows, at the same joint log-probabilities."""

from functools import cache
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn import naive_bayes as sk

from benchmarks.cases import Case, Contender, Problem, Quality
from benchmarks.problems import tf_idf
from panlearn import naive_bayes as ours

SHAPES = {"tiny": (60, 3), "small": (150, 4), "medium": (50_000, 20), "large": (1_000_000, 50)}
TEXTS = {"tiny": (60, 30), "medium": (5_000, 5_000), "large": (100_000, 20_000)}
MEASURE = "largest relative difference of a joint log-probability from scikit-learn's own, on the first rows"
FIRST = 200


def numbers(n: int, p: int) -> Problem:
    rng = np.random.default_rng(0)
    y = np.arange(n) % 3
    X = rng.standard_normal((n, p))
    X += 0.2 * y[:, None] + 3
    return Problem(X, y)


def counts(n: int, p: int) -> Problem:
    rng = np.random.default_rng(0)
    y = np.arange(n) % 3
    return Problem(rng.poisson(rng.uniform(0.2, 2, (3, p))[y]), y)


def categories(n: int, p: int) -> Problem:
    rng = np.random.default_rng(0)
    y = np.arange(n) % 3
    return Problem(rng.integers(0, 8, (n, p)) * (rng.uniform(size=(n, p)) < (y[:, None] + 1) / 3), y)


def texts(n: int, p: int) -> Problem:
    return Problem(sp.csr_array(tf_idf(n, p)), np.random.default_rng(0).integers(0, 5, n))


def ask(package: str, cls: type) -> Contender:
    """Fit and predict all rows."""

    def fit(problem: Problem, tol: float) -> Any:
        model: Any = cls().fit(problem.X, problem.y)
        model.predict(problem.X)
        return model

    return Contender("panlearn" if package == "panlearn" else package, package, fit)


@cache
def reference(name: str, problem: Any, n: int, p: int) -> np.ndarray:
    data = problem(n, p)
    return getattr(sk, name)().fit(data.X, data.y).predict_joint_log_proba(data.X[:FIRST])


def case(name: str, rows: str, problem: Any, shapes: Any) -> Case:
    def quality(data: Problem, model: Any) -> Quality:
        exact = reference(name, problem, *data.X.shape)
        found = model.predict_joint_log_proba(data.X[:FIRST])
        posterior = found - np.logaddexp.reduce(found, axis=1, keepdims=True)
        loss = -posterior[np.arange(len(found)), data.y[:FIRST]].mean()
        return Quality(float(np.abs(found - exact).max() / np.abs(exact).max()), float(loss))

    pair = ask("panlearn", getattr(ours, name)), (ask("scikit-learn", getattr(sk, name)),)
    return Case(f"{name}: {rows}, fit and prediction", shapes, problem, *pair, quality, 1e-7, MEASURE)


CASES = (
    case("GaussianNB", "numbers", numbers, SHAPES),
    case("MultinomialNB", "counts", counts, SHAPES),
    case("MultinomialNB", "texts", texts, TEXTS),
    case("ComplementNB", "texts", texts, TEXTS),
    case("BernoulliNB", "counts", counts, SHAPES),
    case("BernoulliNB", "texts", texts, TEXTS),
    case("CategoricalNB", "eight categories", categories, {"tiny": (60, 3), "small": (150, 4), "large": (300_000, 20)}),
)
