"""Lloyd's iteration [lloyd1982]: each row goes to its nearest centre, each centre to the mean of its rows.

    inertia   J(c, a) = sum_i w_i |x_i - c_{a_i}|^2
    E step    a_i = argmin_j |x_i - c_j|^2
    M step    c_j = sum_{a_i = j} w_i x_i / sum_{a_i = j} w_i

Neither step can increase J, and there are finitely many labellings: the iteration ends, in a local minimum. How the E
step finds the nearest centre is the business of an `Assignment`: all distances (`panlearn.cluster.plain_assignment`),
or bounds that leave out nearly all of them (`panlearn.cluster.bounded_assignment`). Both give the same labels, so that
the path from a start is the same.

A cluster that loses its last row is put on the row that is farthest from its centre, which lowers J at once.

Course notes: 001 §10.1.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from panlearn.core.progress import progress


class Sums(NamedTuple):
    """Sums over the rows of each cluster."""

    total: np.ndarray  # (k, p) weighted sum of the rows
    weight: np.ndarray  # (k,) sum of the weights
    size: np.ndarray  # (k,) rows of positive weight


class Fit(NamedTuple):
    """Where the iteration stopped."""

    centres: np.ndarray  # (k, p) in the units of the assignment
    label: np.ndarray  # (n,) int32, nearest centre
    inertia: float
    shift: float  # longest way of a centre in the last iteration
    n_iter: int
    converged: bool  # whether the labels stayed as they were, or the centres moved by tol at most
    trace: list[np.ndarray]  # centres at the start and after each iteration, if they were asked for


class Assignment:
    """Rows that know their nearest centre; what the iteration asks of them."""

    label: np.ndarray  # (n,) int32
    sums: Sums  # for these labels

    def assign(self, centres: np.ndarray) -> int:
        """Give each row its nearest centre and sum the rows; returns how many changed."""
        raise TypeError("Assignment is abstract: use PlainAssignment or BoundedAssignment")

    def distances(self, centres: np.ndarray) -> np.ndarray:
        """Squared distance of each row of positive weight to its centre, 0 for the others."""
        raise TypeError("Assignment is abstract: use PlainAssignment or BoundedAssignment")

    def row(self, i: int) -> tuple[np.ndarray, float]:
        """One row and its weight."""
        raise TypeError("Assignment is abstract: use PlainAssignment or BoundedAssignment")

    def inertia(self, centres: np.ndarray) -> float:
        """Weighted sum of the squared distances to the centres of the labels."""
        raise TypeError("Assignment is abstract: use PlainAssignment or BoundedAssignment")


def lloyd(
    rows: Assignment,
    centres: np.ndarray,
    *,
    max_iter: int,
    tol: float,
    rounded: Callable[[np.ndarray], np.ndarray] | None = None,
    verbose: bool | int = 0,
    trace: bool = False,
) -> Fit:
    """Iterate from given centres.

    Parameters
    ----------
    rows : Assignment
        The rows.
    centres : ndarray of shape (k, p)
        Where to start.
    max_iter : int
        Most iterations.
    tol : float
        Stop when the squared ways of the centres sum to this.
    rounded : callable, optional
        Rounds the final centres to the type of the answer, so that the labels are those of the rounded ones.
    verbose : bool or int
        Show the progress.
    trace : bool
        Keep the centres of each iteration.

    Returns
    -------
    Fit
        The local minimum, or what was reached.
    """
    strict, shift, t, path, converged = False, 0.0, 0, [centres], False
    steps = progress(
        range(1, max_iter + 1), "k-means", enabled=verbose, certificate=lambda: f"centre shift {shift:.2e}"
    )
    for t in steps:  # noqa: B007  # the count is the answer
        changed = rows.assign(centres)
        moved = means(rows, centres)
        ways = np.square(moved - centres).sum(axis=1)
        centres, shift, strict = moved, float(np.sqrt(ways.max())), changed == 0
        if trace:
            path.append(centres)
        converged = strict or ways.sum() <= tol
        if converged:
            break
    if rounded:
        centres = rounded(centres)
    if rounded or not strict:
        rows.assign(centres)  # so that the labels are what `predict` says
    return Fit(centres, rows.label, rows.inertia(centres), shift, int(t), converged, path)


def means(rows: Assignment, centres: np.ndarray) -> np.ndarray:
    """Means of the clusters; an empty one goes to the farthest row, which leaves its own cluster."""
    total, weight, size = rows.sums
    if not size.all():
        total, weight = total.copy(), weight.copy()
        empty = np.flatnonzero(size == 0)
        square = rows.distances(centres)
        farthest = np.argpartition(square, -empty.size)[: -empty.size - 1 : -1]
        for new, i in zip(empty, farthest, strict=True):
            if square[i] > 0:  # not if all rows lie on centres: more clusters than distinct rows
                (x, w), old = rows.row(i), rows.label[i]
                total[old] -= w * x
                weight[old] -= w
                total[new], weight[new] = w * x, w
    filled = weight > 0
    if filled.all():
        return total / weight[:, None]
    found = np.divide(total, weight[:, None], where=filled[:, None], out=np.zeros_like(total))
    found[~filled] = found[np.argmax(weight)]  # without rows: on the largest cluster
    return found
