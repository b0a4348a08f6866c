"""Lasso and elastic net, one strength and paths of a hundred, against celer, skglm and scikit-learn."""

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn import linear_model as sk
from sklearn.datasets import load_diabetes

from benchmarks import problems
from benchmarks.cases import Case, Contender, Problem, Quality
from panlearn import linear_model as ours

GAP = "duality gap relative to the mean square of the centred target"
WORST = "largest duality gap of the path, relative to the mean square of the target"
TARGET, POINTS = 1e-4, 100


@dataclass
class PenalisedProblem(Problem):
    """Data with the strength from which all weights of the Lasso are zero."""

    @cached_property
    def largest(self) -> float:
        """max_j |x_j'(y - mean)| / n of the centred columns."""
        y = self.y - self.y.mean()
        return float(np.abs(self.X.T @ y).max() / len(y))


def diabetes(n: int, p: int) -> PenalisedProblem:
    """The 442 patients of the diabetes data set."""
    X, y = (np.asarray(part) for part in load_diabetes(return_X_y=True))
    return PenalisedProblem(np.asfortranarray(X), y - y.mean())


def correlated(n: int, p: int) -> PenalisedProblem:
    """Neighbouring columns correlate by 1/2; min(n, p)/20 of them matter; noise of a third of the signal's spread."""
    rng = np.random.default_rng(0)
    X = np.empty((n, p), order="F")
    X[:, 0] = rng.standard_normal(n)
    for j in range(1, p):
        X[:, j] = 0.5 * X[:, j - 1] + np.sqrt(0.75) * rng.standard_normal(n)
    X -= X.mean(axis=0)
    chosen = rng.choice(p, max(3, min(n, p) // 20), replace=False)
    signal = X[:, chosen] @ rng.standard_normal(len(chosen))
    y = signal + signal.std() / 3 * rng.standard_normal(n)
    return PenalisedProblem(X, y - y.mean())


def newsgroups(n: int, p: int) -> PenalisedProblem:
    """tf-idf of long documents, as in news20: some 220 words each; a hundredth of the words matter."""
    rng = np.random.default_rng(1)
    X = problems.tf_idf(n, p, 300).tocsc()
    frequent = np.flatnonzero(np.diff(X.indptr) > min(20, n // 10))
    chosen = rng.choice(frequent, max(3, min(len(frequent), p // 100)), replace=False)
    signal = X[:, chosen] @ rng.standard_normal(len(chosen))
    y = signal + signal.std() / 3 * rng.standard_normal(n)
    return PenalisedProblem(X, y - y.mean())


def gap(problem: Any, model: Any, share: float, ratio: float) -> Quality:
    """Duality gap at alpha = share of the largest, from the coefficients and the best intercept for them."""
    w = np.ravel(model.coef_).astype(np.float64)
    value, objective, square = _gap(problem.X, problem.y, w, share * problem.largest / ratio, ratio, intercept=True)
    return Quality(value / square, objective / square)


def worst_gap(problem: Any, path: Any, ratio: float) -> Quality:
    """The largest gap of a path without an intercept, and the sum of the objectives."""
    alphas, coefs = path
    found = [_gap(problem.X, problem.y, w, a, ratio, intercept=False) for a, w in zip(alphas, coefs.T, strict=True)]
    return Quality(max(f[0] / f[2] for f in found), sum(f[1] / f[2] for f in found) / len(found))


def _gap(
    X: Any, y: np.ndarray, w: np.ndarray, alpha: float, ratio: float, intercept: bool
) -> tuple[float, float, float]:
    """Objective less the better of two dual values at multiples of the residual, objective, and mean square of y.

    One counts the squared penalty as rows of X and scales the residual until it is feasible; the other, for the elastic
    net only, takes the residual itself and the conjugate of the whole penalty.
    """
    n, (l1, l2) = len(y), (alpha * ratio, alpha * (1 - ratio))
    t = y - y.mean() if intercept else y
    r = t - X @ w
    r = r - r.mean() if intercept else r
    pull = X.T @ r / n
    fit, size = (r @ r) / n + l2 * (w @ w), np.abs(pull - l2 * w).max()
    s = min(1.0, l1 / size) if size > 0 else 1.0
    dual = s * (r @ t) / n - 0.5 * s * s * fit
    if l2 > 0:
        conjugate = np.sum(np.maximum(np.abs(pull) - l1, 0.0) ** 2) / (2 * l2)
        dual = max(dual, (r @ t) / n - 0.5 * (r @ r) / n - conjugate)
    objective = 0.5 * fit + l1 * np.abs(w).sum()
    return float(objective - dual), float(objective), float(t @ t / n)


def fit_of(name: str, package: str, make: Any, share: float, ratio: float) -> Contender:
    """One fit with an intercept; `make` takes alpha and tol."""

    def fit(problem: Any, tol: float) -> Any:
        return make(alpha=share * problem.largest / ratio, tol=tol).fit(problem.X, problem.y)

    return Contender(name, package, fit, tuned=True)


def celer(kind: str) -> Any:
    def make(**settings: Any) -> Any:
        import celer

        return getattr(celer, kind)(**settings)

    return make


def skglm(kind: str) -> Any:
    def make(**settings: Any) -> Any:
        import skglm

        return getattr(skglm, kind)(**settings)

    return make


def single(name: str, shapes: dict, problem: Any, share: float, ratio: float = 1.0) -> Case:
    """Lasso for ratio 1, else the elastic net, at a share of the largest strength."""
    kind, more = ("Lasso", {}) if ratio == 1 else ("ElasticNet", {"l1_ratio": ratio})
    contender = partial(fit_of, share=share, ratio=ratio)
    return Case(
        f"{kind}: {name}",
        shapes,
        problem,
        contender("panlearn", "panlearn", partial(getattr(ours, kind), **more)),
        (
            contender("celer", "celer", partial(celer(kind), **more)),
            contender("skglm", "skglm", partial(skglm(kind), **more)),
            contender("scikit-learn", "scikit-learn", partial(getattr(sk, kind), max_iter=100_000, **more)),
        ),
        partial(gap, share=share, ratio=ratio),
        TARGET,
        GAP,
    )


def path(name: str, shapes: dict, problem: Any, least: float, ratio: float = 1.0) -> Case:
    """A hundred strengths down to `least` of the largest, without an intercept."""

    def grid(problem: Any) -> np.ndarray:
        return problem.largest / ratio * np.geomspace(1, least, POINTS)

    def of_panlearn(problem: Any, tol: float) -> Any:
        return ours.enet_path(problem.X, problem.y, l1_ratio=ratio, alphas=grid(problem), tol=tol)[:2]

    def of_sklearn(problem: Any, tol: float, gram: bool = False) -> Any:
        more: Any = {} if issparse(problem.X) else {"precompute": gram}
        solve: Any = sk.enet_path
        return solve(problem.X, problem.y, l1_ratio=ratio, alphas=grid(problem), tol=tol, max_iter=100_000, **more)[:2]

    def of_celer(problem: Any, tol: float) -> Any:
        from celer import celer_path

        X, y = problem.X, problem.y
        return celer_path(X, y, "lasso", alphas=grid(problem), l1_ratio=ratio, tol=tol, prune=1, max_iter=100)[:2]

    def of_skglm(problem: Any, tol: float) -> Any:
        from skglm import Lasso

        return Lasso(tol=tol, fit_intercept=False).path(problem.X, problem.y, grid(problem))[:2]

    tall = all(n > p for n, p in shapes.values())
    peers = [Contender("celer", "celer", of_celer, tuned=True)]
    if tall:
        peers.append(Contender("scikit-learn Gram", "scikit-learn", partial(of_sklearn, gram=True), tuned=True))
    peers.append(Contender("scikit-learn", "scikit-learn", of_sklearn, tuned=True))
    if ratio == 1:
        peers.append(Contender("skglm", "skglm", of_skglm, tuned=True))
    ours_ = Contender("panlearn", "panlearn", of_panlearn, tuned=True)
    kind = "lasso_path" if ratio == 1 else "enet_path"
    return Case(f"{kind}: {name}", shapes, problem, ours_, tuple(peers), partial(worst_gap, ratio=ratio), TARGET, WORST)


SMALL = {"tiny": (442, 10), "small": (442, 10)}
TALL = {"tiny": (80, 20), "medium": (2000, 400), "large": (10_000, 2000)}
WIDE = {"tiny": (20, 60), "medium": (500, 5000), "large": (1000, 20_000)}
TEXT = {"tiny": (60, 200), "medium": (2000, 10_000), "large": (20_000, 100_000)}
CASES = (
    single("diabetes", SMALL, diabetes, 0.05),
    single("n > p", TALL, correlated, 0.05),
    single("n > p, weak penalty", TALL, correlated, 0.01),
    single("p > n", WIDE, correlated, 0.05),
    single("p > n, weak penalty", WIDE, correlated, 0.01),
    single("sparse text", TEXT, newsgroups, 0.05),
    single("sparse text, weak penalty", TEXT, newsgroups, 0.01),
    single("n > p", TALL, correlated, 0.05, 0.5),
    single("p > n", WIDE, correlated, 0.05, 0.5),
    single("sparse text", TEXT, newsgroups, 0.05, 0.5),
    path("diabetes", SMALL, diabetes, 1e-3),
    path("n > p", TALL, correlated, 1e-3),
    path("p > n", WIDE, correlated, 1e-2),
    path("sparse text", TEXT, newsgroups, 1e-2),
    path("n > p", TALL, correlated, 1e-3, 0.5),
    path("p > n", WIDE, correlated, 1e-2, 0.5),
    path("sparse text", TEXT, newsgroups, 1e-2, 0.5),
)
