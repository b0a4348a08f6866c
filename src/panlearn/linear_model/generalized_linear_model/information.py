"""Fisher information of a generalised linear model, and the covariance of its coefficients [mccullagh1989].

    phi I^-1,    I = X' diag(s h) X        h the expected or the observed curvature
    I^-1 (X' diag(s u)^2 X) I^-1           u the first derivative, I observed: robust to a wrong variance (HC0)
                                           [white1980]

With a penalty P the estimate is shrunk: phi (I + P)^-1 I (I + P)^-1 is the covariance of the shrunk estimate around its
own mean, on the coefficients that are not 0, and trace((I + P)^-1 I) counts the degrees of freedom it uses. Intervals
then miss the bias of shrinking.

The dispersion phi is 1 where the family says so, else Pearson's chi^2 / (n - degrees of freedom). Weights are
precisions: the variance of a row is phi V(mu) / weight, and n counts rows.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from panlearn.core.blocks import RowSource, reduce_rows
from panlearn.core.errors import DataError
from panlearn.core.threads import scratch
from panlearn.linear_model.generalized_linear_model.design_rows import DesignRows
from panlearn.linear_model.generalized_linear_model.fisher_scoring import Problem, inside
from panlearn.linear_model.generalized_linear_model.inference import Inference
from panlearn.linear_model.generalized_linear_model.objective import row_sums_of

COVARIANCES = ("expected", "observed", "robust")
SHORT, POLISH = 1e-5, 5  # a last step in units of standard errors at phi = 1; most steps before it
COUNTED = 1000  # counts below this are tallied before functions are taken of them
SINGULAR = 1e-10  # eigenvalue of the information, on its unit diagonal, below which a direction is not identified


class Moments(NamedTuple):
    """Sums over rows, in full coding."""

    information: np.ndarray  # (size, size)
    meat: np.ndarray  # (size, size), or empty unless robust
    gradient: np.ndarray  # (size,), of half the deviance
    scalars: np.ndarray  # deviance, Pearson's chi^2, rows with weight


def infer(problem: Problem, x: np.ndarray, names: list[str], n_iter: int, moments: Moments, kind: str) -> Inference:
    """Covariance and summary statistics at the parameters x.

    Parameters
    ----------
    problem : Problem
        Data, loss, and penalty.
    x : ndarray of shape (q,)
        The minimiser, the intercept last.
    names : list of str
        Of the coefficients.
    n_iter : int
        For the table.
    moments : Moments
        At x, of the same kind.
    kind : {"expected", "observed", "robust"}
        Of the covariance.

    Returns
    -------
    Inference
    """
    deviance, pearson, n = moments.scalars
    active = np.flatnonzero((x != 0) | (problem.penalty.l1 == 0))
    chosen = np.ix_(problem.kept[active], problem.kept[active])
    information = moments.information[chosen]
    penalty = problem.total * problem.penalty.quadratic.add_to(np.zeros((len(x), len(x))))[np.ix_(active, active)]
    inverse, rank = _inverse(information + penalty)
    penalised = bool(problem.penalty.l1.any() or penalty.any())
    df = float(np.trace(inverse @ information)) if penalised else float(rank)
    fixed = problem.loss.family.dispersion
    phi = fixed if fixed is not None else float(pearson / (n - df)) if n > df else 1.0
    middle = moments.meat[chosen] if kind == "robust" else phi * information
    covariance = np.zeros((len(x), len(x)))
    covariance[np.ix_(active, active)] = inverse @ middle @ inverse
    order = np.roll(np.arange(len(x)), 1) if problem.intercept else np.arange(len(x))
    return Inference(
        (*(["Intercept"] if problem.intercept else []), *names),
        x[order],
        covariance[np.ix_(order, order)],
        kind,
        problem.loss.family.name,
        problem.link_name,
        int(n),
        df,
        rank,
        float(phi),
        float(deviance),
        float(pearson),
        _log_likelihood(problem, float(phi), float(pearson / n), float(deviance)),
        n_iter,
        penalised,
    )


def moments_at(problem: Problem, x: np.ndarray, kind: str = "expected") -> Moments:
    """What a covariance is made of, in one pass over the rows.

    Raises
    ------
    DataError
        If there is no such kind.
    """
    if kind not in COVARIANCES:
        raise DataError(f"covariance must be one of {', '.join(COVARIANCES)}. Got {kind!r}.")
    loss, full = problem.loss, problem.objective().full(x)
    sums = row_sums_of(problem.source, loss, problem.size, expected=True) if kind == "expected" else None

    def statistic(X: DesignRows, y: np.ndarray, weight: np.ndarray | None) -> Moments:
        if sums:
            Z = scratch("weighted rows", (len(y), problem.size), np.float64)
            half, pearson, gradient = sums(X, y, weight, full, Z)
            n = len(y) if weight is None else np.count_nonzero(weight)
            deviance = 2.0 * (half - _total(lambda y, s: s * loss.family.saturated(y), y, weight))
            return Moments(Z.T @ Z, np.zeros((0, 0)), gradient, np.array([max(deviance, 0.0), pearson, n]))
        X = X.densified()
        weight = np.ones(len(y)) if weight is None else weight
        z = X.forward(full)
        mu = loss.mean(z)
        h = weight * (loss.expected(z, y) if kind == "expected" else loss.observed(z, y))
        information = X.gram(np.maximum(h, 0.0), np.float64)
        if h.min(initial=0.0) < 0:
            information -= X.gram(np.maximum(-h, 0.0), np.float64)
        first, meat = weight * loss.up_to(1, z, y)[1], np.zeros((0, 0))
        if kind == "robust":
            meat = X.gram(first**2, np.float64)
        pearson = weight @ ((y - mu) ** 2 / loss.family.variance(mu))
        scalars = np.array([weight @ loss.deviances(z, y), pearson, np.count_nonzero(weight)])
        return Moments(information, meat, X.back(first), scalars)

    return reduce_rows(statistic, problem.source, work=problem.size * (problem.size + 10.0))


def _log_likelihood(problem: Problem, phi: float, mean_square: float, deviance: float) -> float | None:
    """Log-likelihood at the dispersion phi; at its most likely value for the normal family.

    It depends on the means through the deviance alone: log f(y, mu) + d(y, mu)/(2 phi) is the same for all mu. So it is
    taken for one mean and corrected, without another look at X.
    """
    loss, mean = problem.loss, inside(problem.mean, problem.loss.family)
    phi = mean_square if loss.family.name == "Normal" else phi
    tried, guess = np.ones(1), np.array([mean])
    if not phi > 0 or loss.family.log_likelihood(tried, 0.5 * tried, tried, phi) is None:
        return None

    def at_guess(y: np.ndarray, s: np.ndarray) -> np.ndarray:
        rows = loss.family.log_likelihood(y, guess, np.where(s > 0, s, 1.0), phi)
        return np.where(s > 0, rows + s / phi * (loss.family.values(y, guess) - loss.family.saturated(y)), 0.0)

    def statistic(X: DesignRows, y: np.ndarray, weight: np.ndarray | None) -> float:
        return _total(at_guess, y, weight)

    return reduce_rows(statistic, problem.source, work=100.0) - 0.5 * deviance / phi


def _total(function: Callable, y: np.ndarray, weight: np.ndarray | None) -> float:
    """Sum of function(y, weight) over rows; once for each value if the y are small whole numbers."""
    if weight is not None:
        return float(function(y, weight).sum())
    if len(y) > COUNTED and y.min() >= 0 and y.max() < COUNTED and np.array_equal(y, whole := y.astype(np.int64)):
        counts = np.bincount(whole)
        return float(function(np.arange(float(len(counts))), np.ones(1)) @ counts)
    return float(function(y, np.ones(1)).sum())


def _spectrum(A: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Scale to the unit diagonal, eigenvalues and -vectors there, and which of them something is known of."""
    diagonal = np.diag(A)
    scale = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    values, V = np.linalg.eigh(A * scale * scale[:, None])
    return scale, values, V, values > SINGULAR * max(values.max(initial=0.0), 1e-300)


def _inverse(A: np.ndarray) -> tuple[np.ndarray, int]:
    """Inverse of a symmetric matrix without the directions that nothing is known of, and its rank."""
    scale, values, V, known = _spectrum(A)
    return (V[:, known] / values[known]) @ V[:, known].T * scale * scale[:, None], int(known.sum())


def polished(problem: Problem, x: np.ndarray, moments: Moments) -> tuple[np.ndarray, Moments]:
    """Repeat Fisher scoring until no coefficient moves by more than a small share of its standard error.

    A small gradient says little of a coefficient that few rows tell of: its error is the gradient over their curvature.
    A step of a share s of the standard errors changes the curvature by less than that share, so that the next one is a
    share s^2 at most: after a last step of 1e-5, nothing is left.

    Parameters
    ----------
    problem : Problem
        Without a penalty.
    x : ndarray of shape (q,)
        Nearly the minimiser.
    moments : Moments
        There.

    Returns
    -------
    x : ndarray of shape (q,)
        The minimiser.
    moments : Moments
        There.
    """
    chosen, value = np.ix_(problem.kept, problem.kept), np.inf
    for _ in range(POLISH):
        inverse, _ = _inverse(moments.information[chosen])
        step = -inverse @ moments.gradient[problem.kept]
        errors = np.sqrt(np.maximum(np.diag(inverse), 0.0))
        if (np.abs(step) <= SHORT * errors).all():  # the next step would be shorter by that factor once more
            return x + step, moments
        value = problem.objective().value(x) if value == np.inf else value
        new_value = problem.objective().value(x + step)
        if not new_value <= value + 1e-14 * abs(value):
            break
        x, value, moments = x + step, new_value, moments_at(problem, x + step)
    return x, moments


def least_norm(problem: Problem, x: np.ndarray, moments: Moments) -> np.ndarray:
    """Of all parameters with the same means as x, those of least norm but for the intercept: the limit of a ridge.

    Parameters
    ----------
    problem : Problem
        Without a penalty.
    x : ndarray of shape (q,)
        A minimiser.
    moments : Moments
        There.

    Returns
    -------
    ndarray of shape (q,)
        The x itself if no other has the same means.
    """
    scale, _, V, known = _spectrum(moments.information[np.ix_(problem.kept, problem.kept)])
    if known.all():
        return x
    null, p = V[:, ~known] * scale[:, None], len(x) - problem.intercept
    shorter, f = x - null @ np.linalg.lstsq(null[:p], x[:p])[0], problem.objective()
    size = abs(f.value(np.where(np.arange(len(x)) < p, 0.0, x)))
    noise = 1e-10 * (size if np.isfinite(size) else abs(f.value(x)))
    return shorter if f.value(shorter) <= f.value(x) + noise else x  # curvatures may have underflowed


def total_deviance(source: RowSource, problem: Problem, x: np.ndarray) -> float:
    """Sum of the weighted unit deviances."""
    full = problem.objective().full(x)

    def statistic(X: DesignRows, y: np.ndarray, weight: np.ndarray | None) -> float:
        deviances = problem.loss.deviances(X.forward(full), y)
        return float(deviances.sum() if weight is None else weight @ deviances)

    return reduce_rows(statistic, source, work=2.0 * problem.size + 100.0)
