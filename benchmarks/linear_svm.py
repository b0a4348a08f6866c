"""Linear support vector machines against LIBLINEAR and LIBSVM at equal objective."""

from typing import Any

import numpy as np
from sklearn import svm as sk

from benchmarks import problems
from benchmarks.cases import Case, Contender, Problem, Quality, estimator
from panlearn import svm as ours

DENSE = {"tiny": (80, 4), "small": (500, 10), "medium": (20_000, 20), "large": (1_000_000, 20)}
TEXT = {"tiny": (60, 200), "medium": (2000, 10_000), "large": (20_000, 100_000)}
MEASURE = "objective above the least one, relative"
EQUAL = 1e-4
# tol is in units of the margin: what it means for the objective differs with the loss. Both sides get the same factor.
LOOSE = {"hinge": 5.0, "squared_hinge": 200.0, "epsilon_insensitive": 10.0, "squared_epsilon_insensitive": 500.0}
_least: dict[tuple, float] = {}


def objective(problem: Problem, model: Any, loss: str) -> float:
    """1/2 |w|^2 + 1/2 b^2 + the losses, at C = 1 and epsilon = 0.1."""
    w, b = np.ravel(model.coef_).astype(np.float64), float(np.ravel(model.intercept_)[0])
    z = problem.X @ w + b
    over = np.maximum(0.0, 1 - (2 * problem.y - 1) * z if loss.endswith("hinge") else np.abs(z - problem.y) - 0.1)
    return 0.5 * float(w @ w + b * b) + float((over**2 if loss.startswith("squared") else over).sum())


def least(problem: Problem, loss: str) -> float:
    """The least objective, from our solver at a tight tolerance; its gap says that nothing is lower."""
    key = loss, problem.X.shape, float(problem.y[:50].sum())
    if key not in _least:
        cls: Any = ours.LinearSVC if loss.endswith("hinge") else ours.LinearSVR
        more = {} if loss.endswith("hinge") else {"epsilon": 0.1}
        model = cls(loss=loss, tol=1e-6, max_iter=10_000, random_state=1, **more).fit(problem.X, problem.y)
        _least[key] = float(np.ravel(model.objective_)[0] - np.ravel(model.dual_gap_)[0])
    return _least[key]


def case(name: str, shapes: dict, problem: Any, loss: str) -> Case:
    """Both by the same loss, to the same objective."""
    classifies = loss.endswith("hinge")
    settings: dict[str, Any] = {"loss": loss, "random_state": 0, **({} if classifies else {"epsilon": 0.1})}
    mine: Any = ours.LinearSVC if classifies else ours.LinearSVR
    peer: Any = sk.LinearSVC if classifies else sk.LinearSVR

    def fit(problem: Problem, tol: float) -> Any:
        return mine(tol=LOOSE[loss] * tol, **settings).fit(problem.X, problem.y)

    def theirs(problem: Problem, tol: float) -> Any:
        return peer(tol=LOOSE[loss] * tol, max_iter=100_000, dual="auto", **settings).fit(problem.X, problem.y)

    def quality(problem: Problem, model: Any) -> Quality:
        value = objective(problem, model, loss)
        return Quality(max(0.0, value / least(problem, loss) - 1), value)

    return Case(
        f"{mine.__name__}: {name}, {loss}",
        shapes,
        problem,
        Contender("panlearn", "panlearn", fit, tuned=True),
        (Contender("scikit-learn (LIBLINEAR)", "scikit-learn", theirs, tuned=True),),
        quality,
        EQUAL,
        MEASURE,
    )


def kernel_objective(problem: Problem, model: Any) -> Quality:
    """The primal of C-SVC with a free intercept, relative to the least, which our certificate bounds."""
    key = "svc", problem.X.shape, float(problem.y[:50].sum())
    if key not in _least:
        best = ours.LinearSVC(loss="hinge", intercept_scaling=np.inf, tol=1e-6).fit(problem.X, problem.y)
        _least[key] = float(best.objective_[0] - best.dual_gap_[0])
    w, b = np.ravel(model.coef_), float(np.ravel(model.intercept_)[0])
    losses = np.maximum(0.0, 1 - (2 * problem.y - 1) * (problem.X @ w + b)).sum()
    value = 0.5 * float(w @ w) + float(losses)
    return Quality(max(0.0, value / _least[key] - 1), value)


CASES = (
    *(case("dense", DENSE, problems.two_classes, loss) for loss in ("squared_hinge", "hinge")),
    *(case("sparse text", TEXT, problems.text, loss) for loss in ("squared_hinge", "hinge")),
    *(
        case("dense", {**DENSE, "large": (200_000, 20)}, problems.regression, loss)
        for loss in ("squared_epsilon_insensitive", "epsilon_insensitive")
    ),
    Case(
        "SVC: linear kernel",
        {"tiny": (80, 4), "small": (500, 10), "medium": (10_000, 20), "large": (100_000, 20)},
        problems.two_classes,
        estimator("panlearn", "panlearn", ours.SVC, kernel="linear"),
        (estimator("scikit-learn (LIBSVM)", "scikit-learn", sk.SVC, kernel="linear"),),
        kernel_objective,
        EQUAL,
        MEASURE,
    ),
)
