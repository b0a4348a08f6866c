"""Linear models against scikit-learn and statsmodels."""

from functools import partial
from typing import Any, Literal

import numpy as np
from sklearn import linear_model as sk
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from benchmarks import problems
from benchmarks.cases import Case, Contender, Problem, Weights, estimator
from benchmarks.objectives import least_norm, least_squares, polynomial
from panlearn import linear_model as ours

GRADIENT = "largest gradient component, relative to the one at zero weights"


def sklearn(cls: type, name: str, *, tol: bool = False, **settings: Any) -> Contender:
    return estimator(f"scikit-learn {name}".rstrip(), "scikit-learn", cls, tol=tol, **settings)


def panlearn(cls: type, *, tol: bool = False, **settings: Any) -> Contender:
    return estimator("panlearn", "panlearn", cls, tol=tol, **settings)


def statsmodels_ols(method: Literal["pinv", "qr"]) -> Contender:
    def fit(problem: Problem, tol: float) -> Weights:
        from statsmodels.regression.linear_model import OLS

        params = OLS(problem.y, problem.augmented).fit(method=method).params
        return Weights(params[:-1], params[-1])

    return Contender(f"statsmodels OLS {method}", "statsmodels", fit)


def numpy_lstsq(problem: Problem, tol: float) -> Weights:
    params = np.linalg.lstsq(problem.augmented, problem.y)[0]
    return Weights(params[:-1], params[-1])


def ridge_peers(*solvers: str) -> tuple[Contender, ...]:
    direct = {"cholesky", "svd"}
    more = {"sag": {"max_iter": 1000, "random_state": 0}, "saga": {"max_iter": 1000, "random_state": 0}}
    return tuple(
        sklearn(
            sk.Ridge, s, tol=s not in direct, solver=s, **more.get(s, {"max_iter": None if s in direct else 10_000})
        )
        for s in solvers
    )


CASES = (
    Case(
        "LinearRegression: dense",
        {"tiny": (60, 3), "small": (150, 4), "medium": (10_000, 20), "large": (1_000_000, 50)},
        problems.regression,
        panlearn(ours.LinearRegression),
        (
            sklearn(sk.LinearRegression, ""),
            Contender("numpy lstsq", "numpy", numpy_lstsq),
            statsmodels_ols("qr"),
            statsmodels_ols("pinv"),
        ),
        least_squares,
        1e-8,
        GRADIENT,
    ),
    Case(
        "LinearRegression: many columns",
        {"tiny": (90, 20), "large": (100_000, 500)},
        problems.regression,
        panlearn(ours.LinearRegression),
        (sklearn(sk.LinearRegression, ""), statsmodels_ols("qr")),
        least_squares,
        1e-8,
        GRADIENT,
    ),
    Case(
        "LinearRegression: p > n",
        {"tiny": (10, 30), "medium": (200, 2000)},
        problems.regression,
        panlearn(ours.LinearRegression),
        (sklearn(sk.LinearRegression, ""),),
        least_norm,
        1e-8,
        "relative distance from the least-norm solution",
    ),
    Case(
        "LinearRegression: sparse",
        {"tiny": (200, 12), "medium": (20_000, 500), "large": (200_000, 2000)},
        problems.sparse_regression,
        panlearn(ours.LinearRegression, tol=True),
        (sklearn(sk.LinearRegression, "lsqr", tol=True),),
        least_squares,
        1e-6,
        GRADIENT,
    ),
    Case(
        "Ridge: dense",
        {"tiny": (60, 3), "small": (150, 4), "medium": (10_000, 20), "large": (1_000_000, 50)},
        problems.regression,
        panlearn(ours.Ridge),
        ridge_peers("cholesky", "lsqr", "sparse_cg", "svd", "sag"),
        partial(least_squares, alpha=1.0),
        1e-8,
        GRADIENT,
    ),
    Case(
        "Ridge: many columns",
        {"tiny": (90, 20), "large": (100_000, 500)},
        problems.regression,
        panlearn(ours.Ridge),
        ridge_peers("cholesky", "lsqr", "sparse_cg", "svd"),
        partial(least_squares, alpha=1.0),
        1e-8,
        GRADIENT,
    ),
    Case(
        "Ridge: p > n",
        {"tiny": (10, 30), "medium": (200, 2000)},
        problems.regression,
        panlearn(ours.Ridge),
        ridge_peers("cholesky", "lsqr", "sparse_cg", "svd"),
        partial(least_squares, alpha=1.0),
        1e-8,
        GRADIENT,
    ),
    Case(
        "Ridge: sparse",
        {"tiny": (200, 12), "medium": (20_000, 500), "large": (200_000, 2000)},
        problems.sparse_regression,
        panlearn(ours.Ridge, tol=True),
        ridge_peers("sparse_cg", "sag"),
        partial(least_squares, alpha=1.0),
        1e-6,
        GRADIENT,
    ),
    Case(
        "Ridge: sparse text",
        {"tiny": (60, 200), "medium": (2000, 10_000), "large": (20_000, 100_000)},
        problems.text_regression,
        panlearn(ours.Ridge, tol=True),
        ridge_peers("sparse_cg", "sag"),
        partial(least_squares, alpha=1.0),
        1e-4,
        GRADIENT,
    ),
    Case(
        "PolynomialRegression: degree 3",
        {"tiny": (80, 2), "small": (150, 2), "medium": (10_000, 5), "large": (100_000, 8)},
        problems.smooth_curve,
        panlearn(ours.PolynomialRegression, degree=3),
        (
            Contender(
                "scikit-learn PolynomialFeatures + LinearRegression",
                "scikit-learn",
                lambda problem, tol: make_pipeline(
                    PolynomialFeatures(3, include_bias=False), sk.LinearRegression()
                ).fit(problem.X, problem.y),
            ),
        ),
        partial(polynomial, degree=3),
        1e-8,
        GRADIENT,
    ),
)
