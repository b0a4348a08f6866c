"""Best-subset selection against abess, and against plain swaps and orthogonal matching pursuit.

There is no optimum to measure a distance from, so the error of an answer is the number of its columns above the allowed
one, and what counts is the objective: the squared error of least squares on its columns, relative to that without any.
A package with a worse objective than ours keeps its time, since it is equal or better quality of ours that is asked. No
peer bounds the distance from the best subset, so ours is measured without its attempt at a proof.

L0Learn, the other package that is usually compared, has no Python distribution that installs on current versions.
`plain_swaps` stands in for its algorithm [hazimeh2020]: forward selection, then for each column of the support the best
replacement, until none helps, with every residual computed anew.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.special import gammaln
from sklearn.linear_model import OrthogonalMatchingPursuit

from benchmarks.cases import Case, Contender, Problem, Quality, Weights, estimator
from panlearn.linear_model import L0LogisticRegression, L0Regression

MEASURE = "columns above the allowed number; the objective is the relative squared error"


def planted(n: int, p: int, *, k: int, snr: float, correlation: float, classes: bool = False) -> Problem:
    """Gaussian columns, neighbours correlated (or all equally, if negative); k weights of -1 or 1."""
    rng = np.random.default_rng(k)
    X = rng.normal(size=(n, p))
    rho = abs(correlation)
    if correlation < 0:
        X = np.sqrt(1 - rho) * X + np.sqrt(rho) * rng.normal(size=(n, 1))
    else:
        for j in range(1, p):
            X[:, j] = rho * X[:, j - 1] + np.sqrt(1 - rho**2) * X[:, j]
    chosen = rng.choice(p, k, replace=False)
    signal = X[:, chosen] @ rng.choice([-1.0, 1.0], k)
    y = signal + rng.normal(size=n) * np.sqrt(signal.var() / snr)
    return Problem(X, (y > 0).astype(int) if classes else y)


def squared_error(problem: Problem, model: Any, k: int) -> Quality:
    """Of least squares on the model's columns, relative to that of a constant."""
    support = np.flatnonzero(np.ravel(model.coef_))
    return Quality(float(max(0, len(support) - k)), _relative_error(problem, support))


def _relative_error(problem: Problem, support: np.ndarray) -> float:
    Z, t = problem.X[:, support] - problem.X[:, support].mean(axis=0), problem.y - problem.y.mean()
    r = t - Z @ np.linalg.lstsq(Z, t)[0] if len(support) else t
    return float(r @ r / (t @ t))


def ebic(problem: Problem, model: Any, k: int) -> Quality:
    """EBIC of the size that was chosen, per row."""
    support, (n, p) = np.flatnonzero(np.ravel(model.coef_)), problem.X.shape
    m, error = len(support), _relative_error(problem, support)
    choices = gammaln(p + 1) - gammaln(m + 1) - gammaln(p - m + 1)
    return Quality(float(max(0, m - k)), float(np.log(error) + (m * np.log(n) + 2 * choices) / n))


def log_loss(problem: Problem, model: Any, k: int) -> Quality:
    """Mean loss of logistic regression, with a penalty too weak to be seen, on the model's columns."""
    support = np.flatnonzero(np.ravel(model.coef_))
    refit = L0LogisticRegression(len(support), l2=1e-6).fit(problem.X[:, support], problem.y)
    return Quality(float(max(0, len(support) - k)), float(refit.objective_))


def plain_swaps(problem: Problem, tol: float, k: int) -> Weights:
    """Forward selection and the best replacement of one column at a time, without any of the bookkeeping."""
    X, t = problem.X - problem.X.mean(axis=0), problem.y - problem.y.mean()
    X = X / np.linalg.norm(X, axis=0)
    support: list[int] = []
    for _ in range(k):
        support.append(int(np.abs(X.T @ _residual(X, t, support)).argmax()))
    best, better = float(np.sum(_residual(X, t, support) ** 2)), True
    while better:
        better = False
        for place in range(k):
            rest = support[:place] + support[place + 1 :]
            trial = [*rest, int(np.abs(X.T @ _residual(X, t, rest)).argmax())]
            error = float(np.sum(_residual(X, t, trial) ** 2))
            if error < best * (1 - 1e-9):
                support, best, better = trial, error, True
    coef = np.zeros(X.shape[1])
    coef[support] = 1.0  # quality refits
    return Weights(coef, 0.0)


def _residual(X: np.ndarray, t: np.ndarray, support: list[int]) -> np.ndarray:
    return t - X[:, support] @ np.linalg.lstsq(X[:, support], t)[0] if support else t


def abess(name: str, **settings: Any) -> Contender:
    def fit(problem: Problem, tol: float) -> Any:
        from abess import linear

        return getattr(linear, name)(**settings).fit(problem.X, problem.y)

    return Contender("abess", "abess", fit)


def case(k: int, snr: float, correlation: float) -> Case:
    among = f"all correlated {-correlation}" if correlation < 0 else f"neighbours correlated {correlation}"
    return Case(
        f"L0Regression: {k} columns, signal to noise {snr}, {among}",
        {"tiny": (120, 80), "medium": (500, 5000)},
        partial(planted, k=k, snr=snr, correlation=correlation),
        estimator("panlearn", "panlearn", L0Regression, max_nonzero=k, max_nodes=0),
        (
            abess("LinearRegression", support_size=k),
            estimator("scikit-learn OMP", "scikit-learn", OrthogonalMatchingPursuit, n_nonzero_coefs=k),
            Contender("plain swaps", "numpy", partial(plain_swaps, k=k)),
        ),
        partial(squared_error, k=k),
        1e-6,
        MEASURE,
    )


def path(k: int, snr: float, correlation: float) -> Case:
    single = case(k, snr, correlation)
    return single._replace(
        name=single.name.replace("columns", "sizes, by EBIC"),
        ours=estimator("panlearn", "panlearn", L0Regression, max_nonzero=k, criterion="ebic", max_nodes=0),
        peers=(abess("LinearRegression", support_size=range(k + 1), ic_type="ebic"),),
        quality=partial(ebic, k=k),
        measure="columns above the allowed number; the objective is EBIC",
    )


def logistic(k: int, snr: float, correlation: float) -> Case:
    single, problem = case(k, snr, correlation), partial(planted, k=k, snr=snr, correlation=correlation, classes=True)
    quality: Callable = partial(log_loss, k=k)
    return single._replace(
        name=single.name.replace("Regression", "LogisticRegression"),
        problem=problem,
        ours=estimator("panlearn", "panlearn", L0LogisticRegression, max_nonzero=k, l2=1e-6, max_nodes=0),
        peers=(abess("LogisticRegression", support_size=k),),
        quality=quality,
        measure="columns above the allowed number; the objective is the mean loss",
    )


DESIGNS = ((0.5, 0.5), (3.0, 0.9), (3.0, -0.5), (10.0, 0.5))
CASES = (
    *(case(k, *design) for k in (5, 10, 25, 50) for design in DESIGNS),
    *(path(k, *design) for k in (10, 50) for design in DESIGNS),
    *(logistic(k, *design) for k in (5, 10) for design in ((3.0, 0.5), (10.0, 0.9))),
)
