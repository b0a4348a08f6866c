"""AdaBoost and Shapley values of trees against scikit-learn and the shap package.

AdaBoost is judged by its error on rows it has not seen; Shapley values by how well they add up to the prediction.
"""

from functools import cache
from typing import Any

import numpy as np
from sklearn import ensemble as sk

from benchmarks.cases import Case, Contender, Problem, Quality
from panlearn import ensemble as ours
from panlearn.tree import shap_values

ROUNDS, TREES = 200, 20
ROWS = {"tiny": (300, 4), "small": (1000, 10), "medium": (20_000, 20), "large": (100_000, 20)}
EXPLAINED = {"tiny": (60, 4), "small": (200, 10), "medium": (2000, 20)}


def ring(n: int, p: int, seed: int = 0) -> Problem:
    """Points near the middle in half of the columns, and points far from it."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    squares = (X[:, : max(1, p // 2)] ** 2).sum(axis=1)
    return Problem(X, (squares + rng.normal(size=n) > max(1, p // 2)).astype(int))


def waves(n: int, p: int, seed: int = 0) -> Problem:
    """A product, a wave and noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return Problem(X, X[:, 0] * X[:, 1] + np.sin(2 * X[:, 2]) + 0.1 * rng.normal(size=n))


def fit(cls: Any, rounds: int) -> Any:
    return lambda problem, tol: cls(n_estimators=rounds, random_state=0).fit(problem.X, problem.y)


def classified(problem: Problem, model: Any) -> Quality:
    fresh = ring(20_000, problem.X.shape[1], seed=1)
    error = float(1 - model.score(fresh.X, fresh.y))
    return Quality(0.0, error)


def regressed(problem: Problem, model: Any) -> Quality:
    fresh = waves(20_000, problem.X.shape[1], seed=1)
    return Quality(0.0, float(np.mean((model.predict(fresh.X) - fresh.y) ** 2)))


@cache
def forest(cls: Any, shape: tuple[int, int]) -> Any:
    """A forest fitted before the clock starts."""
    problem = waves(4000, shape[1])
    return cls(n_estimators=TREES, max_leaf_nodes=63, random_state=0).fit(problem.X, problem.y)


def explain(problem: Problem, tol: float) -> Any:
    model = forest(ours.RandomForestRegressor, problem.X.shape)
    return model, *shap_values(model, problem.X, return_base=True)


def explain_by_shap(problem: Problem, tol: float) -> Any:
    import shap

    model = forest(sk.RandomForestRegressor, problem.X.shape)
    explainer: Any = shap.TreeExplainer(model)
    return model, explainer.shap_values(problem.X, check_additivity=False), float(np.ravel(explainer.expected_value)[0])


def added_up(problem: Problem, found: Any) -> Quality:
    model, values, base = found
    return Quality(float(np.abs(values.sum(axis=1) + base - model.predict(problem.X)).max()), 0.0)


CASES = (
    Case(
        f"AdaBoostClassifier: {ROUNDS} stumps",
        ROWS,
        ring,
        Contender("panlearn", "panlearn", fit(ours.AdaBoostClassifier, ROUNDS)),
        (Contender("scikit-learn", "scikit-learn", fit(sk.AdaBoostClassifier, ROUNDS)),),
        classified,
        1e-3,
        "error rate on 20,000 new rows",
    ),
    Case(
        "AdaBoostRegressor: 50 trees of depth 3",
        {size: ROWS[size] for size in ("tiny", "small", "medium")},
        waves,
        Contender("panlearn", "panlearn", fit(ours.AdaBoostRegressor, 50)),
        (Contender("scikit-learn", "scikit-learn", fit(sk.AdaBoostRegressor, 50)),),
        regressed,
        2e-2,
        "squared error on 20,000 new rows",
    ),
    Case(
        f"Shapley values: forest of {TREES} trees, 63 leaves",
        EXPLAINED,
        waves,
        Contender("panlearn", "panlearn", explain),
        (Contender("shap TreeExplainer", "shap", explain_by_shap),),
        added_up,
        1e-9,
        "largest distance of base value and Shapley values from the prediction",
    ),
)
