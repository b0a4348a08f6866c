"""Hierarchical clustering against fastcluster and SciPy.

All linkages here have one answer, the tree: the error is the largest relative difference of its sorted heights from
those of the peer that is the reference, and no tolerance makes a contender faster. The objective is the sum of heights.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from scipy.cluster import hierarchy

from benchmarks.cases import Case, Contender, Problem, Quality
from panlearn.cluster import linkage

SHAPES = {"tiny": (260, 4), "small": (1_000, 16), "medium": (5_000, 16), "large": (20_000, 16)}
TARGET = 1e-9
MEASURE = "largest relative difference of the sorted heights from the reference; the objective is their sum"


class Tree(NamedTuple):
    """A linkage matrix."""

    Z: np.ndarray


def normal(n: int, p: int) -> Problem:
    """Points without structure: no pruning helps, distances are much alike."""
    return Problem(np.random.default_rng(0).normal(size=(n, p)), np.zeros(n))


def fastcluster_linkage(X: np.ndarray, method: str, vector: bool) -> np.ndarray:
    """Fastcluster's matrix or its vector routine."""
    import fastcluster

    return fastcluster.linkage_vector(X, method) if vector else fastcluster.linkage(X, method)


@cache
def reference(n: int, p: int, method: str) -> np.ndarray:
    """Sorted heights by fastcluster, or by SciPy for few points, found once."""
    if n <= 1000:
        return np.sort(hierarchy.linkage(normal(n, p).X, method)[:, 2])
    return np.sort(fastcluster_linkage(normal(n, p).X, method, method in ("ward", "single", "centroid"))[:, 2])


def heights(method: str) -> Any:
    def quality(problem: Problem, model: Tree) -> Quality:
        expected, found = reference(*problem.X.shape, method), np.sort(model.Z[:, 2])
        return Quality(float(np.abs(found / expected - 1).max()), float(found.sum()))

    return quality


def ours(method: str) -> Contender:
    return Contender("panlearn", "panlearn", lambda problem, tol: Tree(linkage(problem.X, method)))


def theirs(method: str, *, vector: bool) -> Contender:
    name = "fastcluster linkage_vector" if vector else "fastcluster linkage"
    return Contender(name, "fastcluster", lambda problem, tol: Tree(fastcluster_linkage(problem.X, method, vector)))


def scipy_linkage(method: str) -> Contender:
    return Contender("SciPy", "scipy", lambda problem, tol: Tree(hierarchy.linkage(problem.X, method)))


CASES = (
    Case(
        "Ward linkage",
        SHAPES,
        normal,
        ours("ward"),
        (theirs("ward", vector=True), theirs("ward", vector=False), scipy_linkage("ward")),
        heights("ward"),
        TARGET,
        MEASURE,
    ),
    Case(
        "average linkage",
        SHAPES,
        normal,
        ours("average"),
        (theirs("average", vector=False), scipy_linkage("average")),
        heights("average"),
        TARGET,
        MEASURE,
    ),
    Case(
        "single linkage",
        SHAPES,
        normal,
        ours("single"),
        (theirs("single", vector=True), scipy_linkage("single")),
        heights("single"),
        TARGET,
        MEASURE,
    ),
    Case(
        "centroid linkage",
        SHAPES,
        normal,
        ours("centroid"),
        (theirs("centroid", vector=True),),
        heights("centroid"),
        TARGET,
        MEASURE,
    ),
)
