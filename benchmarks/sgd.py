"""Stochastic gradient descent at equal epochs and equal answers; robust regression to equal accuracy."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import linprog
from sklearn import linear_model as sk

from benchmarks import problems
from benchmarks.cases import Case, Contender, Problem, Quality, estimator
from panlearn import linear_model as ours

EPOCHS: dict[str, Any] = {"max_iter": 5, "tol": None, "random_state": 0}
DENSE = {"tiny": (80, 4), "small": (150, 4), "medium": (10_000, 20), "large": (1_000_000, 20)}
TEXT = {"tiny": (60, 200), "medium": (2000, 10_000), "large": (20_000, 100_000)}
_references: dict[tuple, Any] = {}


def reference(problem: Problem, key: tuple, compute: Callable[[], Any]) -> Any:
    """What is computed once for a problem."""
    key = (*key, problem.X.shape, float(problem.y[:50].sum()))
    if key not in _references:
        _references[key] = compute()
    return _references[key]


def same_steps(problem: Problem, model: Any, peer: type, settings: dict[str, Any]) -> Quality:
    """Relative distance from scikit-learn's weights: the same seed and epochs should give the same steps."""
    key = (peer.__name__, str(settings))
    theirs = reference(problem, key, lambda: peer(**settings).fit(problem.X, problem.y).coef_)
    error = float(np.linalg.norm(model.coef_ - theirs) / np.linalg.norm(theirs))
    return Quality(error, float(np.linalg.norm(model.coef_)))


def epochs(name: str, shapes: dict, problem: Any, kind: str, **settings: Any) -> Case:
    """Five epochs of both, in the same order of the rows."""
    settings, peer = {**EPOCHS, **settings}, getattr(sk, kind)
    return Case(
        f"{kind}: {name}",
        shapes,
        problem,
        estimator("panlearn", "panlearn", getattr(ours, kind), **settings),
        (estimator("scikit-learn", "scikit-learn", peer, **settings),),
        partial(same_steps, peer=peer, settings=settings),
        1e-6,
        "relative distance from scikit-learn's weights after 5 epochs",
    )


def outliers(n: int, p: int) -> Problem:
    """A linear response with a tenth of wild values."""
    problem, rng = problems.regression(n, p), np.random.default_rng(1)
    wild = rng.random(n) < 0.1
    return Problem(problem.X, problem.y + 10 * wild * rng.standard_normal(n) * problem.y.std())


def huber(problem: Problem, model: Any) -> Quality:
    """Largest gradient component of the mean objective at alpha = 1e-4, with y in units of the scale."""
    X, y, n = problem.X, problem.y, len(problem.y)
    w, b, s = np.asarray(model.coef_, np.float64), float(model.intercept_), float(model.scale_)
    u = (X @ w + b - y) / s
    pull, inner = 2 * np.clip(u, -1.35, 1.35), np.minimum(np.abs(u), 1.35)
    gradient = [*((X.T @ pull + 2e-4 * w) / n), pull.mean(), 1 - (inner**2).mean()]
    losses = s + s * inner * (2 * np.abs(u) - inner)
    return Quality(float(np.abs(gradient).max()), float((losses.sum() + 1e-4 * w @ w) / n / y.std()))


def quantile(problem: Problem, model: Any, q: float) -> Quality:
    """Relative distance of the mean pinball loss from its minimum, by HiGHS on the dual."""
    X, y, n = problem.augmented, problem.y, len(problem.y)

    def least() -> float:
        result: Any = linprog(-y, A_eq=X.T, b_eq=np.zeros(X.shape[1]), bounds=(q - 1, q), method="highs")
        return -float(result.fun) / n

    best = reference(problem, ("quantile", q), least)
    r = y - X @ np.append(model.coef_, model.intercept_)
    value = float(np.maximum(q * r, (q - 1) * r).mean())
    return Quality(abs(value - best) / best, value)


def tuned(kind: type, **settings: Any) -> Contender:
    return estimator("scikit-learn", "scikit-learn", kind, tol=True, **settings)


CASES = (
    epochs("squared error", DENSE, problems.regression, "SGDRegressor", eta0=0.001),
    epochs("average", DENSE, problems.regression, "SGDRegressor", eta0=0.001, average=True),
    epochs(
        "logistic", DENSE, problems.two_classes, "SGDClassifier", loss="log_loss", learning_rate="invscaling", eta0=0.1
    ),
    epochs("10 classes", {"tiny": (100, 5), "medium": (5000, 64)}, problems.ten_classes, "SGDClassifier"),
    epochs("sparse text, hinge", TEXT, problems.text, "SGDClassifier"),
    epochs(
        "sparse text, elastic net",
        TEXT,
        problems.text,
        "SGDClassifier",
        loss="log_loss",
        penalty="elasticnet",
        alpha=1e-5,
    ),
    epochs("sparse text", TEXT, problems.text_regression, "SGDRegressor", penalty="l1"),
    Case(
        "HuberRegressor",
        {"tiny": (80, 4), "small": (150, 4), "medium": (10_000, 20), "large": (500_000, 20)},
        outliers,
        estimator("panlearn", "panlearn", ours.HuberRegressor, tol=True),
        (tuned(sk.HuberRegressor, max_iter=10_000),),
        huber,
        1e-3,  # scikit-learn's stops where its objective stops falling in the digits it has
        "largest gradient component of the mean objective",
    ),
    Case(
        "QuantileRegressor",
        {"tiny": (80, 4), "small": (150, 4), "medium": (2000, 10), "large": (10_000, 20)},
        outliers,
        estimator("panlearn", "panlearn", ours.QuantileRegressor, alpha=0.0, quantile=0.3),
        (estimator("scikit-learn", "scikit-learn", sk.QuantileRegressor, alpha=0.0, quantile=0.3),),
        partial(quantile, q=0.3),
        1e-8,
        "relative distance from the least mean loss",
    ),
)
