"""Elastic net by coordinate descent on a growing working set, for one strength or a path of them.

    P(w) = 1/2 |t - Zw|^2 + sum_j (l1_j |w_j| + l2_j/2 w_j^2),      Z, t as in `centred_columns`

At the minimum most weights are 0, so only a working set A of k columns is solved for [massias2018]: their Gram matrix
G = Z_A'Z_A is kept and grown, and coordinate descent with Anderson's extrapolation runs on it, k operations for a
weight that moves, whatever n. A product Z'r with all columns then gives the true duality gap, which stops the search,
and the subdifferential distances of the weights left at 0, of which the largest join the set. Nothing ever leaves it.

A path starts each strength at the solution before and keeps A and G. Since a product with ten residuals costs about
as much memory traffic as with one, several strengths are solved on one working set and checked together [qian2020];
the first that fails is solved again, with its violators. Columns that are expected to be used join in advance, by
the strong rule |z_j'r| >= l1 - slope (last l1 - l1) [tibshirani2012], with a slope below its 1 that failures raise.

Cost: n p for each product, n k for each new column, k times the moving weights for each sweep. Weights without a
penalty are set to their least-squares values in between, so that the dual point stays feasible.

Course notes: 003 §1.7.1, 000 §3.4.
"""

from typing import Any, NamedTuple

import numpy as np

from panlearn.core.threads import single_threaded_blas
from panlearn.optimize.centred_columns import CentredColumns
from panlearn.optimize.working_set import GramSet, SweptSet
from panlearn.penalties.elastic_net import ElasticNet, alpha_max

FIRST = 100  # columns of the first working set
REACH = 0.75  # of the last strength: those down to here are solved together
SLOPES = 1.5  # factor of change of the slope with which pulls are expected to grow as the strength falls; at most 1
COARSE = 0.03  # share of the gap to which a working set is solved that will grow
BATCH = 16  # most strengths checked together
INNER = 0.3  # share of the tolerance to which the working set is solved
WHOLE = 3.0  # times more if the set is all columns, whose gap is the gap
ROUNDS = 200  # most working sets for one strength
MANY, SQUARE = 20, 3000  # strengths from which all columns join at once, if there are so few and n >= 2p
EXACT = 1e-9  # tolerance below which moments have too few digits for the gap
LARGEST = 7000  # columns of the largest Gram matrix, 400 MB


class Path(NamedTuple):
    """Solutions for a sequence of strengths, each with its certificate."""

    coefs: np.ndarray  # (m, p)
    intercepts: np.ndarray  # (m,)
    gaps: np.ndarray  # (m,) true duality gaps, in units of the objective
    sweeps: np.ndarray  # (m,) sweeps of coordinate descent over the working set


def elastic_net_path(
    X: Any,
    y: np.ndarray,
    l1s: np.ndarray,
    l2s: np.ndarray,
    *,
    intercept: bool = True,
    sample_weight: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    positive: bool = False,
    start: np.ndarray | None = None,
    tol: float = 1e-4,
    max_iter: int = 1000,
) -> Path:
    """Minimise P for each pair of strengths, each from the solution before.

    Parameters
    ----------
    X : ndarray or CSC matrix of shape (n, p), or CentredColumns
        Features, float32 or float64, in any order; not changed. `CentredColumns` bring their own intercept and weights.
    y : ndarray of shape (n,)
        Target.
    l1s, l2s : ndarray of shape (m,)
        Strengths in units of the mean squared error: alpha l1_ratio and alpha (1 - l1_ratio) of scikit-learn. A falling
        order is fastest.
    intercept : bool
        Fit an intercept.
    sample_weight : ndarray of shape (n,), optional
        Weights of the rows.
    weights : ndarray of shape (p,), optional
        Factors of the strengths, one for each column; 1 by default.
    positive : bool
        Restrict the weights to be at least 0.
    start : ndarray of shape (p,), optional
        First point; zeros by default.
    tol : float
        Stop at a duality gap of tol times the (weighted, centred) mean square of y.
    max_iter : int
        Most sweeps of coordinate descent for one pair of strengths.

    Returns
    -------
    Path

    Raises
    ------
    OverflowError
        If X holds NaN, infinity, or values too large to square.

    References
    ----------
    [friedman2010], [massias2018], [qian2020], [fercoq2015]

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.eye(2), np.array([3.0, -1.0])
    >>> path = elastic_net_path(X, y, np.array([1.0, 0.25]), np.zeros(2), intercept=False)
    >>> path.coefs.tolist()  # each weight is its correlation moved towards 0, in units of 1/n
    [[1.0, 0.0], [2.5, -0.5]]
    """
    columns = X if isinstance(X, CentredColumns) else CentredColumns(X, sample_weight, intercept)
    search = _Search(columns, y, weights, positive)
    # the products bring their own threads; values that are not finite are found and refused
    with single_threaded_blas(), np.errstate(invalid="ignore", over="ignore"):
        search.begin(start, len(l1s))
        return search.run(np.asarray(l1s, float), np.asarray(l2s, float), tol, max_iter)


class _Search:
    """The point reached on the path."""

    def __init__(self, columns: CentredColumns, y: np.ndarray, weights: np.ndarray | None, positive: bool) -> None:
        self.columns, self.positive = columns, positive
        self.weights = np.ones(columns.shape[1]) if weights is None else np.asarray(weights, np.float64)
        self.excluded = np.isinf(self.weights)  # columns held at 0
        self.factors = np.where(self.excluded, 0.0, self.weights)
        self.t, self.y_mean = columns.target(y)
        self.set: Any = GramSet(columns, self.t)
        self.limit, self.rounds, self.share = 0.0, 0, INNER  # the gap asked for; working sets tried; share of the limit
        self.slope = 0.5

    def begin(self, start: np.ndarray | None, strengths: int) -> None:
        """Go to the first point."""
        self.w = np.zeros(len(self.weights)) if start is None else np.array(start, np.float64)
        n, p = self.columns.shape
        few = p <= FIRST or (strengths >= MANY and 2 * p <= n and p <= SQUARE)
        self.set.take(np.arange(len(self.w)) if few else np.flatnonzero((self.weights == 0) | (self.w != 0)))
        self.set.go(self.w[self.set.members])
        R = self.set.residuals(self.set.members, self.set.w[:, None])
        self.pull, self.residual = self.columns.pull(R)[:, 0], float(np.vdot(R, R))
        if not np.isfinite(self.pull.sum()):
            raise OverflowError("X holds NaN, infinity, or values whose squares overflow")
        self.level = alpha_max(self.pull, 1.0, self.weights, self.positive)  # the l1 whose solution this may be

    def run(self, l1s: np.ndarray, l2s: np.ndarray, tol: float, max_iter: int) -> Path:
        """All strengths in turn."""
        m, p = len(l1s), len(self.weights)
        found = Path(np.zeros((m, p)), np.zeros(m), np.zeros(m), np.zeros(m, np.int64))
        self.limit, i, size = tol * self.set.square, 0, 1
        if m and (gap := self._gap(l1s[0], l2s[0])) <= self.limit:  # a warm start may be good enough as it is
            self._accept(found, 0, gap)
            i = 1
        while i < m:
            reached = int(np.searchsorted(-l1s[i:], -REACH * self.level))
            stop = i + max(1, min(size, m - i, reached))
            failed = self._advance(found, i, l1s[i:stop], l2s[i:stop], max_iter)
            i, size = (stop, min(2 * size, BATCH)) if failed is None else (failed, max(1, failed - i))
        return found

    def _advance(self, found: Path, i: int, l1s: np.ndarray, l2s: np.ndarray, max_iter: int) -> int | None:
        """Solve for some strengths, the first of which is number i, and check them; returns the first that failed."""
        if self.rounds == 0:
            self._take(self._expected(l1s[-1]))
        whole = len(self.set.members) == len(self.w)
        inner = self.share * self.limit * (WHOLE if whole else 1.0)
        if len(l1s) == 1 and not whole:  # this set will grow: its own minimum is no use
            inner = max(inner, COARSE * self._gap(l1s[0], l2s[0]))
        members, W = self._solve(l1s, l2s, inner, max_iter, found.sweeps[i : i + len(l1s)])
        pulls, squares = self._check(members, W)
        self.rounds += 1
        for k, (l1, l2) in enumerate(zip(l1s, l2s, strict=True)):
            self.w = np.zeros(len(self.weights))
            self.w[members], self.pull, self.residual, self.level = W[:, k], pulls[:, k], squares[k], l1
            gap = self._gap(l1, l2)
            if gap > self.limit and found.sweeps[i + k] < max_iter and self.rounds < ROUNDS:
                self.set.go(self.w[self.set.members])
                if (
                    not self._take(np.minimum(self._expected(l1s[-1]), l1 * self.weights))
                    and inner <= self.share * self.limit
                ):
                    self.share *= 0.1
                self.slope = min(1.0, SLOPES * self.slope)
                return i + k
            self._accept(found, i + k, gap)
        self.slope /= SLOPES
        return None

    def _check(self, members: np.ndarray, W: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pulls of all columns, (p, m), and squares of the residuals, (m,), at the weights W of the members."""
        if len(members) == len(self.w) and self.limit >= EXACT * self.set.square and isinstance(self.set, GramSet):
            return self.set.moments(members, W)  # the rows have nothing to add
        R = self.set.residuals(members, W)
        return self.columns.pull(R), np.einsum("ij,ij->j", R, R)

    def _accept(self, found: Path, k: int, gap: float) -> None:
        found.coefs[k], found.gaps[k] = self.w, gap
        found.intercepts[k] = self.y_mean - float(self.columns.mean @ self.w)
        self.rounds, self.share = 0, INNER

    def _expected(self, l1: float) -> np.ndarray:
        """Pulls from which columns are expected to be used at a smaller strength, (p,)."""
        return (l1 - self.slope * (self.level - l1)) * self.factors

    def _gap(self, l1: float, l2: float) -> float:
        return self._penalty(l1, l2).gap(self.pull, self.w, self.residual)

    def _solve(
        self, l1s: np.ndarray, l2s: np.ndarray, inner: float, max_iter: int, sweeps: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Weights of the members, (k, m), for some strengths; adds to the sweeps in place."""
        members = self.set.members.copy()
        W, slots = np.empty((len(members), len(l1s))), np.empty(len(self.weights), np.intp)
        slots[members] = np.arange(len(members))
        for k, (l1, l2) in enumerate(zip(l1s, l2s)):
            sweeps[k] += self.set.solve(self._penalty(l1, l2), inner, max_iter - sweeps[k])
            W[slots[self.set.members], k] = self.set.w
        return members, W

    def _penalty(self, l1: float, l2: float) -> ElasticNet:
        l1s = l1 * self.factors
        l1s[self.excluded] = np.inf
        return ElasticNet(l1s, l2 * self.factors, self.positive)

    def _take(self, threshold: np.ndarray) -> bool:
        """Take columns that pull with more than a threshold, the strongest of them; returns whether there were any."""
        excess = (self.pull if self.positive else np.abs(self.pull)) - np.maximum(threshold, 0.0)
        new = np.flatnonzero((excess > 0) & ~self.set.inside & ~self.excluded)
        room = max(FIRST, np.count_nonzero(self.set.w))
        if len(new) > room:
            new = np.sort(new[np.argpartition(excess[new], -room)[-room:]])
        if len(self.set.members) + len(new) > LARGEST and isinstance(self.set, GramSet):
            self.set = SweptSet(self.set)
        elif len(self.set.members) + len(new) > len(self.w) // 2 and len(new) and len(self.w) <= LARGEST:
            new = np.flatnonzero(~self.set.inside)  # one large product costs less than many small ones
        self.set.take(new)
        return len(new) > 0
