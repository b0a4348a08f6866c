"""The rows of a Gaussian mixture: a first look at them, and the E step with or without missing values."""

from typing import Any

import numpy as np
from sklearn.utils.validation import assert_all_finite

from panlearn.core.blocks import ArrayRows, RowSource, reduce_rows
from panlearn.core.errors import DataError
from panlearn.mixture import missing_gaussian
from panlearn.mixture.gaussian_parameters import GaussianParameters
from panlearn.mixture.gaussian_steps import expectation, log_joint


def survey(source: RowSource) -> tuple[float, Any, bool]:
    """Total weight, middle of the columns, and whether values are missing.

    Raises
    ------
    DataError
        If a column has no value, or the weights are all 0.
    """

    def sums(X: Any, y: Any, weight: np.ndarray | None) -> tuple[np.ndarray, float, float, float]:
        square = float(np.einsum("ij,ij->", X, X, dtype=np.float64))
        return X.sum(axis=0, dtype=np.float64), square, float(len(X)), float(len(X) if weight is None else weight.sum())

    with np.errstate(over="ignore", invalid="ignore"):
        middle, square, n, total = reduce_rows(sums, source, work=3.0 * source.n_features)
    if not total > 0:
        raise DataError("sample_weight is 0 for every row; give some row a positive weight.")
    if np.isfinite(square):
        return total, middle / n, False
    for piece in source.pieces():
        assert_all_finite(piece.X, allow_nan=True, input_name="X")
    X = source.rows.X if isinstance(source, ArrayRows) else np.zeros((1, 1))  # a file has no missing values
    largest = float(np.abs(X).max(initial=0.0, where=~np.isnan(X)))
    if not np.isnan(X).any() or largest > 1e150:
        raise DataError("X is too large: the squares of a column exceed the range of float64; scale the data.")
    if (empty := np.isnan(X).all(axis=0)).any():
        raise DataError(f"column {int(empty.argmax())} of X has no value at all; drop it.")
    return total, np.nanmean(X, axis=0, dtype=np.float64), True


def filled(source: RowSource, middle: np.ndarray, missing: bool) -> RowSource:
    """Rows to start from: means where values are missing."""
    if not missing:
        return source
    X, _, weight = source.rows  # type: ignore[attr-defined]
    return ArrayRows(np.where(np.isnan(X), middle.astype(X.dtype), X), None, weight)


def by_pattern(source: RowSource) -> RowSource:
    """The rows in an order in which those with the same values missing stand together."""
    X, _, weight = source.rows  # type: ignore[attr-defined]
    order = missing_gaussian.pattern_order(X)
    return ArrayRows(X[order], None, None if weight is None else weight[order])


def moments(kind: str, parameters: GaussianParameters, source: Any, origin: np.ndarray, missing: bool) -> Any:
    """E step: log-likelihood and moments about the means."""
    if not missing:
        return expectation(kind, parameters, source, origin)
    X, _, weight = source.rows
    with np.errstate(divide="ignore"):
        logs = np.log(parameters.weights)
    return missing_gaussian.expectation(X, weight, logs, parameters.means, parameters.covariances, kind)


def reduced(joint: np.ndarray, what: str) -> Any:
    """As `log_joint`, from log π_k p(x | k), (n, k)."""
    from scipy.special import logsumexp, softmax

    if what == "label":
        return joint.argmax(axis=1)
    return logsumexp(joint, axis=1) if what == "sum" else softmax(joint, axis=1)


def answers(kind: str, parameters: GaussianParameters, X: np.ndarray, what: str) -> np.ndarray:
    """What the mixture says of each row, as `log_joint`, missing values or not."""
    weights, means, covariances = parameters[:3]
    gaps = np.isnan(X).any(axis=1)
    if not gaps.any():
        return log_joint(kind, parameters, X, weights @ means, what)
    with np.errstate(divide="ignore"):  # a component without rows
        joint = np.log(weights) + missing_gaussian.log_densities(X[gaps], means, covariances, kind)
    found = reduced(joint, what)
    out = np.empty((len(X), *found.shape[1:]), found.dtype)
    out[gaps] = found
    if not gaps.all():
        out[~gaps] = log_joint(kind, parameters, X[~gaps], weights @ means, what)
    return out
