"""Gaussian mixtures against scikit-learn's: the same steps of EM from the same start, at equal likelihood.

A mixture has many maxima, so both packages get the same weights, means and precisions to start from, and take the same
number of steps; the likelihood is computed here, from the parameters of the answer. One case lets both find their own
start and converge.
"""

from functools import cache
from typing import Any

import numpy as np
from scipy.special import logsumexp
from sklearn import mixture as sk

from benchmarks.cases import Case, Contender, Problem, Quality
from panlearn import mixture as ours

STEPS, BLOCK = 5, 20_000
MEASURE = "mean log-likelihood of a row below that of scikit-learn's answer"


@cache
def bells(n: int, p: int) -> Problem:
    """Twenty overlapping bells of unlike direction."""
    rng = np.random.default_rng(0)
    centres, mix = 4 * rng.normal(size=(20, p)), np.eye(p) + 0.2 * rng.normal(size=(p, p))
    y = rng.integers(20, size=n)
    return Problem((centres[y] + 2.5 * rng.normal(size=(n, p))) @ mix, y)


@cache
def start(n: int, p: int, kind: str, k: int) -> dict[str, Any]:
    """Two steps from k-means, on the first rows."""
    X = bells(n, p).X[:5000]
    model = sk.GaussianMixture(k, covariance_type=kind, max_iter=2, tol=1e9, random_state=0, reg_covar=1e-3).fit(X)
    return {"weights_init": model.weights_, "means_init": model.means_, "precisions_init": model.precisions_}


def likelihood(X: np.ndarray, model: Any) -> float:
    """Mean log-likelihood of a row, from weights, means and factors of the precisions."""
    total, d = 0.0, X.shape[1]
    for a in range(0, len(X), BLOCK):
        joint = []
        for c, (weight, mean) in enumerate(zip(model.weights_, model.means_, strict=True)):
            U = model.precisions_cholesky_[c] if model.covariance_type != "tied" else model.precisions_cholesky_
            z = (X[a : a + BLOCK] - mean) @ U if U.ndim == 2 else (X[a : a + BLOCK] - mean) * U
            log_det = np.log(np.diag(U) if U.ndim == 2 else np.broadcast_to(U, d)).sum()
            joint.append(np.log(weight) + log_det - d / 2 * np.log(2 * np.pi) - 0.5 * (z * z).sum(axis=1))
        total += float(np.sum(logsumexp(joint, axis=0)))
    return total / len(X)


def fit(name: str, cls: type, kind: str, k: int, shared: bool) -> Contender:
    def run(problem: Problem, tol: float) -> Any:
        steps = {"max_iter": STEPS, "tol": 0.0, **start(*problem.X.shape, kind, k)} if shared else {"random_state": 0}
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # five steps do not converge
            return cls(k, covariance_type=kind, **steps).fit(problem.X)

    return Contender(name, name, run)


def case(kind: str, k: int, shapes: dict[str, tuple[int, int]], shared: bool = True) -> Case:
    peer = fit("scikit-learn", sk.GaussianMixture, kind, k, shared)

    @cache
    def reference(n: int, p: int) -> float:
        problem = bells(n, p)
        return likelihood(problem.X, peer.fit(problem, 0.0))

    def quality(problem: Problem, model: Any) -> Quality:
        found = likelihood(problem.X, model)
        return Quality(max(0.0, reference(*problem.X.shape) - found), -found)

    title = f"{STEPS} steps" if shared else "own start, converged"
    own = fit("panlearn", ours.GaussianMixture, kind, k, shared)
    target = 1e-8 if shared else 5e-3
    return Case(f"GaussianMixture {kind}, k = {k}: {title}", shapes, bells, own, (peer,), quality, target, MEASURE)


CASES = (
    case("full", 16, {"tiny": (200, 4), "small": (1_000, 8), "medium": (20_000, 16), "large": (200_000, 16)}),
    case("diag", 20, {"tiny": (200, 4), "small": (1_000, 10), "medium": (50_000, 10), "large": (1_000_000, 10)}),
    case("tied", 16, {"tiny": (200, 4), "medium": (20_000, 16), "large": (200_000, 16)}),
    case("spherical", 16, {"tiny": (200, 4), "medium": (20_000, 16), "large": (200_000, 16)}),
    case("full", 3, {"tiny": (200, 2), "small": (1_000, 4), "medium": (20_000, 8)}, shared=False),
)
