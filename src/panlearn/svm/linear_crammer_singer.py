"""All classes in one problem [crammer2001], by the sequential dual method [keerthi2008].

    minimise over w_1..w_K    1/2 sum_k |w_k|^2 + sum_i C_i max over k of (e_ik + x_i'w_k - x_i'w_{y_i})
                              e_ik = 1 where k is not y_i, 0 there
    dual                      1/2 sum_k |w_k|^2 + sum_ik e_ik a_ik,   w_k = sum_i a_ik x_i,
                              sum_k a_ik = 0,   a_ik <= C_i where k = y_i, <= 0 elsewhere

A step solves for the K variables of one row: with A = |x_i|^2 and B_k = x_i'w_k + e_ik - A a_ik they are
min(bound_k, (t - B_k) / A), with t such that their sum is 0; t comes from sorting B. The row's violation is the largest
slope minus the least slope of a variable below its bound.

When it fails: it costs K products with a row where one against the rest may skip most rows; seldom is it more accurate.

Course notes: 000 §2.5 (soft margin, for two classes).
"""

from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from panlearn.core.jit import kernel
from panlearn.core.threads import map_chunks
from panlearn.optimize.dual_coordinate_descent import Rows
from panlearn.svm.linear_machine import DRIFT, WIDTH, Solution


def _scores(X, i, W, z):
    """Only its overloads are called."""


@overload(_scores, inline="always")
def _scores_of(X, i, W, z):
    if isinstance(X, types.Array):

        def dense(X, i, W, z):
            for j in range(X.shape[1]):
                for k in range(z.size):
                    z[k] += X[i, j] * W[j, k]

        return dense

    def sparse(X, i, W, z):
        for e in range(X.indptr[i], X.indptr[i + np.uint64(1)]):
            j = X.indices[e]
            for k in range(z.size):
                z[k] += X.data[e] * W[j, k]

    return sparse


def _add_outer(X, i, d, W):
    """Only its overloads are called."""


@overload(_add_outer, inline="always")
def _add_outer_of(X, i, d, W):
    if isinstance(X, types.Array):

        def dense(X, i, d, W):
            for j in range(X.shape[1]):
                for k in range(d.size):
                    W[j, k] += X[i, j] * d[k]

        return dense

    def sparse(X, i, d, W):
        for e in range(X.indptr[i], X.indptr[i + np.uint64(1)]):
            j = X.indices[e]
            for k in range(d.size):
                W[j, k] += X.data[e] * d[k]

    return sparse


@kernel
def best_of_row(b, A, bound, label, a, ordered):
    """The variables of a row that minimise sum_k A/2 a_k^2 + b_k a_k; writes into a, spoils `ordered`."""
    K = b.size
    for k in range(K):
        ordered[k] = b[k]
    ordered[label] += A * bound
    for k in range(1, K):  # by insertion, descending: K is small
        value, at = ordered[k], k
        while at > 0 and ordered[at - 1] < value:
            ordered[at] = ordered[at - 1]
            at -= 1
        ordered[at] = value
    total, used = ordered[0] - A * bound, 1
    while used < K and total < used * ordered[used]:
        total += ordered[used]
        used += 1
    top = total / used
    for k in range(K):
        a[k] = min(bound if k == label else 0.0, (top - b[k]) / A)


@kernel(inline=True)
def judge(slopes, a, bound, own):
    """Violation of a row, the largest slope of the other classes, and whether any of its variables is not 0."""
    high, low, others, moved = -np.inf, np.inf, -np.inf, False
    for k in range(slopes.size):
        high = max(high, slopes[k])
        if a[k] < (bound if k == own else 0.0):
            low = min(low, slopes[k])
        if k != own:
            others = max(others, slopes[k])
        moved = moved or a[k] != 0.0
    return high - low if low < np.inf else 0.0, others, moved


@kernel
def sweep(X, unit, label, strength, offset, square, order, limit, a, W):
    """Visit the rows in `order`; updates a and W, and moves rows that need no more visits to the end of `order`.

    Returns how many rows stay and the largest violation.
    """
    stay, worst, at = np.int64(order.size), 0.0, np.int64(0)
    K, constant = W.shape[1], np.int64(W.shape[0] - 1)
    b, d, new, ordered = np.empty(K), np.empty(K), np.empty(K), np.empty(K)
    while at < stay:
        i = np.uint64(order[at])
        own, A = label[i], square[i]
        for k in range(K):
            b[k] = offset[k] + unit * W[constant, k] + (0.0 if k == own else 1.0)
        _scores(X, i, W, b)
        violation, others, moved = judge(b, a[i], strength[i], own)
        if strength[i] == 0.0 or (not moved and b[own] - others > limit):
            stay -= 1
            order[at], order[stay] = order[stay], order[at]
            continue
        at += 1
        if violation <= 1e-14:
            continue
        worst = max(worst, violation)
        if A > 0.0:
            for k in range(K):
                b[k] -= A * a[i, k]
            best_of_row(b, A, strength[i], own, new, ordered)
        else:  # an empty row only takes part in the loss: all of it on one of the worst classes
            worst_class = int(np.argmax(b))
            new[:] = 0.0
            new[own] += strength[i]
            new[worst_class] -= strength[i]
        for k in range(K):
            d[k] = new[k] - a[i, k]
            a[i, k] = new[k]
        _add_outer(X, i, d, W)
        for k in range(K):
            W[constant, k] += unit * d[k]
    return stay, worst


@kernel
def sums_of_rows(X, unit, label, strength, offset, a, W, start, stop):
    """Losses of rows start to stop, and their part of the dual objective without the squares."""
    K, constant = W.shape[1], np.int64(W.shape[0] - 1)
    z, losses, linear = np.empty(K), 0.0, 0.0
    for i in range(np.uint64(start), np.uint64(stop)):
        own, most = label[i], 0.0
        for k in range(K):
            z[k] = offset[k] + unit * W[constant, k]
        _scores(X, i, W, z)
        for k in range(K):
            most = max(most, z[k] - z[own] + (0.0 if k == own else 1.0))
            linear += a[i, k] * (offset[k] + (0.0 if k == own else 1.0))
        losses += strength[i] * most
    return losses, linear


def solve_crammer_singer(
    X: Any, label: np.ndarray, strength: np.ndarray, scaling: float, *, tol: float, max_iter: int, rng: Any
) -> list[Solution]:
    """Minimise by sweeps in random order.

    Parameters
    ----------
    X : ndarray or CSR of shape (n, p)
        Features.
    label : ndarray of shape (n,)
        Classes 0..K-1.
    strength : ndarray of shape (n,)
        C of each row.
    scaling : float
        Value of the constant feature; inf for intercepts that are not penalised, 0 for none.
    tol : float
        Largest violation at which to stop.
    max_iter : int
        Most sweeps.
    rng : RandomState
        Chooses the order of the rows.

    Returns
    -------
    list of Solution
        One for each class; the objective and its gap are those of the whole problem.
    """
    free, K = bool(np.isinf(scaling)), int(label.max()) + 1
    rows = Rows(X, 1.0 if free else scaling)
    if free:
        rows.rescale(WIDTH * float(np.sqrt(rows.square.mean() - 1.0)) or 1.0)
    n, p = rows.shape
    a, W, offset, n_iter = np.zeros((n, K)), np.zeros((p + 1, K)), np.zeros(K), 0
    while True:  # the penalty on the intercepts is moved to where they are until they stay
        steps, converged = _descend(rows, (label, strength, offset), a, W, tol, max_iter - n_iter, rng)
        n_iter += steps
        move = rows.unit * W[-1]
        if not free or n_iter >= max_iter or np.abs(move).max() <= DRIFT * tol * (1 + np.abs(offset).max()):
            break
        offset += move
        W[-1] = 0.0
        W[-1] = rows.unit * a.sum(axis=0)
    parts = map_chunks(
        lambda i, j: sums_of_rows(rows.X, rows.unit, label, strength, offset, a, W, i, j), n, work=K * rows.work
    )
    losses, linear = np.sum(parts, axis=0)
    squares = float(np.square(W).sum())
    value, b = 0.5 * squares + float(losses), offset + rows.unit * W[-1]
    gap = value + 0.5 * squares + float(linear)
    return [Solution(W[:-1, k].copy(), float(b[k]), value, gap, n_iter, converged) for k in range(K)]


def _descend(
    rows: Rows,
    terms: tuple[np.ndarray, np.ndarray, np.ndarray],
    a: np.ndarray,
    W: np.ndarray,
    tol: float,
    max_iter: int,
    rng: Any,
) -> tuple[int, bool]:
    """Sweeps until the violation over all rows is at most tol, or their number is used up; updates a and W."""
    n = len(a)
    order, stay, limit, n_iter, converged = np.arange(n), n, np.inf, 0, False
    while n_iter < max_iter and not converged:
        n_iter, whole = n_iter + 1, stay == n
        order[:stay] = rng.permutation(order[:stay])
        stay, worst = sweep(rows.X, rows.unit, *terms, rows.square, order[:stay], limit, a, W)
        limit = worst if worst > 0 else np.inf
        if worst <= tol:
            converged, stay, limit = whole, n, np.inf
    return n_iter, converged
