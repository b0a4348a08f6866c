"""Penalties of a generalised linear model: elastic net on the coefficients, smoothness between neighbours.

    alpha (l1_ratio |w|_1 + (1 - l1_ratio)/2 |w|^2)  +  1/2 sum_g s_g |D w_g|^2

D takes differences of neighbouring coefficients of a group g: the levels of an ordered categorical column, or a basis
such as B-splines, for which second differences make the P-splines of [eilers1996]. As s_g grows, the curve of a group
tends to a constant (first differences) or to a line (second). The intercept is never penalised.
"""

from typing import Any, NamedTuple

import numpy as np

from panlearn.core.errors import DataError
from panlearn.linear_model.generalized_linear_model.encoding import Encoding
from panlearn.linear_model.generalized_linear_model.objective import Quadratic


class Penalty(NamedTuple):
    """The penalty on all parameters; 0 on the intercept."""

    l1: np.ndarray  # (q,) strengths of the absolute values
    quadratic: Quadratic  # the smooth part


def build(
    encoding: Encoding, drop_first: bool, intercept: bool, alpha: float, l1_ratio: float, smoothness: Any, order: int
) -> Penalty:
    """The penalty of an estimator's parameters.

    Parameters
    ----------
    encoding : Encoding
        Columns and levels.
    drop_first, intercept : bool
        Coding.
    alpha, l1_ratio : float
        Elastic net.
    smoothness : None, array-like of shape (p, p), or dict
        The matrix R of 1/2 w'Rw, or strengths s_g: the keys are categorical columns, or tuples of numeric ones.
    order : int
        Of the differences.

    Returns
    -------
    Penalty

    Examples
    --------
    >>> encoding = Encoding(("age",), (), (0,), (np.array([1, 2, 3]),))
    >>> build(encoding, False, False, 0.0, 0.0, {"age": 1.0}, 1).quadratic.smooth
    array([[ 1., -1.,  0.],
           [-1.,  2., -1.],
           [ 0., -1.,  1.]])
    """
    owners = encoding.parameters(drop_first)[1]
    p, on = len(owners), np.append(np.ones(len(owners)), np.zeros(int(intercept)))
    smooth = None if smoothness is None else np.zeros((p + intercept, p + intercept))
    if isinstance(smoothness, dict):
        for group, strength in smoothness.items():
            places, matrix = _differences(encoding, owners, group, drop_first, order)
            smooth[np.ix_(places, places)] += _strength(strength) * matrix  # type: ignore[index]
    elif smooth is not None:
        smooth[:p, :p] = _matrix(smoothness, p)
    return Penalty(alpha * l1_ratio * on, Quadratic(alpha * (1.0 - l1_ratio) * on, smooth))


def _differences(
    encoding: Encoding, owners: list[int], group: Any, drop_first: bool, order: int
) -> tuple[np.ndarray, np.ndarray]:
    """Places of a group's coefficients, and D'D."""
    members = [_position(encoding, column) for column in (group if isinstance(group, tuple) else (group,))]
    places = np.concatenate([np.flatnonzero(np.equal(owners, j)) for j in members])
    reference = drop_first and len(members) == 1 and members[0] in encoding.categorical
    count = len(places) + reference  # the reference level is a neighbour too, with coefficient 0
    if count <= order:
        raise DataError(f"smoothness: {group!r} has {count} coefficients, too few for differences of order {order}.")
    D = np.diff(np.eye(count), n=order, axis=0)[:, int(reference) :]
    return places, D.T @ D


def _position(encoding: Encoding, column: Any) -> int:
    if column in encoding.names:
        return encoding.names.index(column)
    if isinstance(column, int) and 0 <= column < len(encoding.names):
        return column
    raise DataError(f"smoothness: there is no column {column!r}; the columns are {', '.join(encoding.names[:20])}.")


def _strength(strength: Any) -> float:
    if not np.isscalar(strength) or not 0 <= float(strength) < np.inf:  # type: ignore[arg-type]
        raise DataError(f"smoothness must have strengths in the range [0, inf). Got {strength!r}.")
    return float(strength)  # type: ignore[arg-type]


def _matrix(smoothness: Any, p: int) -> np.ndarray:
    matrix = np.asarray(smoothness, dtype=np.float64)
    if matrix.shape != (p, p) or not np.allclose(matrix, matrix.T):
        raise DataError(f"smoothness must be a dict or a symmetric matrix of shape ({p}, {p}). Got {matrix.shape}.")
    low, top = np.linalg.eigvalsh(matrix)[[0, -1]]
    if low < -1e-8 * max(top, 1e-300):
        raise DataError(f"smoothness must have no negative eigenvalue. Got {low:.3g}.")
    return matrix
