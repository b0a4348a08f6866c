"""What a benchmark case is: a problem, the ways to solve it, and a measure of the answer that trusts none of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

SIZES = ("tiny", "small", "medium", "large")  # tiny: only to test the harness


@dataclass
class Problem:
    """Data to fit."""

    X: Any  # (n, p), dense or CSR
    y: np.ndarray  # (n,)

    @cached_property
    def augmented(self) -> np.ndarray:
        """[X, 1], for packages without an intercept of their own; made before the clock starts."""
        return np.column_stack([self.X, np.ones(len(self.X))])


class Quality(NamedTuple):
    """How good an answer is, computed in float64 from its coefficients alone."""

    error: float  # distance from the optimum, 0 there; what the case's target bounds
    objective: float  # value of the function that is minimised


class Weights(NamedTuple):
    """Coefficients of a package that has no `coef_` and `intercept_`."""

    coef_: np.ndarray
    intercept_: Any


class Contender(NamedTuple):
    """One way to solve the problem."""

    name: str  # "scikit-learn lbfgs"
    package: str  # distribution whose version is printed
    fit: Callable[[Problem, float], Any]  # problem, tolerance -> fitted model
    tuned: bool = False  # has a tolerance, which the harness sets as loose as the target allows


class Case(NamedTuple):
    """A problem at several sizes, with the ways to solve it."""

    name: str
    shapes: Mapping[str, tuple[int, int]]  # size -> rows, columns
    problem: Callable[[int, int], Problem]
    ours: Contender
    peers: tuple[Contender, ...]  # those expected to be fast first: slow ones are then stopped sooner
    quality: Callable[[Problem, Any], Quality]
    target: float  # errors up to this count as equal; the tolerance that ours is given
    measure: str  # what `error` is, in words
    per_row: bool = False  # print time per row


def estimator(name: str, package: str, cls: type, *, tol: bool = False, **settings: Any) -> Contender:
    """A contender with scikit-learn's interface; `tol` says that the class has a tolerance to set."""

    def fit(problem: Problem, accuracy: float) -> Any:
        return cls(**settings, **({"tol": accuracy} if tol else {})).fit(problem.X, problem.y)

    return Contender(name, package, fit, tuned=tol)
