"""Kernel support vector machines against LIBSVM and oneDAL: fit at equal dual objective, prediction at equal values.

Every contender is given the same C, kernel and tolerance. The measure is the dual objective, computed in float64 from
the dual coefficients, above the least that any of our fits with a tight tolerance reached.
"""

import gzip
import os
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn import svm as sk
from sklearn.datasets import make_classification

from benchmarks.cases import Case, Contender, Problem, Quality
from panlearn import svm as ours
from panlearn.svm.kernel_function import KernelFunction, kernel_times

DATA = Path(os.environ.get("PANLEARN_DATA", Path(__file__).parents[2] / "shared" / "data"))
EQUAL = 1e-4
MEASURE = "dual objective above the least one, relative"
DENSE = {"tiny": (120, 4), "small": (1000, 20), "medium": (10_000, 20), "large": (20_000, 100)}
ROUND = {"tiny": (120, 40), "small": (1000, 120), "medium": (10_000, 120), "large": (30_000, 120)}
IMAGES = {"tiny": (120, 30), "small": (1000, 784), "medium": (5000, 784), "large": (10_000, 784)}


def clusters(n: int, p: int, noisy: bool) -> Problem:
    """Two classes of three clusters each; noisy: closer together, and a tenth of the labels at random."""
    found: Any = make_classification(
        n,
        p,
        n_informative=min(20, max(2, p // 2)),
        n_redundant=0,
        n_clusters_per_class=3 if p >= 8 else 1,
        class_sep=1.0 if noisy else 2.0,
        flip_y=0.1 if noisy else 0.0,
        random_state=0,
    )
    X, y = found
    return Problem(X / X.std(axis=0), y)


def one_hot(n: int, p: int) -> Problem:
    """Fourteen categorical features of unequal frequencies, as the census data of `adult` have when encoded."""
    rng = np.random.default_rng(0)
    each = np.array_split(np.arange(p), min(14, p))
    drawn = [rng.choice(own, n, p=np.exp(-np.arange(len(own))) / np.exp(-np.arange(len(own))).sum()) for own in each]
    columns = np.column_stack(drawn)
    X = sp.csr_matrix((np.ones(columns.size), (np.repeat(np.arange(n), len(each)), columns.ravel())), shape=(n, p))
    score = X @ rng.normal(size=p) + (X @ rng.normal(size=p)) * (X @ rng.normal(size=p)) / 3
    return Problem(X, (score + rng.normal(size=n) > np.quantile(score, 0.75)).astype(int))


def images(n: int, p: int) -> Problem:
    """Fashion-MNIST, clothes for the upper body or not; where the files are missing, mixtures of random pictures."""
    folder = DATA / "fashion_mnist"
    if p == 784 and folder.is_dir():
        X = _bytes(folder / "train-images-idx3-ubyte.gz", 16).reshape(-1, 784)[:n] / 255.0
        y = _bytes(folder / "train-labels-idx1-ubyte.gz", 8)[:n]
        return Problem(X, np.isin(y, (0, 2, 3, 4, 6)).astype(int))
    rng = np.random.default_rng(0)
    parts, y = rng.random((10, p)) ** 3, rng.integers(0, 10, n)
    X = np.clip(parts[y] + 0.3 * rng.normal(size=(n, p)), 0, 1)
    return Problem(X, np.isin(y, (0, 2, 3, 4, 6)).astype(int))


def _bytes(path: Path, header: int) -> np.ndarray:
    with gzip.open(path) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


@cache
def scale(make: Callable[..., Problem], shape: tuple[int, int]) -> float:
    """Gamma: one over the number of features times their variance."""
    X = make(*shape).X
    variance = X.multiply(X).mean() - X.mean() ** 2 if sp.issparse(X) else X.var()
    return float(1 / (shape[1] * variance))


def dual_objective(problem: Problem, model: Any, gamma: float) -> float:
    """1/2 beta'K beta - |beta|_1, from the coefficients of a fitted machine."""
    beta = np.asarray(model.dual_coef_.toarray() if sp.issparse(model.dual_coef_) else model.dual_coef_).T
    vectors = problem.X[model.support_]
    return float(
        0.5 * np.sum(beta * kernel_times(KernelFunction("rbf", gamma), vectors, vectors, beta)) - abs(beta).sum()
    )


def fit(cls: Any, C: float, gamma: float, problem: Problem, tol: float) -> Any:
    return cls(C=C, gamma=gamma).fit(problem.X, problem.y)


def oneapi() -> Any:
    from sklearnex.svm import SVC

    return SVC


def case(name: str, shapes: dict, make: Callable[[int, int], Problem], C: float) -> Case:
    """Fit with scikit-learn's default tolerance."""
    least: dict[tuple[int, int], float] = {}

    def gamma(problem: Problem) -> float:
        return scale(make, problem.X.shape)

    def quality(problem: Problem, model: Any) -> Quality:
        shape = problem.X.shape
        if shape not in least:
            best = ours.SVC(C=C, gamma=gamma(problem), tol=1e-5).fit(problem.X, problem.y)
            least[shape] = dual_objective(problem, best, gamma(problem))
        value = dual_objective(problem, model, gamma(problem))
        return Quality(max(0.0, (value - least[shape]) / abs(least[shape])), value)

    def contender(name: str, package: str, cls: Callable[[], Any]) -> Contender:
        return Contender(name, package, lambda problem, tol: fit(cls(), C, gamma(problem), problem, tol))

    return Case(
        f"SVC: {name}, C = {C:g}",
        shapes,
        make,
        contender("panlearn", "panlearn", lambda: ours.SVC),
        (
            contender("scikit-learn-intelex", "scikit-learn-intelex", oneapi),
            contender("scikit-learn (LIBSVM)", "scikit-learn", lambda: sk.SVC),
        ),
        quality,
        EQUAL,
        MEASURE,
    )


def prediction(name: str, shapes: dict, make: Callable[[int, int], Problem]) -> Case:
    """Decision values of all rows by machines fitted before the clock starts."""
    fitted: dict[tuple, Any] = {}

    def values(cls: Callable[[], Any], problem: Problem, tol: float) -> np.ndarray:
        key = cls, problem.X.shape
        if key not in fitted:
            fitted[key] = fit(cls(), 1.0, scale(make, problem.X.shape), problem, tol)
        return fitted[key].decision_function(problem.X)

    def quality(problem: Problem, found: np.ndarray) -> Quality:
        exact = values(plain, problem, 0.0)
        return Quality(float(np.abs(found - exact).max()), 0.0)

    def plain() -> Any:
        return sk.SVC

    def mine() -> Any:
        return ours.SVC

    return Case(
        f"SVC: prediction, {name}",
        shapes,
        make,
        Contender("panlearn", "panlearn", partial(values, mine)),
        (
            Contender("scikit-learn-intelex", "scikit-learn-intelex", partial(values, oneapi)),
            Contender("scikit-learn (LIBSVM)", "scikit-learn", partial(values, plain)),
        ),
        quality,
        1e-2,  # two machines within the tolerance of their fits
        "largest difference of decision values from LIBSVM's",
    )


def separable(n: int, p: int) -> Problem:
    return clusters(n, p, noisy=False)


def noisy(n: int, p: int) -> Problem:
    return clusters(n, p, noisy=True)


CASES = (
    *(case("separable", DENSE, separable, C) for C in (1.0, 100.0)),
    *(case("noisy", DENSE, noisy, C) for C in (1.0, 100.0)),
    *(case("sparse one-hot", ROUND, one_hot, C) for C in (1.0, 100.0)),
    *(case("images", IMAGES, images, C) for C in (1.0, 100.0)),
    prediction("noisy", DENSE, noisy),
    prediction("images", IMAGES, images),
)
