"""exp, log and sigmoid inside a kernel: vectorised by LLVM or not.

The same loop is compiled with `panlearn.core.numerics` and with libm, and compared with NumPy's and SciPy's own loops.
Where the first is several times faster than the second, its instructions work on whole vectors.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.special import expit

from benchmarks.cases import Case, Contender, Problem, Quality
from panlearn.core import numerics
from panlearn.core.jit import kernel


@kernel
def exp_loop(x, out):  # writes out
    for i in range(x.size):
        out[i] = numerics.exp(x[i])


@kernel
def log_loop(x, out):  # writes out
    for i in range(x.size):
        out[i] = numerics.log(x[i])


@kernel
def sigmoid_loop(x, out):  # writes out
    for i in range(x.size):
        out[i] = numerics.sigmoid(x[i])


@kernel
def libm_exp_loop(x, out):  # writes out
    for i in range(x.size):
        out[i] = math.exp(x[i])


@kernel
def libm_log_loop(x, out):  # writes out
    for i in range(x.size):
        out[i] = math.log(x[i])


@kernel
def libm_sigmoid_loop(x, out):  # writes out
    for i in range(x.size):
        out[i] = 1.0 / (1.0 + math.exp(-x[i]))


def into(name: str, package: str, loop: Callable) -> Contender:
    """A loop that writes its result into the problem's y."""

    def fit(problem: Problem, tol: float) -> np.ndarray:
        loop(problem.X, problem.y)
        return problem.y

    return Contender(name, package, fit)


def normal(n: int, p: int) -> Problem:
    x = 4 * np.random.default_rng(0).standard_normal(n)
    return Problem(x, np.empty_like(x))


def positive(n: int, p: int) -> Problem:
    problem = normal(n, p)
    return Problem(np.exp(problem.X), problem.y)


def units(exact: Callable) -> Callable[[Problem, np.ndarray], Quality]:
    """Largest error in units of the last place, against extended precision."""

    def quality(problem: Problem, values: np.ndarray) -> Quality:
        true = exact(problem.X.astype(np.longdouble))
        error = np.abs((values - true) / np.spacing(np.abs(true.astype(np.float64)))).max()
        return Quality(float(error), float(error))

    return quality


def case(name: str, problem: Callable, exact: Callable, ours: Callable, vector: Contender, libm: Callable) -> Case:
    return Case(
        f"{name} in a kernel loop",
        {"tiny": (1000, 1), "small": (1000, 1), "medium": (100_000, 1), "large": (5_000_000, 1)},
        problem,
        into("panlearn", "panlearn", ours),
        (vector, into("numba with libm", "numba", libm)),
        units(exact),
        4.0,
        "largest error in units of the last place",
        per_row=True,
    )


CASES = (
    case("exp", normal, np.exp, exp_loop, into("numpy", "numpy", np.exp), libm_exp_loop),
    case("log", positive, np.log, log_loop, into("numpy", "numpy", np.log), libm_log_loop),
    case(
        "sigmoid",
        normal,
        lambda x: 1 / (1 + np.exp(-x)),
        sigmoid_loop,
        into("scipy", "scipy", expit),
        libm_sigmoid_loop,
    ),
)
