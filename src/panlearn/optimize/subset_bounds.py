"""How far a subset can be from the best one: lower bounds on the squared error of any k columns.

**Leaps and bounds** [furnival1974]. A superset U of S has no larger error: e(S) >= e(U). So start from all columns
and branch on which is dropped first. At a node (U, of which the first f columns are kept for good) m = |U| - k more
have to go, and dropping column i alone costs l_i = w_i^2 / H_ii, H = G_UU^-1. No subset of U below the node has an
error under

    e(U) + the m-th smallest l_i,    i > f

A node whose bound is not below the best known error is closed. Columns are kept in the order of falling l_i, so that
the large subtrees are those closed first. A node costs |U|^2; the number of nodes can grow as 2^p, so it is limited,
and the least bound of the nodes still open is then the answer: a proven gap instead of a proof. It needs an
invertible G: p < n, or a ridge penalty. Where G is not, but there are no more subsets than nodes, all are tried.

**Duality** [bertsimas2020], for a ridge penalty rho > 0 and any p. For every vector a

    min over S, w of 1/2 |y - X_S w|^2 + rho/2 |w|^2  >=  y'a - 1/2 |a|^2 - 1/(2 rho) * (sum of the k largest (x_j'a)^2)

with equality at the residual of the best subset if its columns have the k largest products. The bound is raised by
Frank-Wolfe steps [frank1956] on the relaxed problem, in which column j is in by a share z_j, sum z_j = k; its residual
a(z) = (I + X diag(z) X' / rho)^-1 y is the next vector to try. The bound also fixes columns: if it would exceed the
best known error with column j forced in, j is in no better subset; if with j forced out, j is in all of them
[atamturk2020]. What is left is often small enough for leaps and bounds.
"""

from itertools import combinations, islice
from math import comb
from typing import NamedTuple

import numpy as np

from panlearn.core.jit import kernel
from panlearn.optimize.unit_columns import UnitColumns

WIDEST = 100  # columns up to which leaps and bounds are tried
NODES = 2000  # nodes in one call of the kernel
STEPS, PATIENCE = 30, 5  # Frank-Wolfe steps, and those by which the bound has to be positive
SLACK = 1e-9  # two errors closer than this share of |y|^2 are the same


class Bound(NamedTuple):
    """What is known of the best subset of one size."""

    lower: float  # no subset has a smaller squared error (with the ridge penalty)
    columns: np.ndarray | None  # a subset better than the one known, if one turned up
    error: float  # its error, or that of the one known
    nodes: int  # of branch and bound


@kernel
def descending(values, order, start, stop):  # updates values, order
    """Sort places start to stop by falling value."""
    for i in range(start + 1, stop):
        value, index, l = values[i], order[i], i
        while l > start and values[l - 1] < value:
            values[l], order[l] = values[l - 1], order[l - 1]
            l -= 1
        values[l], order[l] = value, index


@kernel
def child(H, w, ids, drop, size, H_out, w_out, ids_out):  # updates H_out, w_out, ids_out
    """The node without the column at place `drop`."""
    h = H[drop, drop]
    a = 0
    for i in range(size):
        if i == drop:
            continue
        f = H[i, drop] / h
        w_out[a], ids_out[a] = w[i] - f * w[drop], ids[i]
        b = 0
        for l in range(size):
            if l != drop:
                H_out[a, b] = H[i, l] - f * H[drop, l]
                b += 1
        a += 1


@kernel
def arrange(H, w, ids, loss, fixed, size, H_work, w_work, ids_work):  # updates H, w, ids, loss; spoils the work arrays
    """Order the columns that may go by falling loss."""
    order = np.arange(size)
    for i in range(size):
        loss[i] = w[i] * w[i] / H[i, i]
    descending(loss, order, fixed, size)
    for i in range(size):
        w_work[i], ids_work[i] = w[order[i]], ids[order[i]]
        for l in range(size):
            H_work[i, l] = H[order[i], order[l]]
    for i in range(size):
        w[i], ids[i] = w_work[i], ids_work[i]
        for l in range(size):
            H[i, l] = H_work[i, l]


@kernel
def leap(H, w, ids, loss, error, fixed, following, k, slack, best, found, state, budget):  # updates all arrays
    """Depth-first search of at most `budget` nodes; level 0 holds the root.

    state[0] is the level (-1 when done), state[1] the size of the root; following[level] is the place to drop next.
    """
    p, nodes = state[1], 0
    while state[0] >= 0 and nodes < budget:
        level = state[0]
        size = p - level
        least, place = best[0] - slack, following[level]
        # smallest losses first: their subtrees are small and soon give the best subset its due
        if place < fixed[level] or error[level] + loss[level, place] >= least:
            state[0] -= 1  # all columns before it cost more to drop
            continue
        following[level] -= 1
        nodes += 1
        cost = error[level] + loss[level, place]
        if size - 1 == k:
            best[0], a = cost, 0
            for i in range(size):
                if i != place:
                    found[a] = ids[level, i]
                    a += 1
            continue
        below = level + 1
        child(H[level], w[level], ids[level], place, size, H[below], w[below], ids[below])
        error[below], fixed[below] = cost, place
        spare = H.shape[0] - 1
        arrange(H[below], w[below], ids[below], loss[below], place, size - 1, H[spare], w[spare], ids[spare])
        if cost + loss[below, k] < least:  # place k: the (|U| - k)-th smallest loss, and the last place to drop first
            following[below] = k
            state[0] = below
    return nodes


def leaps(
    G: np.ndarray, q: np.ndarray, square: float, k: int, error: float, *, fixed: int = 0, max_nodes: int
) -> Bound:
    """Prove or improve the best subset of k columns.

    Parameters
    ----------
    G : ndarray of shape (p, p)
        Invertible Gram matrix.
    q : ndarray of shape (p,)
        Cross products with the target.
    square : float
        |y|^2.
    k : int
        Size, from 1 to p.
    error : float
        The smallest squared error known.
    fixed : int
        The first so many columns are in every subset.
    max_nodes : int
        Most nodes.

    Returns
    -------
    Bound
    """
    p, slack = len(q), SLACK * square
    levels = p - k + 2  # the last one is for work
    H, w = np.empty((levels, p, p)), np.empty((levels, p))
    ids, loss = np.empty((levels, p), dtype=np.int64), np.empty((levels, p))
    errors, kept, following = np.empty(levels), np.zeros(levels, np.int64), np.zeros(levels, np.int64)
    H[0] = np.linalg.inv(G)
    w[0], ids[0] = H[0] @ q, np.arange(p)
    errors[0], kept[0] = max(0.0, square - float(q @ w[0])), fixed
    best, found = np.array([error]), np.full(k, -1)
    if p == k:
        better = errors[0] < error - slack
        return Bound(min(errors[0], error), np.arange(p) if better else None, min(errors[0], error), 0)
    arrange(H[0], w[0], ids[0], loss[0], fixed, p, H[-1], w[-1], ids[-1])
    following[0] = k
    state, nodes = np.array([0, p]), 0
    while state[0] >= 0 and nodes < max_nodes:
        nodes += leap(
            H, w, ids, loss, errors, kept, following, k, slack, best, found, state, min(NODES, max_nodes - nodes)
        )
    # what is open: at each level of the stack the columns not dropped yet, of which the next is the cheapest
    lower = float(best[0])
    for level in range(state[0] + 1):
        if following[level] >= kept[level]:
            lower = min(lower, float(errors[level] + loss[level, following[level]]))
    return Bound(lower, found if found[0] >= 0 else None, float(best[0]), int(nodes))


def dual_bound(data: UnitColumns, k: int, error: float, residual: np.ndarray) -> tuple[float, np.ndarray]:
    """Lower bound by duality, and the columns it leaves undecided.

    Parameters
    ----------
    data : UnitColumns
        Columns, with a ridge penalty > 0.
    k : int
        Size.
    error : float
        The squared error, with the ridge penalty, that a better subset has to beat.
    residual : ndarray of shape (n,)
        The first vector to try: the residual of a good subset.

    Returns
    -------
    lower : float
        Lower bound of the squared error of every subset of k columns.
    status : ndarray of shape (p,)
        1 for columns that are in every better subset, 0 for columns that are in none, -1 for the others.
    """
    p, rho = len(data.cross), data.ridge
    status, lower, share, a = np.where(data.usable, -1, 0), 0.0, np.zeros(p), residual
    for step in range(STEPS):
        products = data.back(a) ** 2 * data.usable / rho
        order = np.argsort(-products)
        bound = float(2.0 * (data.y @ a) - a @ a - products[order[:k]].sum())
        lower = max(lower, bound)
        inner, outer = products[order[k - 1]], products[order[k]] if k < p else 0.0
        bar = error - SLACK * data.square
        status[(status < 0) & (bound + inner - products > bar)] = 0  # forced in, it would push out the k-th largest
        status[(status < 0) & (bound + products - outer > bar)] = 1  # forced out, the next largest would take its place
        if lower > bar or np.count_nonzero(status) <= k:
            break
        if step == PATIENCE and lower == 0.0:  # the penalty is too weak for this to lead anywhere
            break
        share *= 1.0 - 2.0 / (step + 2.0)
        share[order[:k]] += 2.0 / (step + 2.0)
        a = _relaxed_residual(data, share)
    return lower, status


def _relaxed_residual(data: UnitColumns, share: np.ndarray) -> np.ndarray:
    """(I + X diag(share) X' / rho)^-1 y, by the equations of the columns whose share is not 0."""
    columns = np.flatnonzero(share > 1e-12)
    part, length = data.part(columns), data.length[columns]
    G = data.products(columns, part, columns, part)
    ridge = data.ridge / length**2
    np.fill_diagonal(G, 1.0 - ridge + ridge / share[columns])
    return data.residual(columns, np.linalg.solve(G, data.cross[columns]))


def prove(data: UnitColumns, k: int, error: float, residual: np.ndarray, max_nodes: int) -> Bound | None:
    """Look for a subset of k columns with a smaller error, or for a bound that excludes it.

    Parameters
    ----------
    data : UnitColumns
        Columns and target.
    k : int
        Size.
    error : float
        The squared error, with the ridge penalty, to beat.
    residual : ndarray of shape (n,)
        Residual of a good subset, where duality starts.
    max_nodes : int
        Most nodes of branch and bound.

    Returns
    -------
    Bound or None
        Its `lower` is `error` if no subset is better; None if nothing can be said.
    """
    slack = SLACK * data.square
    nothing_better = Bound(error, None, error, 0)
    if k == 0:
        return nothing_better._replace(lower=min(error, data.square))
    if error <= slack:
        return nothing_better
    if k == 1:
        j = np.argmax(np.abs(data.cross))
        single = max(0.0, data.square - float(data.cross[j]) ** 2)
        return Bound(single, np.array([j]), single, 0) if single < error - slack else nothing_better
    lower, status = 0.0, np.where(data.usable, -1, 0)
    if data.ridge > 0:
        lower, status = dual_bound(data, k, error, residual)
    sure, undecided = np.flatnonzero(status == 1), np.flatnonzero(status < 0)
    columns = np.append(sure, undecided)
    if lower > error - slack or len(sure) > k or len(columns) < k:
        return nothing_better
    if len(columns) <= WIDEST:
        part = data.part(columns)
        G = data.products(columns, part, columns, part)
        np.fill_diagonal(G, 1.0)
        if np.linalg.eigvalsh(G)[0] > SLACK:
            found = leaps(G, data.cross[columns], data.square, k, error, fixed=len(sure), max_nodes=max_nodes)
            better = None if found.columns is None else columns[found.columns]
            return found._replace(columns=better, lower=min(found.error, max(lower, found.lower)))
    if comb(len(columns), k) <= max_nodes:
        return enumerate_subsets(data, columns, k, error)
    return Bound(lower, None, error, 0) if lower > 0 else None


def enumerate_subsets(data: UnitColumns, columns: np.ndarray, k: int, error: float) -> Bound:
    """Try all subsets of k of some columns: what is left where G is singular and there are few."""
    part = data.part(columns)
    G = data.products(columns, part, columns, part)
    np.fill_diagonal(G, 1.0)
    q, best, lowest, count = data.cross[columns], None, error - SLACK * data.square, 0
    subsets = combinations(range(len(columns)), k)
    while chunk := list(islice(subsets, NODES)):
        S = np.array(chunk)
        inverse = np.linalg.pinv(G[S[:, :, None], S[:, None, :]], rcond=SLACK, hermitian=True)
        explained = np.einsum("si,sij,sj->s", q[S], inverse, q[S])
        at, count = int(explained.argmax()), count + len(S)
        if data.square - explained[at] < lowest:
            best, lowest = columns[S[at]], float(data.square - explained[at])
    found = error if best is None else max(0.0, lowest)
    return Bound(found, best, found, count)
