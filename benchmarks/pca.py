"""Principal components against scikit-learn's solvers, at equal explained variance."""

from functools import cache
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn import decomposition as sk

from benchmarks.cases import Case, Contender, Problem, Quality, estimator
from panlearn import decomposition as ours

VARIANCE = "share of the largest possible explained variance that is missed"


def factors(n: int, p: int) -> Problem:
    """Factors of falling strength, noise, means away from 0."""
    rng = np.random.default_rng(0)
    r = max(1, min(p // 2, 100))
    X = rng.standard_normal((n, p))
    X += (rng.standard_normal((n, r)) * (3 * np.exp(-np.arange(r) / 25))) @ rng.standard_normal((r, p)) / np.sqrt(r)
    X += rng.normal(size=p)
    return Problem(X, np.zeros(n))


def counts(n: int, p: int) -> Problem:
    """Sparse rows: one entry in fifty, of columns that differ in frequency."""
    rng = np.random.default_rng(0)
    X = sp.random_array((n, p), density=0.02, format="csr", rng=rng)
    return Problem(sp.csr_array(X * (1 / np.sqrt(1 + np.arange(p)))), np.zeros(n))


@cache
def _largest(size: tuple[int, int, bool], k: int) -> float:
    """The most variance that k directions can explain, from all eigenvalues of the smaller Gram matrix."""
    n, p, sparse = size
    X: Any = (counts if sparse else factors)(n, p).X
    mean = np.asarray(X.mean(axis=0)).ravel()
    C = X.T @ X
    C = (C.toarray() if sparse else C) - n * np.outer(mean, mean)
    from scipy.linalg import eigh

    return float(eigh(C, eigvals_only=True, subset_by_index=[p - k, p - 1]).sum())


def explained(problem: Problem, model: Any) -> Quality:
    """What is missed of the largest explained variance, from the components alone, made orthonormal."""
    X, k = problem.X, len(model.components_)
    V = np.linalg.qr(np.asarray(model.components_, np.float64).T)[0]
    Z = X @ V - np.asarray(X.mean(axis=0)).ravel() @ V
    found = float(np.einsum("ij,ij->", Z, Z))
    best = _largest((*X.shape, sp.issparse(X)), k)
    return Quality(max(1 - found / best, 0.0), 1 - found / best)


def sklearn(k: int, solver: str, **settings: Any) -> Contender:
    name = " ".join(["scikit-learn", solver, *(f"{v}" for v in settings.values())])
    return estimator(name, "scikit-learn", sk.PCA, n_components=k, svd_solver=solver, random_state=0, **settings)


def panlearn(k: int) -> Contender:
    return estimator("panlearn", "panlearn", ours.PCA, n_components=k, random_state=0)


CASES = (
    Case(
        "PCA: 10 components",
        {"tiny": (80, 20), "small": (200, 20), "medium": (20_000, 100), "large": (1_000_000, 100)},
        factors,
        panlearn(10),
        (sklearn(10, "covariance_eigh"), sklearn(10, "randomized"), sklearn(10, "arpack")),
        explained,
        1e-5,
        VARIANCE,
    ),
    Case(
        "PCA: 50 components",
        {"tiny": (90, 60), "medium": (20_000, 100), "large": (1_000_000, 100)},
        factors,
        panlearn(50),
        (sklearn(50, "covariance_eigh"), sklearn(50, "randomized")),
        explained,
        1e-5,
        VARIANCE,
    ),
    Case(
        "PCA: 50 components of many columns",
        {"tiny": (90, 70), "medium": (4000, 2000), "large": (20_000, 5000)},
        factors,
        panlearn(50),
        (
            sklearn(50, "randomized"),
            sklearn(50, "randomized", iterated_power=4),
            sklearn(50, "randomized", iterated_power=5),
            sklearn(50, "randomized", iterated_power=7),
            sklearn(50, "covariance_eigh"),
            sklearn(50, "arpack"),
        ),
        explained,
        1e-5,
        VARIANCE,
    ),
    Case(
        "PCA: sparse, 20 components",
        {"tiny": (90, 60), "medium": (20_000, 1000), "large": (200_000, 2000)},
        counts,
        panlearn(20),
        (sklearn(20, "arpack"), sklearn(20, "covariance_eigh")),
        explained,
        1e-5,
        VARIANCE,
    ),
)
