"""Cross-validated Lasso and multi-task Lasso against scikit-learn and celer."""

from functools import partial
from typing import Any

import numpy as np
from sklearn import linear_model as sk
from sklearn.datasets import load_diabetes

from benchmarks import problems
from benchmarks.cases import Case, Contender, Problem, Quality, Weights, estimator
from panlearn import linear_model as ours

GAP = "duality gap at the strength chosen, relative to the mean square of the centred target"
MULTI = "duality gap relative to the mean square of the centred target"
TARGETS, RATIO = 20, 0.1  # targets of the multi-task problems, and their strength as a share of the largest


def diabetes(n: int, p: int) -> Problem:
    """The 442 patients of the diabetes data set."""
    X, y = (np.asarray(part) for part in load_diabetes(return_X_y=True))
    return Problem(X, y)


def planted(n: int, p: int, targets: int = 1) -> Problem:
    """Independent normal features of which p/200 matter, at least 5; noise of a third of the response's spread."""
    rng = np.random.default_rng(0)
    X = np.asfortranarray(rng.standard_normal((n, p)))
    support = rng.choice(p, max(5, p // 200), replace=False)
    signal = X[:, support] @ rng.standard_normal((len(support), targets))
    y = signal + signal.std() / 3 * rng.standard_normal((n, targets))
    return Problem(X, y[:, 0] if targets == 1 else np.asfortranarray(y))


def planted_text(n: int, p: int) -> Problem:
    """tf-idf features, some of which matter."""
    rng = np.random.default_rng(1)
    X = problems.tf_idf(n, p).tocsc()
    signal = X[:, np.argsort(-np.diff(X.indptr))[: max(5, p // 500)]].sum(axis=1)
    signal = np.asarray(signal).ravel()
    return Problem(X, signal + signal.std() / 3 * rng.standard_normal(n))


def cross_validated_gap(problem: Problem, model: Any) -> Quality:
    """`gap_at` the strength chosen, and as objective the least held-out error: another choice may be as good."""
    error = gap_at(problem, np.atleast_2d(model.coef_), float(model.alpha_)).error
    return Quality(error, float(model.mse_path_.mean(axis=-1).min() / problem.y.var(axis=0).mean()))


def multi_task_gap(problem: Problem, model: Any, ratio: float = RATIO) -> Quality:
    """`gap_at` a share of the strength from which all weights are zero."""
    return gap_at(problem, np.atleast_2d(model.coef_), strength(problem, ratio))


def strength(problem: Problem, ratio: float) -> float:
    """A share of the least strength at which all weights are zero."""
    Y = problem.y - problem.y.mean(axis=0)
    return (
        ratio
        * float(np.linalg.norm(np.asarray(problem.X.T @ Y).reshape(problem.X.shape[1], -1), axis=1).max())
        / len(Y)
    )


def gap_at(problem: Problem, W: np.ndarray, alpha: float) -> Quality:
    """Duality gap of 1/(2n) |Y - XW - b|^2 + alpha sum |w_j| with the scaled residual, and the objective."""
    X, n = problem.X, problem.X.shape[0]
    Y = (problem.y - problem.y.mean(axis=0)).reshape(n, -1)
    R = Y - np.asarray(X @ W.T)
    R -= R.mean(axis=0)
    pull = np.linalg.norm(np.asarray(X.T @ R), axis=1).max() / n
    s = min(1.0, alpha / pull) if pull > 0 else 1.0
    primal = 0.5 * (R**2).sum() / n + alpha * np.linalg.norm(W, axis=0).sum()
    dual = (s * (R * Y).sum() - 0.5 * s * s * (R**2).sum()) / n
    scale = (Y**2).sum() / n
    return Quality(max(0.0, float((primal - dual) / scale)), float(primal / scale))


def celer_multi_task(problem: Problem, tol: float) -> Weights:
    """Path solver of celer for one strength, on centred data: it has no intercept."""
    from celer.homotopy import mtl_path

    x_mean, y_mean = problem.X.mean(axis=0), problem.y.mean(axis=0)
    X, Y = np.asfortranarray(problem.X - x_mean), np.asfortranarray(problem.y - y_mean)
    coef = mtl_path(X, Y, alphas=[strength(problem, RATIO)], tol=tol)[1][:, :, 0]
    return Weights(coef, y_mean - coef @ x_mean)


def at_strength(name: str, package: str, cls: type, **settings: Any) -> Contender:
    def fit(problem: Problem, tol: float) -> Any:
        return cls(alpha=strength(problem, RATIO), tol=tol, max_iter=10_000, **settings).fit(problem.X, problem.y)

    return Contender(name, package, fit, tuned=True)


def cross_validated(name: str, shapes: dict, problem: Any, **settings: Any) -> Case:
    peers = tuple(
        estimator(f"scikit-learn n_jobs={jobs}", "scikit-learn", sk.LassoCV, tol=True, n_jobs=jobs, **settings)
        for jobs in (2, 1)
    )
    panlearn = estimator("panlearn", "panlearn", ours.LassoCV, tol=True, **settings)
    return Case(f"LassoCV: {name}", shapes, problem, panlearn, peers, cross_validated_gap, 1e-4, GAP)


def multi_task(name: str, shapes: dict, *, celer: bool = True) -> Case:
    peers = [at_strength("scikit-learn", "scikit-learn", sk.MultiTaskLasso)]
    if celer:
        peers.insert(0, Contender("celer mtl_path", "celer", celer_multi_task, tuned=True))
    panlearn = at_strength("panlearn", "panlearn", ours.MultiTaskLasso)
    problem = partial(planted, targets=TARGETS)
    return Case(f"MultiTaskLasso: {name}", shapes, problem, panlearn, tuple(peers), multi_task_gap, 1e-5, MULTI)


def multi_task_cv() -> Case:
    setup = {"alphas": 30, "eps": 0.02, "tol": True}
    peers = tuple(
        estimator(f"scikit-learn n_jobs={jobs}", "scikit-learn", sk.MultiTaskLassoCV, n_jobs=jobs, **setup)
        for jobs in (2, 1)
    )
    panlearn = estimator("panlearn", "panlearn", ours.MultiTaskLassoCV, **setup)
    problem, shapes = partial(planted, targets=5), {"tiny": (40, 10), "medium": (2000, 200)}
    return Case("MultiTaskLassoCV: n > p", shapes, problem, panlearn, peers, cross_validated_gap, 1e-4, GAP)


CASES = (
    cross_validated("diabetes", {"tiny": (442, 10), "small": (442, 10)}, diabetes),
    cross_validated("n > p", {"tiny": (60, 8), "medium": (5000, 300), "large": (10_000, 2000)}, planted),
    cross_validated("p > n", {"tiny": (20, 40), "medium": (300, 3000), "large": (1000, 20_000)}, planted),
    cross_validated(
        "sparse text", {"tiny": (60, 150), "medium": (2000, 10_000), "large": (20_000, 100_000)}, planted_text, eps=0.03
    ),
    multi_task("n > p", {"tiny": (40, 10), "small": (200, 50), "medium": (5000, 1000)}),
    multi_task("p > n", {"tiny": (20, 40), "medium": (300, 5000), "large": (1000, 20_000)}),
    multi_task_cv(),
)
