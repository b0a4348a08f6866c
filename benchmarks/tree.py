"""Single deep trees against scikit-learn's: the time is that of the fit and of predicting a quarter as many new rows.

Trees have no optimum to be near to, and two that resolve ties between equally good questions differently are both
right. So the measure is what a tree is for: its error on the new rows, which may not be larger than the peer's. The
features are float32, which scikit-learn would otherwise convert to.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn import tree as sk

from benchmarks.cases import Case, Contender, Problem, Quality
from panlearn import tree as ours

SIZES = {"tiny": (60, 4), "small": (1_000, 10), "medium": (100_000, 20), "large": (100_000, 50)}
TARGET = 4e-3  # about one standard error of the score on 25,000 rows
WRONG = "share of new rows with a wrong label above what the case allows; the objective is that share"
SPREAD = "mean squared error on new rows over their variance above what the case allows; the objective is that ratio"


@dataclass
class Split(Problem):
    """Rows to fit on, and rows to predict."""

    new: np.ndarray
    truth: np.ndarray
    allowed: float = 1.0  # measure that counts as equal


class Predicted(NamedTuple):
    """What a contender says about the new rows."""

    answer: np.ndarray


def surface(n: int, p: int) -> tuple[np.ndarray, np.ndarray]:
    """Features and a response with steps, products and bends, which a deep tree can follow; a third of it is noise."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, p)).astype(np.float32)
    y = 2.0 * (X[:, 0] > 0.5) + X[:, 1] * X[:, 2] + np.sin(2.0 * X[:, 3]) + 0.5 * np.abs(X[:, 0])
    return X, y + 0.5 * rng.standard_normal(n)


def regression(n: int, p: int) -> Split:
    X, y = surface(n + n // 4, p)
    return Split(X[:n], y[:n], X[n:], y[n:])


def classification(n: int, p: int, classes: int = 2) -> Split:
    X, score = surface(n + n // 4, p)
    y = np.digitize(score, np.quantile(score, np.linspace(0, 1, classes + 1)[1:-1]))
    return Split(X[:n], y[:n], X[n:], y[n:])


def seven_classes(n: int, p: int) -> Split:
    return classification(n, p, 7)


def wrong(problem: Any, model: Any) -> Quality:
    """Share of wrong labels."""
    share = float((model.answer != problem.truth).mean())
    return Quality(max(0.0, share - problem.allowed), share)


def spread(problem: Any, model: Any) -> Quality:
    """Mean squared error, relative to that of the mean."""
    ratio = float(((model.answer - problem.truth) ** 2).mean() / problem.truth.var())
    return Quality(max(0.0, ratio - 2.0 * problem.allowed), ratio)


def contender(name: str, package: str, cls: type, **settings: Any) -> Contender:
    def fit(problem: Any, tol: float) -> Predicted:
        return Predicted(cls(random_state=0, **settings).fit(problem.X, problem.y).predict(problem.new))

    return Contender(name, package, fit)


def both(name: str, **settings: Any) -> tuple[Contender, tuple[Contender, ...]]:
    return (
        contender("panlearn", "panlearn", getattr(ours, name), **settings),
        (contender("scikit-learn", "scikit-learn", getattr(sk, name), **settings),),
    )


CASES = (
    Case(
        "DecisionTreeClassifier: two classes",
        SIZES,
        classification,
        *both("DecisionTreeClassifier"),
        wrong,
        TARGET,
        WRONG,
    ),
    Case(
        "DecisionTreeClassifier: seven classes",
        SIZES,
        seven_classes,
        *both("DecisionTreeClassifier"),
        wrong,
        TARGET,
        WRONG,
    ),
    Case(
        "DecisionTreeClassifier: entropy, leaves of 20 rows",
        SIZES,
        classification,
        *both("DecisionTreeClassifier", criterion="entropy", min_samples_leaf=20),
        wrong,
        TARGET,
        WRONG,
    ),
    Case("DecisionTreeRegressor", SIZES, regression, *both("DecisionTreeRegressor"), spread, TARGET, SPREAD),
    Case(
        "DecisionTreeRegressor: leaves of 20 rows",
        SIZES,
        regression,
        *both("DecisionTreeRegressor", min_samples_leaf=20),
        spread,
        TARGET,
        SPREAD,
    ),
)
