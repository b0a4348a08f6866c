"""Gradient-boosted trees against LightGBM, scikit-learn and XGBoost: the same leaves, learning rate and bins."""

from typing import Any

import numpy as np
from sklearn import ensemble as sk

from benchmarks.cases import Case, Contender, Problem, Quality
from panlearn import ensemble as ours

LOSS = "held-out loss"
SETTINGS = {"max_iter": 100, "max_leaf_nodes": 31, "learning_rate": 0.1, "early_stopping": False}
SIZES = {"tiny": (200, 4), "small": (2000, 20), "medium": (200_000, 50), "large": (1_000_000, 28)}
TEST = 20_000  # rows held out


def signal(X: np.ndarray) -> np.ndarray:
    """Steps, products and waves of the first columns."""
    return X[:, 0] * X[:, 1] + np.sin(3 * X[:, 2]) + 1.5 * (X[:, 3] > 0.3) - 0.5 * X[:, 0]


def table(n: int, p: int, classes: int = 0) -> Problem:
    """Training rows, then test rows with the same law; `classes` 0 is regression."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n + min(n, TEST), p))
    z = signal(X) + rng.normal(size=len(X))
    y = np.digitize(z, np.quantile(z, np.arange(1, classes) / classes)) if classes else z
    problem = Problem(X[:n], y[:n])
    problem.held_out = X[n:], y[n:]  # type: ignore[attr-defined]
    return problem


def held_out_loss(problem: Problem, model: Any) -> Quality:
    """Root mean squared error, or cross-entropy, of rows that were not fitted."""
    X, y = problem.held_out  # type: ignore[attr-defined]
    if not hasattr(model, "predict_proba"):
        loss = float(np.sqrt(np.mean((model.predict(X) - y) ** 2)))
    else:
        loss = float(-np.log(np.maximum(model.predict_proba(X)[np.arange(len(y)), y], 1e-15)).mean())
    return Quality(0.0, loss)


def estimators(kind: str) -> tuple[Contender, tuple[Contender, ...]]:
    """Ours and the peers, for "Regressor" or "Classifier"."""

    def lightgbm(problem: Problem, tol: float) -> Any:
        import lightgbm

        cls = getattr(lightgbm, f"LGBM{kind}")
        return cls(n_estimators=100, num_leaves=31, learning_rate=0.1, verbose=-1, n_jobs=2).fit(problem.X, problem.y)

    def xgboost(problem: Problem, tol: float) -> Any:
        import xgboost

        settings = {"max_leaves": 31, "max_depth": 0, "grow_policy": "lossguide", "tree_method": "hist", "max_bin": 255}
        cls = getattr(xgboost, f"XGB{kind}")
        return cls(n_estimators=100, learning_rate=0.1, n_jobs=2, **settings).fit(problem.X, problem.y)

    def scikit_learn(problem: Problem, tol: float) -> Any:
        return getattr(sk, f"HistGradientBoosting{kind}")(**SETTINGS).fit(problem.X, problem.y)

    def panlearn(problem: Problem, tol: float) -> Any:
        return getattr(ours, f"HistGradientBoosting{kind}")(**SETTINGS).fit(problem.X, problem.y)

    peers = (
        Contender("LightGBM", "lightgbm", lightgbm),
        Contender("scikit-learn HistGradientBoosting", "scikit-learn", scikit_learn),
        Contender("XGBoost hist", "xgboost-cpu", xgboost),
    )
    return Contender("panlearn", "panlearn", panlearn), peers


def case(name: str, kind: str, classes: int, equal: float) -> Case:
    """One task at all sizes; losses that differ by less than `equal`, a thousandth of them, count as equal."""
    mine, peers = estimators(kind)
    return Case(name, SIZES, lambda n, p: table(n, p, classes), mine, peers, held_out_loss, equal, LOSS)


CASES = (
    case("HistGradientBoosting: regression", "Regressor", 0, 1e-3),
    case("HistGradientBoosting: two classes", "Classifier", 2, 4e-4),
    case("HistGradientBoosting: seven classes", "Classifier", 7, 1e-3),
)
