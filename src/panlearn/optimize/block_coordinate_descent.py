"""Block coordinate descent for several targets that choose their columns together.

    P(W) = 1/2 |Y - XW|_F^2 + sum_j (l1_j |w_j| + l2_j/2 |w_j|^2),      w_j in R^t the weights of column j

The penalty takes the length of w_j, not its entries: a column serves all targets or none [yuan2006], [obozinski2010].
With G = X'X and z_j = X_j'Y - sum_{k != j} G_jk w_k the block has a closed form,

    w_j <- max(0, 1 - l1_j / |z_j|) z_j / (G_jj + l2_j)

which moves z_j towards 0 along its own direction, and cycling over the blocks reaches the minimum [tseng2001]. Sweeps
run over a working set (`working_set_path`). Where they are slow, the last iterates are extrapolated: weights c that sum
to 1 and make sum c_i (W_i+1 - W_i) short give W = sum c_i W_i+1 [anderson1965], [bertrand2021], kept if the objective
falls.

The certificate is the duality gap of `gram_path`, with |w_j| and |u_j| in the places of absolute values.

Course notes: 003 §1.7.1.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg.lapack import dposv  # type: ignore[attr-defined]

from panlearn.core.jit import kernel
from panlearn.core.threads import single_threaded_blas
from panlearn.optimize.working_set_path import FromColumns, FromMoments, WorkingSetPath

PATIENCE = 10  # sweeps before extrapolation begins
RIDGE = 1e-10  # added to their products, relative to the trace
MEMORY = 5  # differences of iterates that are combined


class BlockPath(NamedTuple):
    """Solutions along a path, each with its certificate."""

    coefs: np.ndarray  # (m, targets, p)
    gaps: np.ndarray  # (m,) duality gaps, in units of the objective
    sweeps: np.ndarray  # (m,) sweeps over the working set


@kernel
def descend_blocks(G, Q, W, l1, l2, tol, max_sweeps):
    """Sweep over all columns until none moves its gradient by more than tol; returns the sweeps made.

    Changes W, (targets, p), and Q = WG - C, (targets, p), in place. G is (p, p), symmetric; l1 and l2 are (p,).
    """
    targets, p = W.shape
    for sweep in range(max_sweeps):
        largest = 0.0
        for j in range(p):
            own, curvature = G[j, j], G[j, j] + l2[j]
            if curvature <= 0.0:
                continue
            square, held = 0.0, False
            for t in range(targets):
                z = own * W[t, j] - Q[t, j]
                square += z * z
                held |= W[t, j] != 0.0
            length = np.sqrt(square)
            shrink = (1.0 - l1[j] / length) / curvature if length > l1[j] else 0.0
            if shrink == 0.0 and not held:
                continue
            moved = 0.0
            for t in range(targets):
                step = shrink * (own * W[t, j] - Q[t, j]) - W[t, j]
                if step != 0.0:
                    W[t, j] += step
                    moved += step * step
                    for k in range(p):
                        Q[t, k] += step * G[j, k]
            largest = max(largest, np.sqrt(moved) * curvature)
        if largest <= tol:
            return sweep + 1
    return max_sweeps


@kernel
def block_gap_at(s, Q, W, norm, l1, l2, diagonal, residual_square):
    """Duality gap with the dual point s (Y - XW), which must be feasible; norm (p,) has the lengths of Q's columns."""
    gap = 0.5 * (1.0 - s) * (1.0 - s) * residual_square
    for j in range(norm.size):
        if l1[j] == 0.0 and l2[j] == 0.0:
            if diagonal[j] > 0.0:  # no finite dual: it counts with what it alone could still gain
                gap += 0.5 * norm[j] * norm[j] / diagonal[j]
            continue
        size = s * norm[j]
        share = l1[j] / size if size > l1[j] else 1.0  # of -s Q_j, what L1 holds
        inner, square, fault = 0.0, 0.0, 0.0
        for t in range(Q.shape[0]):
            w, u = W[t, j], -s * Q[t, j]
            inner += share * w * u
            square += w * w
            fault += (l2[j] * w - (1.0 - share) * u) ** 2
        gap += l1[j] * np.sqrt(square) - inner
        if l2[j] > 0.0:
            gap += fault / (2.0 * l2[j])
    return gap


@kernel
def certify_blocks(Q, W, l1, l2, diagonal, residual_square, excess):  # updates excess
    """Duality gap at W, the better of the two dual points of `gram_path.certify`; excess (p,) as there."""
    targets, p = Q.shape
    norm, free, strict = np.zeros(p), 1.0, 1.0
    for j in range(p):
        square, pull, held = 0.0, 0.0, False
        for t in range(targets):
            square += Q[t, j] * Q[t, j]
            pull += (Q[t, j] + l2[j] * W[t, j]) ** 2
            held |= W[t, j] != 0.0
        norm[j] = np.sqrt(square)
        excess[j] = 0.0 if held else max(norm[j] - l1[j], 0.0)
        if l1[j] == 0.0 and l2[j] == 0.0:
            continue
        if l2[j] == 0.0 and norm[j] > l1[j]:
            free = min(free, l1[j] / norm[j])
        if pull > l1[j] * l1[j]:
            strict = min(strict, l1[j] / np.sqrt(pull))
    gap = block_gap_at(free, Q, W, norm, l1, l2, diagonal, residual_square)
    return min(gap, block_gap_at(min(strict, free), Q, W, norm, l1, l2, diagonal, residual_square))


class MultiTaskPath(WorkingSetPath):
    """Several targets: sum_j (l1_j |w_j| + l2_j/2 |w_j|^2)."""

    def certify(self, l1: np.ndarray, l2: np.ndarray, diagonal: np.ndarray) -> float:
        """Duality gap at W; sets `excess`."""
        return certify_blocks(self.q, self.w, l1, l2, diagonal, self.residual_square, self.excess)

    def pull(self) -> np.ndarray:
        """Length of each column's gradient."""
        return np.sqrt(np.einsum("tj,tj->j", self.q, self.q))

    def descend(
        self, w: np.ndarray, q: np.ndarray, cross: np.ndarray, l1: np.ndarray, l2: np.ndarray, most: int
    ) -> int:
        """Sweep over the working set; extrapolate once that proves slow."""
        if not l1.any() and self._solve(w, q, cross, l2):
            return 1
        sweeps = descend_blocks(self.part, q, w, l1, l2, self.inner, min(most, PATIENCE))
        if sweeps < PATIENCE:
            return sweeps
        while sweeps < most:
            points = [(w.copy(), q.copy())]
            while len(points) <= MEMORY + 1 and sweeps < most:
                sweeps += 1
                if descend_blocks(self.part, q, w, l1, l2, self.inner, 2) < 2:
                    return sweeps
                points.append((w.copy(), q.copy()))
            found = _extrapolated(points)
            if found is not None and _value(*found, cross, l1, l2) < _value(w, q, cross, l1, l2):
                w[:], q[:] = found
        return sweeps

    def _solve(self, w: np.ndarray, q: np.ndarray, cross: np.ndarray, l2: np.ndarray) -> bool:
        """Without L1 the condition of a minimum is linear; False if collinear columns leave it undetermined."""
        A = slice(len(self.chosen))  # behind it is room
        _, found, singular = dposv(self.part[A, A] + np.diag(l2[A]), cross[:, A].T)
        if not singular:
            w[:, A] = found.T
            q[:] = w @ self.part - cross
        return not singular


def _value(W: np.ndarray, Q: np.ndarray, cross: np.ndarray, l1: np.ndarray, l2: np.ndarray) -> float:
    square = np.einsum("tj,tj->j", W, W)
    return 0.5 * float(np.vdot(W, Q - cross)) + l1 @ np.sqrt(square) + 0.5 * l2 @ square


def _extrapolated(points: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray] | None:
    """Combination of the iterates that a linear iteration would be nearest to its end at; None if there is none."""
    flat = np.array([w.ravel() for w, _ in points])
    steps = np.diff(flat, axis=0)
    products = steps @ steps.T
    products[np.diag_indices(len(steps))] += RIDGE * np.trace(products)  # nearly parallel steps would amplify rounding
    try:
        c = np.linalg.solve(products, np.ones(len(steps)))
    except np.linalg.LinAlgError:
        return None
    if not np.isfinite(c).all() or c.sum() == 0:
        return None
    c /= c.sum()
    w, q = (np.tensordot(c, np.array([point[k] for point in points[1:]]), axes=1) for k in (0, 1))
    return w, q  # q is affine in w, and the c sum to 1


def block_path(
    source: FromMoments | FromColumns,
    l1s: np.ndarray,
    l2s: np.ndarray,
    *,
    start: np.ndarray | None = None,
    tol: float = 1e-4,
    max_iter: int = 1000,
) -> BlockPath:
    """Minimise P for each pair of strengths, each from the solution before.

    Parameters
    ----------
    source : FromMoments or FromColumns
        The data, with cross products of shape (targets, p).
    l1s, l2s : ndarray of shape (m,)
        Strengths; a falling order is fastest.
    start : ndarray of shape (targets, p), optional
        Where to start.
    tol : float
        Stop at a duality gap of `tol` times the squares of Y.
    max_iter : int
        Most sweeps for one pair of strengths.

    Returns
    -------
    BlockPath

    References
    ----------
    [yuan2006], [obozinski2010], [tseng2001], [bertrand2021]

    Examples
    --------
    The first column's correlations (3, 4) have length 5: strength 2.5 halves both; the second's are too short.

    >>> source = FromMoments(np.eye(2), np.array([[3.0, 1.0], [4.0, 1.0]]), 30.0)
    >>> block_path(source, np.array([2.5]), np.zeros(1)).coefs[0].tolist()
    [[1.5, 0.0], [2.0, 0.0]]
    """
    path = MultiTaskPath(source, start=start)
    found = BlockPath(np.zeros((len(l1s), *source.cross.shape)), np.zeros(len(l1s)), np.zeros(len(l1s), dtype=np.int64))
    with single_threaded_blas():
        for k, (l1, l2) in enumerate(zip(l1s.tolist(), l2s.tolist(), strict=True)):
            found.gaps[k], found.sweeps[k] = path.step(l1, l2, tol * source.y_square, max_iter)
            found.coefs[k] = path.w
    return found
