"""K-means against scikit-learn and faiss, from one start and with each package's own.

The measure is the inertia, computed here from the centres in float64, relative to the best that any of the packages is
known to reach from that start. faiss works in single precision and has no stopping rule: it is given as many iterations
as ours took.
"""

from functools import cache
from typing import Any

import numpy as np
from sklearn import cluster as sk

from benchmarks.cases import Case, Contender, Problem, Quality
from panlearn import cluster as ours

TARGET = 1e-4
MEASURE = "inertia above that of Lloyd's iteration in double precision, relative to it"


def blobs(n: int, p: int) -> Problem:
    """Overlapping clusters."""
    rng = np.random.default_rng(0)
    k = clusters(n, p)
    centres = rng.uniform(-10, 10, size=(k, p))
    return Problem(centres[rng.integers(k, size=n)] + 3 * rng.normal(size=(n, p)), np.zeros(n))


def clusters(n: int, p: int) -> int:
    """How many to look for."""
    return {16: 64, 64: 256, 784: 100, 4: 10}.get(p, 8)


def correlated(n: int, p: int) -> Problem:
    """Rows near a subspace, as images are."""
    rng = np.random.default_rng(0)
    spread = rng.normal(size=(p, p)) * np.exp(-np.arange(p) / 8)[:, None]
    return Problem(rng.normal(size=(n, p)) @ spread, np.zeros(n))


def start(problem: Problem) -> np.ndarray:
    k = clusters(*problem.X.shape)
    return problem.X[np.random.default_rng(1).choice(len(problem.X), k, replace=False)]


def of(X: np.ndarray, centres: np.ndarray) -> float:
    """Inertia, in blocks of rows."""
    total, square = 0.0, np.square(centres).sum(axis=1)
    for a in range(0, len(X), 4096):
        block = X[a : a + 4096]
        total += float((np.square(block).sum(axis=1) + (square - 2 * block @ centres.T).min(axis=1)).sum())
    return total


@cache
def reference(kind: Any, n: int, p: int) -> tuple[float, int]:
    """Inertia and iterations of Lloyd's iteration from the common start."""
    problem = kind(n, p)
    model = sk.KMeans(clusters(n, p), init=start(problem), n_init=1).fit(problem.X)
    return of(problem.X, model.cluster_centers_), model.n_iter_


def quality(kind: Any) -> Any:
    def measure(problem: Problem, model: Any) -> Quality:
        found, best = (
            of(problem.X, np.asarray(model.cluster_centers_, np.float64)),
            reference(kind, *problem.X.shape)[0],
        )
        return Quality(max(0.0, found / best - 1), found / best)

    return measure


def own_start(problem: Problem, model: Any) -> Quality:
    """Both draw the same start from the same seed: the end is the same."""
    found = of(problem.X, model.cluster_centers_)
    return Quality(0.0, found / of(problem.X, start(problem)))


def same_start(name: str, cls: Any, **settings: Any) -> Contender:
    def fit(problem: Problem, tol: float) -> Any:
        return cls(clusters(*problem.X.shape), init=start(problem), n_init=1, **settings).fit(problem.X)

    return Contender(name, name.split()[0], fit)


def by_default(name: str, cls: Any) -> Contender:
    def fit(problem: Problem, tol: float) -> Any:
        return cls(clusters(*problem.X.shape), random_state=0).fit(problem.X)

    return Contender(name, name, fit)


class FaissCentres:
    """faiss's centres under scikit-learn's name."""

    def __init__(self, centres: np.ndarray) -> None:
        self.cluster_centers_ = centres


def faiss_lloyd(kind: Any) -> Contender:
    def fit(problem: Problem, tol: float) -> Any:
        import faiss

        (n, p), k = problem.X.shape, clusters(*problem.X.shape)
        # `fit` must not count the reference: it is cached when the quality of ours is measured, before any peer runs
        model = faiss.Kmeans(p, k, niter=reference(kind, n, p)[1], max_points_per_centroid=n, min_points_per_centroid=1)
        model.train(problem.X.astype(np.float32), init_centroids=start(problem).astype(np.float32))
        return FaissCentres(model.centroids)

    return Contender("faiss-cpu Kmeans", "faiss-cpu", fit)


def cases(title: str, kind: Any, shapes: dict[str, tuple[int, int]]) -> tuple[Case, Case]:
    lloyd = same_start("scikit-learn lloyd", sk.KMeans)
    elkan = same_start("scikit-learn elkan", sk.KMeans, algorithm="elkan")
    return (
        Case(
            f"KMeans: {title}, same start",
            shapes,
            kind,
            same_start("panlearn", ours.KMeans),
            (lloyd, faiss_lloyd(kind), elkan),
            quality(kind),
            TARGET,
            MEASURE,
        ),
        Case(
            f"KMeans: {title}, k-means++",
            shapes,
            kind,
            by_default("panlearn", ours.KMeans),
            (by_default("scikit-learn", sk.KMeans),),
            own_start,
            TARGET,
            "0; the objective is the inertia relative to that of random rows as centres",
        ),
    )


CASES = (
    *cases("16 columns, k = 64", blobs, {"tiny": (300, 16), "small": (1_000, 16), "large": (200_000, 16)}),
    *cases("64 columns, k = 256", blobs, {"tiny": (600, 64), "large": (100_000, 64)}),
    *cases("784 columns, k = 100", correlated, {"tiny": (300, 784), "large": (20_000, 784)}),
    *cases("4 columns, k = 10", blobs, {"tiny": (90, 4), "small": (1_000, 4), "large": (1_000_000, 4)}),
)
