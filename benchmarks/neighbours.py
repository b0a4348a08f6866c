"""Graphs of neighbours and SMOTE against scikit-learn, Faiss and imbalanced-learn.

The answers are exact, so the measure is the definition itself, on a sample: for a graph, the share of true neighbours
(all distances in float64, sorted) that are not joined; for SMOTE, whose draws are imbalanced-learn's seed for seed, the
largest difference from rows made by hand of the same draws.
"""

from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array
from sklearn.neighbors import kneighbors_graph

from benchmarks.cases import Case, Contender, Problem, Quality
from panlearn.evaluation import balanced_resample
from panlearn.neighbors import neighbors_graph

GRAPH = {"tiny": (80, 4), "small": (1_000, 10), "medium": (20_000, 16), "large": (100_000, 50)}
FLAT = {"tiny": (80, 3), "small": (1_000, 3), "medium": (100_000, 3)}
RARE = {"tiny": (80, 4), "small": (2_000, 10), "large": (100_000, 20)}
K, SAMPLE = 20, 100
VOTERS = 5  # neighbours of SMOTE
LEVELS = (5, 50, 500)  # of the columns that are categories


class Balanced(NamedTuple):
    """What a sampler returned."""

    X: np.ndarray
    y: np.ndarray


def clusters(n: int, p: int) -> Problem:
    """Thirty clusters, each flat in most directions, as data are."""
    rng = np.random.default_rng(0)
    centres, y = 2 * rng.normal(size=(30, p)), rng.integers(0, 30, n)
    inner = min(p, 8)
    return Problem(
        rng.normal(size=(n, inner)) @ rng.normal(size=(inner, p)) / 3 + centres[y] + 0.1 * rng.normal(size=(n, p)), y
    )


def one_in_five(n: int, p: int) -> Problem:
    rng = np.random.default_rng(0)
    y = (np.arange(n) % 5 == 0).astype(int)
    return Problem(rng.normal(size=(n, p)) + y[:, None], y)


def with_categories(n: int, p: int) -> Problem:
    problem, rng = one_in_five(n, p), np.random.default_rng(1)
    codes = [rng.integers(0, min(levels, n // 4), n) for levels in LEVELS]
    return Problem(np.column_stack([problem.X, *codes]), problem.y)


def joined(problem: Problem, graph: Any) -> Quality:
    """Share of true neighbours that are not joined."""
    X, missed = problem.X, 0
    rows = np.linspace(0, len(X) - 1, min(SAMPLE, len(X)), dtype=int)
    for i in rows:
        squares = ((X - X[i]) ** 2).sum(axis=1)
        squares[i] = np.inf
        own = graph.indices[graph.indptr[i] : graph.indptr[i + 1]]
        missed += len(np.setdiff1d(np.argpartition(squares, K)[:K], own))
    return Quality(missed / (K * len(rows)), 0.0)


def by_hand(problem: Problem, found: Balanced, categories: int = 0) -> Quality:
    """Largest difference in the numeric columns from rows made of the same draws."""
    n, own = len(problem.y), np.flatnonzero(problem.y == 1)
    numbers = problem.X[own, : problem.X.shape[1] - categories]
    codes = problem.X[own, problem.X.shape[1] - categories :]
    price = np.median(numbers.std(axis=0)) ** 2
    rng, wanted = np.random.RandomState(0), n - 2 * len(own)
    drawn, steps = rng.randint(low=0, high=len(own) * VOTERS, size=wanted), rng.uniform(size=wanted)
    worst = float(abs(int((found.y == 1).sum()) - (n - len(own))))
    for t in range(min(SAMPLE, wanted)):
        i = drawn[t] // VOTERS
        squares = ((numbers - numbers[i]) ** 2).sum(axis=1) + price * (codes != codes[i]).sum(axis=1)
        squares[i] = -np.inf
        j = np.argsort(squares)[1 + drawn[t] % VOTERS]
        expected = numbers[i] + steps[t] * (numbers[j] - numbers[i])
        worst = max(worst, float(np.abs(found.X[n + t, : len(expected)] - expected).max()))
    return Quality(worst, 0.0)


def ours(problem: Problem, tol: float) -> Any:
    return neighbors_graph(problem.X, n_neighbors=K, weights="distance")


def scikit_learn(problem: Problem, tol: float) -> Any:
    found = kneighbors_graph(problem.X, K, mode="distance", n_jobs=2)
    return found.maximum(found.T)


def faiss(problem: Problem, tol: float) -> Any:
    index = import_module("faiss").IndexFlatL2(problem.X.shape[1])
    X = problem.X.astype(np.float32)
    index.add(X)
    squares, near = index.search(X, K + 1)
    keep = near != np.arange(len(X))[:, None]
    keep[keep.all(axis=1), -1] = False
    rows = np.repeat(np.arange(len(X)), K)
    found = csr_array((np.sqrt(np.maximum(squares[keep], 0)), (rows, near[keep])), shape=(len(X), len(X)))
    return found.maximum(found.T)


def sample(problem: Problem, tol: float, categories: int = 0) -> Balanced:
    columns = range(problem.X.shape[1] - categories, problem.X.shape[1])
    settings = {"strategy": "smote", "random_state": 0, "categorical_features": list(columns)}
    return Balanced(*balanced_resample(problem.X, problem.y, **settings))


def imbalanced_learn(problem: Problem, tol: float, categories: int = 0) -> Balanced:
    samplers = import_module("imblearn.over_sampling")
    columns = list(range(problem.X.shape[1] - categories, problem.X.shape[1]))
    sampler = samplers.SMOTENC(columns, random_state=0) if categories else samplers.SMOTE(random_state=0)
    return Balanced(*sampler.fit_resample(problem.X, problem.y))


PEERS = (Contender("scikit-learn", "scikit-learn", scikit_learn), Contender("Faiss, flat", "faiss-cpu", faiss))

CASES = (
    Case(
        "neighbors_graph: 20 nearest",
        GRAPH,
        clusters,
        Contender("panlearn", "panlearn", ours),
        PEERS,
        joined,
        1e-4,
        "share of true neighbours that are not joined",
    ),
    Case(
        "neighbors_graph: 20 nearest, few columns",
        FLAT,
        clusters,
        Contender("panlearn", "panlearn", ours),
        PEERS,
        joined,
        1e-4,
        "share of true neighbours that are not joined",
    ),
    Case(
        "balanced_resample: SMOTE",
        RARE,
        one_in_five,
        Contender("panlearn", "panlearn", sample),
        (Contender("imbalanced-learn", "imbalanced-learn", imbalanced_learn),),
        by_hand,
        1e-9,
        "largest difference from rows made by hand of the same draws",
    ),
    Case(
        "balanced_resample: SMOTE-NC",
        RARE,
        with_categories,
        Contender("panlearn", "panlearn", lambda problem, tol: sample(problem, tol, len(LEVELS))),
        (Contender("imbalanced-learn", "imbalanced-learn", lambda p, tol: imbalanced_learn(p, tol, len(LEVELS))),),
        lambda problem, found: by_hand(problem, found, len(LEVELS)),
        1e-9,
        "largest difference in numeric columns from rows made by hand of the same draws",
    ),
)
