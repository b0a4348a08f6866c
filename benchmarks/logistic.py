"""Logistic regression against scikit-learn's solvers, and with an L1 penalty against liblinear, saga, celer, skglm."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn import linear_model as sk
from sklearn.model_selection import StratifiedKFold

from benchmarks import problems
from benchmarks.cases import Case, Contender, Problem, Quality, Weights
from benchmarks.linear_model import panlearn, sklearn
from benchmarks.objectives import cross_entropy
from panlearn import linear_model as ours

MEAN_GRADIENT = "largest gradient component of the mean objective"
SUBGRADIENT = "largest subgradient component, relative to the least L1 strength at which all weights are 0"


@dataclass
class Sparse(Problem):
    """A problem with the strength of its L1 penalty."""

    strength: float  # of |w|_1 beside the mean loss
    largest: float  # strength from which on all weights are 0

    @property
    def C(self) -> float:
        """The same as scikit-learn counts it."""
        return 1 / (self.strength * len(self.y))


def sparse(problem: Callable[[int, int], Problem], share: float, n: int, p: int) -> Sparse:
    """A problem whose strength is a share of the largest useful one; without intercept, which celer does not have."""
    made = problem(n, p)
    largest = float(np.abs(made.X.T @ (made.y - 0.5)).max()) / n
    return Sparse(made.X, made.y, share * largest, largest)


def l1_quality(problem: Any, model: Any) -> Quality:
    """Largest subgradient component of mean loss + strength |w|_1, and its value, from the weights alone."""
    w = np.ravel(model.coef_).astype(np.float64)
    z = problem.X @ w
    gradient = problem.X.T @ (expit(z) - problem.y) / len(z)
    zero = np.maximum(np.abs(gradient) - problem.strength, 0)
    error = np.where(w == 0, zero, np.abs(gradient + problem.strength * np.sign(w))).max() / problem.largest
    loss = np.logaddexp(0.0, z) - problem.y * z
    return Quality(float(error), float(loss.mean() + problem.strength * np.abs(w).sum()))


def l1_panlearn(problem: Any, tol: float) -> Any:
    model = ours.LogisticRegression(C=problem.C, l1_ratio=1, fit_intercept=False, tol=tol * problem.largest)
    return model.fit(problem.X, problem.y)


def l1_sklearn(solver: str) -> Contender:
    def fit(problem: Any, tol: float) -> Any:
        settings = {"fit_intercept": False, "max_iter": 1000, "random_state": 0}
        model = sk.LogisticRegression(C=problem.C, l1_ratio=1, solver=solver, tol=tol, **settings)
        return model.fit(problem.X, problem.y)

    return Contender(f"scikit-learn {solver}", "scikit-learn", fit, tuned=True)


def l1_celer(problem: Any, tol: float) -> Any:
    from celer import LogisticRegression

    return LogisticRegression(C=problem.C, tol=tol, fit_intercept=False).fit(problem.X, problem.y)


def l1_skglm(problem: Any, tol: float) -> Any:
    from skglm import SparseLogisticRegression

    model = SparseLogisticRegression(alpha=problem.strength, tol=tol * problem.largest, fit_intercept=False)
    return model.fit(problem.X, problem.y)


def l1(name: str, shapes: dict, problem: Any, share: float) -> Case:
    return Case(
        f"LogisticRegression, L1: {name}, {share} of the largest strength",
        shapes,
        partial(sparse, problem, share),
        Contender("panlearn", "panlearn", l1_panlearn, tuned=True),
        (
            Contender("skglm", "skglm", l1_skglm, tuned=True),
            l1_sklearn("liblinear"),
            Contender("celer", "celer", l1_celer, tuned=True),
            l1_sklearn("saga"),
        ),
        l1_quality,
        1e-4,
        SUBGRADIENT,
    )


def statsmodels_logit(problem: Problem, tol: float) -> Weights:
    from statsmodels.discrete.discrete_model import Logit

    params = Logit(problem.y, problem.augmented).fit(method="newton", tol=tol, disp=0).params
    return Weights(params[:-1], params[-1])


def logistic_peers(*solvers: str, C: float = 1.0) -> tuple[Contender, ...]:
    """LIBLINEAR penalises the intercept; intercept_scaling makes that penalty small enough for the target."""
    more: dict[str, dict[str, Any]] = {
        "lbfgs": {"max_iter": 10_000},
        "sag": {"max_iter": 1000, "random_state": 0},
        "saga": {"max_iter": 1000, "random_state": 0},
        "liblinear": {"max_iter": 1000, "intercept_scaling": 100.0, "random_state": 0},
    }
    return tuple(
        sklearn(sk.LogisticRegression, s, tol=True, solver=s, C=C, **more.get(s, {"max_iter": 1000})) for s in solvers
    )


def logistic(name: str, shapes: dict, problem: Any, solvers: str, C: float = 1.0, target: float = 1e-4) -> Case:
    peers = logistic_peers(*solvers.split(), C=C)
    return Case(
        f"LogisticRegression: {name}",
        {"tiny": (80, 5), **shapes},
        problem,
        panlearn(ours.LogisticRegression, tol=True, C=C),
        peers,
        partial(cross_entropy, C=C),
        target,
        MEAN_GRADIENT,
    )


def scores(problem: Problem, model: Any) -> Quality:
    """Distance of the best mean score from that of exact fits at the strength chosen, and minus that score."""
    best = float(model.scores_.mean(axis=0).max())
    total, folds = 0.0, list(StratifiedKFold(3).split(problem.X, problem.y))
    for train, test in folds:
        exact = sk.LogisticRegression(C=model.C_, tol=1e-8, max_iter=5000).fit(problem.X[train], problem.y[train])
        p = exact.predict_proba(problem.X[test])[np.arange(len(test)), problem.y[test]]
        total += float(np.log(p).mean()) / len(folds)
    return Quality(abs(best - total), -best)


def cross_validated(name: str, shapes: dict, problem: Any) -> Case:
    settings = {"cv": 3, "l1_ratios": (0,), "scoring": "neg_log_loss", "use_legacy_attributes": False}
    peers = tuple(
        sklearn(sk.LogisticRegressionCV, s, tol=True, solver=s, max_iter=1000, **settings)
        for s in ("newton-cholesky", "lbfgs", "newton-cg")
    )
    return Case(
        f"LogisticRegressionCV: {name}",
        shapes,
        problem,
        panlearn(ours.LogisticRegressionCV, tol=True, **settings),
        peers,
        scores,
        1e-3,
        "distance of the best score from that of exact fits",
    )


SMALL = {"tiny": (80, 5), "small": (10_000, 10)}
DENSE = {"medium": (10_000, 20), "large": (200_000, 50)}
TEXT = {"tiny": (60, 200), "medium": (2000, 10_000), "large": (20_000, 100_000)}
ALL = "newton-cholesky lbfgs newton-cg liblinear sag saga"
LOGISTIC = (
    logistic("iris, 2 classes", {"small": (150, 4)}, problems.iris_virginica, ALL),
    logistic("iris, 3 classes", {"small": (150, 4)}, problems.iris, "newton-cholesky lbfgs newton-cg sag saga"),
    logistic("10 features", SMALL, problems.two_classes, ALL),
    logistic("20 features", {"large": (1_000_000, 20)}, problems.two_classes, "newton-cholesky lbfgs newton-cg"),
    logistic("2 classes", DENSE, problems.two_classes, ALL),
    logistic("2 classes, to 1e-8", DENSE, problems.two_classes, "newton-cholesky newton-cg lbfgs", target=1e-8),
    logistic("badly scaled", DENSE, problems.two_classes_badly_scaled, "newton-cholesky newton-cg lbfgs liblinear"),
    logistic("sparse text", TEXT, problems.text, "lbfgs newton-cg liblinear sag saga"),
    logistic("sparse text, to 1e-6", TEXT, problems.text, "lbfgs newton-cg liblinear sag", target=1e-6),
    logistic("10 classes", {"medium": (5000, 64)}, problems.ten_classes, "lbfgs newton-cg newton-cholesky sag saga"),
    logistic("10 classes, p > n", {"medium": (100, 1000)}, problems.ten_classes, "lbfgs newton-cg sag saga"),
)
UNPENALISED = logistic(
    "no penalty",
    {"small": (150, 4), **DENSE},
    problems.two_classes,
    "newton-cholesky lbfgs newton-cg",
    C=np.inf,
)
L1 = tuple(
    case
    for share in (0.1, 0.02)
    for case in (
        l1("10 features", {**SMALL, "tiny": (80, 5)}, problems.two_classes, share),
        l1("50 features", {"tiny": (90, 8), "large": (200_000, 50)}, problems.two_classes, share),
        l1("p > n", {"tiny": (40, 150), "medium": (1000, 20_000)}, problems.two_classes, share),
        l1("sparse text", TEXT, problems.text, share),
    )
)
CASES = (
    *LOGISTIC,
    UNPENALISED._replace(
        peers=(*UNPENALISED.peers, Contender("statsmodels Logit", "statsmodels", statsmodels_logit, tuned=True))
    ),
    *L1,
    cross_validated("2 classes", {"tiny": (90, 4), "medium": (10_000, 20)}, problems.two_classes),
    cross_validated("10 classes", {"tiny": (120, 6), "medium": (1000, 20)}, problems.ten_classes),
)
