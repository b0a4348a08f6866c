"""Generalised linear models against scikit-learn, statsmodels and glum."""

from functools import partial
from typing import Any

import numpy as np
from scipy.special import xlogy
from sklearn import linear_model as sk

from benchmarks.cases import Case, Contender, Problem, Quality, Weights, estimator
from panlearn import linear_model as ours

MEASURE = "largest subgradient component of the penalised mean half-deviance"
LEVELS = (10, 50, 100)  # of the categorical columns
BLOCK = 50_000  # rows whose one-hot columns are held at a time
FAMILIES = {"poisson": 1.0, "gamma": 2.0, "tweedie": 1.5}


def response(eta: np.ndarray, family: str, rng: np.random.Generator) -> np.ndarray:
    """A draw from the family with the log link."""
    if family == "poisson":
        return rng.poisson(np.exp(eta)).astype(float)
    amounts = rng.gamma(2.0, np.exp(eta) / 2.0) + 1e-9
    return amounts if family == "gamma" else amounts * (rng.random(len(eta)) < 0.3)


def dense(n: int, p: int, family: str, scale: float = 0.6) -> Problem:
    """Normal features, a tenth to all of which matter."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, p))
    w = rng.normal(size=p) * (rng.random(p) < max(0.1, min(1.0, 20 / p)))
    eta = X @ (w * scale / max(np.linalg.norm(w), 1e-9)) - 0.5
    return Problem(X, response(eta, family, rng))


def mixed(n: int, p: int, family: str) -> Problem:
    """A data frame of normal columns and three categorical ones."""
    import pandas as pd

    problem, rng = dense(n, p - len(LEVELS), family), np.random.default_rng(1)
    table, eta = pd.DataFrame(problem.X, columns=[f"x{j}" for j in range(p - len(LEVELS))]), problem.X[:, 0] * 0.3 - 0.5
    for count in LEVELS:
        codes = rng.permutation(np.arange(n) % count)
        table[f"c{count}"] = pd.Categorical(codes)
        eta = eta + rng.normal(size=count)[codes] * 0.2
    return Problem(table, response(eta, family, rng))


def penalised_deviance(problem: Problem, model: Any, family: str, alpha: float, l1_ratio: float) -> Quality:
    """Subgradient and value of 1/n sum d/2 + alpha (l1_ratio |w|_1 + (1 - l1_ratio)/2 |w|^2), log link."""
    power, n = FAMILIES[family], len(problem.y)
    w, b = np.ravel(model.coef_).astype(float), float(np.ravel(model.intercept_)[0])
    value, gradient, pull = 0.0, np.zeros(len(w)), 0.0
    for start in range(0, n, BLOCK):
        rows = slice(start, start + BLOCK)
        X, y = design(problem.X, rows), problem.y[rows]
        mu = np.exp(X @ w + b)
        u = (mu - y) * mu ** (1.0 - power)
        value += half_deviance(y, mu, power).sum()
        gradient, pull = gradient + X.T @ u, pull + u.sum()
    gradient = gradient / n + alpha * (1.0 - l1_ratio) * w
    l1 = alpha * l1_ratio
    distance = np.where(w == 0, np.maximum(np.abs(gradient) - l1, 0.0), np.abs(gradient + l1 * np.sign(w)))
    penalty = l1 * np.abs(w).sum() + 0.5 * alpha * (1.0 - l1_ratio) * (w @ w)
    return Quality(float(max(distance.max(), abs(pull / n))), float(value / n + penalty))


def half_deviance(y: np.ndarray, mu: np.ndarray, power: float) -> np.ndarray:
    """Half the unit deviance, without what depends on y alone."""
    if power == 1:
        return mu - xlogy(y, mu)
    if power == 2:
        return y / mu + np.log(mu)
    return mu ** (2 - power) / (2 - power) - y * mu ** (1 - power) / (1 - power)


def design(X: Any, rows: slice) -> np.ndarray:
    """Rows as an array, with all levels of categorical columns as columns of zeros and ones."""
    if isinstance(X, np.ndarray):
        return X[rows]
    part, blocks = X.iloc[rows], []
    for name in X.columns:
        column = part[name]
        if hasattr(column, "cat"):
            blocks.append(np.eye(len(column.cat.categories))[column.cat.codes])
        else:
            blocks.append(column.to_numpy()[:, None])
    return np.hstack(blocks)


def panlearn(family: str, alpha: float, l1_ratio: float = 0.0) -> Contender:
    settings: dict[str, Any] = {"family": family, "alpha": alpha, "l1_ratio": l1_ratio, "power": 1.5}
    return estimator("panlearn", "panlearn", ours.GeneralizedLinearRegressor, tol=True, **settings)


def sklearn(family: str, alpha: float) -> tuple[Contender, ...]:
    cls, more = {
        "poisson": (sk.PoissonRegressor, {}),
        "gamma": (sk.GammaRegressor, {}),
        "tweedie": (sk.TweedieRegressor, {"power": 1.5}),
    }[family]
    return tuple(
        estimator(f"scikit-learn {s}", "scikit-learn", cls, tol=True, alpha=alpha, solver=s, max_iter=1000, **more)
        for s in ("newton-cholesky", "lbfgs")
    )


def glum(family: str, alpha: float, l1_ratio: float = 0.0) -> Contender:
    def fit(problem: Problem, tol: float) -> Any:
        from glum import GeneralizedLinearRegressor, TweedieDistribution

        power: Any = FAMILIES[family]
        kind: Any = TweedieDistribution(power) if family == "tweedie" else family
        settings = {"alpha": alpha, "l1_ratio": l1_ratio, "gradient_tol": tol, "max_iter": 1000}
        return GeneralizedLinearRegressor(family=kind, link="log", **settings).fit(problem.X, problem.y)

    return Contender("glum", "glum", fit, tuned=True)


def statsmodels(family: str) -> Contender:
    def fit(problem: Problem, tol: float) -> Weights:
        from statsmodels.genmod import families
        from statsmodels.genmod.generalized_linear_model import GLM

        log = families.links.Log()
        kind = {"poisson": families.Poisson(log), "gamma": families.Gamma(log)}[family]
        params = GLM(problem.y, problem.augmented, family=kind).fit(tol=tol).params
        return Weights(params[:-1], params[-1])

    return Contender("statsmodels GLM", "statsmodels", fit, tuned=True)


def case(name: str, shapes: dict, problem: Any, family: str, peers: tuple, alpha: float, l1_ratio: float = 0.0) -> Case:
    quality = partial(penalised_deviance, family=family, alpha=alpha, l1_ratio=l1_ratio)
    make = partial(problem, family=family)
    return Case(name, shapes, make, panlearn(family, alpha, l1_ratio), peers, quality, 1e-6, MEASURE)


DENSE = {"tiny": (120, 4), "small": (500, 5), "medium": (10_000, 20), "large": (1_000_000, 20)}
MIXED = {"tiny": (600, 6), "medium": (50_000, 50), "large": (1_000_000, 50)}
WIDE = {"tiny": (60, 90), "medium": (500, 3000), "large": (2000, 50_000)}
CASES = (
    *(
        case(f"{family}: ridge", DENSE, dense, family, (*sklearn(family, 0.01), glum(family, 0.01)), 0.01)
        for family in FAMILIES
    ),
    *(
        case(
            f"{family}: no penalty",
            DENSE,
            dense,
            family,
            (*sklearn(family, 0.0), glum(family, 0.0), statsmodels(family)),
            0.0,
        )
        for family in ("poisson", "gamma")
    ),
    *(
        case(f"{family}: elastic net, categorical columns", MIXED, mixed, family, (glum(family, 0.01, 0.5),), 0.01, 0.5)
        for family in ("poisson", "gamma")
    ),
    case("poisson: elastic net, p > n", WIDE, dense, "poisson", (glum("poisson", 0.1, 0.5),), 0.1, 0.5),
    case("poisson: ridge, p > n", WIDE, dense, "poisson", (*sklearn("poisson", 1.0), glum("poisson", 1.0)), 1.0),
)
