"""A whole elastic-net path by coordinate descent on parts of the Gram matrix.

    P(w) = 1/2 |y - Xw|^2 + sum_j (l1_j |w_j| + l2_j/2 w_j^2),      G = X'X, c = X'y, u = X'(y - Xw) = c - Gw

One pass over n rows gives G and c, n p^2 operations of BLAS-3; a path of 100 strengths then costs the same for a
thousand rows as for a million. Cross-validation gains most: G and c of the rows that a fold leaves are those of all
rows less the fold's own. For p > n only the part of G is formed that the working set asks for.

Coordinate descent (`descend_gram`) sweeps over a working set. Where that is slow, since columns are nearly collinear,
the equations of the support, (G_SS + l2) w_S = c_S - l1_S sign(w_S), are solved as they stand: the step is taken if
the objective falls, weights that would change sign held at zero or, failing that, up to the first change of sign.

The certificate is the true duality gap [fercoq2015]. With the dual point s (y - Xw), and the largest s <= 1 for which
it is feasible, it is

    1/2 (1 - s)^2 |y - Xw|^2 + sum_j (l1_j |w_j| - w_j v_j) + (l2_j w_j - e_j)^2 / (2 l2_j)

with s u_j = v_j + e_j, where v_j is what L1 holds, |v_j| <= l1_j, and e_j the rest, 0 without an L2 penalty.

None of its terms is negative: unlike "primal less dual" it keeps its digits when the fit is nearly perfect. Only
|y - Xw|^2 = y'y - c'w - u'w cancels, and its factor (1 - s)^2 vanishes at the minimum. What moments cannot show is an
error of the fit itself below 1e-15 y'y.

Course notes: 003 §1.7.1, 000 §3.4.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg.lapack import dposv  # type: ignore[attr-defined]

from panlearn.core.jit import kernel
from panlearn.core.threads import single_threaded_blas
from panlearn.optimize.coordinate_descent import descend_gram
from panlearn.optimize.working_set_path import FromColumns, FromMoments, WorkingSetPath

PATIENCE = 10  # sweeps at least before the support's equations are solved
CHEAP, CHOLESKY = 2000, 32  # they cost as much as 2000 / |S| sweeps if few, |S| / 32 if many (measured)


class GramPath(NamedTuple):
    """Solutions along a path, each with its certificate."""

    coefs: np.ndarray  # (m, p)
    gaps: np.ndarray  # (m,) duality gaps, in units of the objective
    sweeps: np.ndarray  # (m,) sweeps over the working set


@kernel
def gap_at(s, q, w, l1, l2, diagonal, residual_square, positive):
    """Duality gap with the dual point s (y - Xw), which must be feasible.

    A coordinate without any penalty has no finite dual: it counts with what it alone could still gain.
    """
    gap = 0.5 * (1.0 - s) * (1.0 - s) * residual_square
    for j in range(q.size):
        if l1[j] == 0.0 and l2[j] == 0.0:
            if diagonal[j] > 0.0 and not (positive and w[j] == 0.0 and q[j] > 0.0):
                gap += 0.5 * q[j] * q[j] / diagonal[j]
            continue
        u = -s * q[j]
        kept = min(u, l1[j]) if positive else max(min(u, l1[j]), -l1[j])
        gap += l1[j] * abs(w[j]) - w[j] * kept
        if l2[j] > 0.0:
            fault = l2[j] * w[j] - (u - kept)
            gap += fault * fault / (2.0 * l2[j])
    return gap


@kernel
def certify(q, w, l1, l2, diagonal, residual_square, positive, excess):  # updates excess
    """Duality gap at w, the better of two dual points; excess (p,) says how far each zero weight breaks its condition.

    The first point is feasible where no L2 penalty makes every point so; the second counts the L2 penalty as rows of X.
    """
    free, strict = 1.0, 1.0
    for j in range(q.size):
        size = -q[j] if positive else abs(q[j])
        excess[j] = max(size - l1[j], 0.0) if w[j] == 0.0 else 0.0
        if l1[j] == 0.0 and l2[j] == 0.0:
            continue
        if l2[j] == 0.0 and size > l1[j]:
            free = min(free, l1[j] / size)
        pull = -q[j] - l2[j] * w[j]
        size = pull if positive else abs(pull)
        if size > l1[j]:
            strict = min(strict, l1[j] / size)
    gap = gap_at(free, q, w, l1, l2, diagonal, residual_square, positive)
    return min(gap, gap_at(min(strict, free), q, w, l1, l2, diagonal, residual_square, positive))


class ElasticNetPath(WorkingSetPath):
    """One target: sum_j (l1_j |w_j| + l2_j/2 w_j^2), with w >= 0 if `positive`."""

    positive = False

    def certify(self, l1: np.ndarray, l2: np.ndarray, diagonal: np.ndarray) -> float:
        """Duality gap at w; sets `excess`."""
        return certify(self.q, self.w, l1, l2, diagonal, self.residual_square, self.positive, self.excess)

    def pull(self) -> np.ndarray:
        """Size of the gradient, or of its part that draws w upwards."""
        return -self.q if self.positive else np.abs(self.q)

    def descend(
        self, w: np.ndarray, q: np.ndarray, cross: np.ndarray, l1: np.ndarray, l2: np.ndarray, most: int
    ) -> int:
        """Sweep over the working set, with a solution of the support's equations now and then."""
        sweeps = 0
        while sweeps < most:
            patience = min(most - sweeps, max(PATIENCE, CHEAP // len(w), np.count_nonzero(w) // CHOLESKY))
            made = descend_gram(self.part, q, w, l1, l2, self.positive, self.inner, patience)
            sweeps += made
            if made < patience:
                break
            self._solve_support(w, q, cross, l1, l2)
        return sweeps

    def _solve_support(self, w: np.ndarray, q: np.ndarray, cross: np.ndarray, l1: np.ndarray, l2: np.ndarray) -> None:
        """Minimise over the weights that are not zero, none changing sign; w and q change if the objective falls."""
        S = np.flatnonzero(w)
        if not len(S):
            return
        old, rows, l1, l2 = w[S], self.part[S], l1[S], l2[S]
        fault = q[S] + l2 * old + l1 * np.sign(old)
        _, move, singular = dposv(rows[:, S] + np.diag(l2), -fault, overwrite_a=True)
        if singular:
            return  # collinear columns: sweeps go on
        changes = old * (old + move) < 0
        first = float((-old[changes] / move[changes]).min(initial=1.0))
        value = 0.5 * old @ (q - cross)[S] + l1 @ np.abs(old) + 0.5 * l2 @ old**2
        for share in (1.0, first):
            new = old + share * move
            new[old * new <= 0] = 0.0
            gradient = new @ rows - cross
            if 0.5 * new @ (gradient - cross)[S] + l1 @ np.abs(new) + 0.5 * l2 @ new**2 < value:
                w[S], q[:] = new, gradient
                return


def path_of(
    source: FromMoments | FromColumns,
    l1s: np.ndarray,
    l2s: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    positive: bool = False,
    start: np.ndarray | None = None,
    tol: float = 1e-4,
    max_iter: int = 1000,
) -> GramPath:
    """Minimise P for each pair of strengths, each from the solution before.

    Parameters
    ----------
    source : FromMoments or FromColumns
        The data.
    l1s, l2s : ndarray of shape (m,)
        Strengths; a falling order is fastest.
    weights : ndarray of shape (p,), optional
        Factors of the strengths, one for each coordinate; 1 by default.
    positive : bool
        Restrict the weights to be at least 0.
    start : ndarray of shape (p,), optional
        Where to start.
    tol : float
        Stop at a duality gap of `tol` times y'y.
    max_iter : int
        Most sweeps for one pair of strengths.

    Returns
    -------
    GramPath
    """
    path = ElasticNetPath(source, weights, start)
    path.positive = bool(positive)
    shape = (len(l1s), source.cross.size)
    found = GramPath(np.zeros(shape), np.zeros(shape[0]), np.zeros(shape[0], dtype=np.int64))
    with single_threaded_blas():  # kernels and BLAS on vectors take turns
        for k, (l1, l2) in enumerate(zip(l1s.tolist(), l2s.tolist(), strict=True)):
            found.gaps[k], found.sweeps[k] = path.step(l1, l2, tol * source.y_square, max_iter)
            found.coefs[k] = path.w
    return found


def gram_path(
    gram: np.ndarray,
    cross: np.ndarray,
    y_square: float,
    l1s: np.ndarray,
    l2s: np.ndarray,
    weights: np.ndarray | None = None,
    positive: bool = False,
    tol: float = 1e-4,
    max_iter: int = 1000,
) -> GramPath:
    """Minimise P for each pair of strengths, from moments alone.

    Parameters
    ----------
    gram : ndarray of shape (p, p)
        X'X, in the units of the penalties (divided by n for scikit-learn's).
    cross : ndarray of shape (p,)
        X'y.
    y_square : float
        y'y.
    l1s, l2s, weights, positive, tol, max_iter
        As in `path_of`.

    Returns
    -------
    GramPath

    References
    ----------
    [friedman2010], [tibshirani2012], [fercoq2015]

    Examples
    --------
    Orthogonal columns: each weight is its correlation moved towards 0.

    >>> gram_path(np.eye(2), np.array([3.0, -1.0]), 10.0, np.array([2.0, 0.5]), np.zeros(2)).coefs.tolist()
    [[1.0, 0.0], [2.5, -0.5]]
    """
    source = FromMoments(gram, cross, y_square)
    return path_of(source, l1s, l2s, weights=weights, positive=positive, tol=tol, max_iter=max_iter)
