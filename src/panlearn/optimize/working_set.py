"""Working sets of the elastic net: the few columns that are solved for, and the current point.

    minimise over w_A   1/2 |t - Z_A w_A|^2 + sum_{j in A} (l1_j |w_j| + l2_j/2 w_j^2)

`GramSet` keeps G = Z_A'Z_A, so that a weight that moves costs k operations, whatever n. Its members stand in two parts:
a swept one, and one that waits with its Gram columns ready until the pull of a column exceeds its strength.
`SweptSet` keeps no Gram matrix, for sets too large for one: a weight costs a column, dense or sparse.
"""

from typing import Any

import numpy as np
import scipy.linalg
from scipy.sparse import hstack

from panlearn.core.design import columns as readable
from panlearn.optimize.centred_columns import CentredColumns
from panlearn.optimize.coordinate_descent import descend_columns, gram_gap, solve_gram
from panlearn.penalties.elastic_net import ElasticNet

OPERATIONS = 2e8  # of one kernel call, so that Ctrl-C is heard
SMALL = 100  # members that are all swept over
PATIENCE = 18  # sweeps, at least, before the equations of the support are solved: they cost as much
TRIAL, STAGES = 120, 12  # sweeps before the search goes by larger strengths, and their number
CHECK = 10  # sweeps over columns between two looks at the gap


class GramSet:
    """The columns solved for, their Gram matrix, and the current point.

    The first `hot` members are those that coordinate descent sweeps over; the others wait with their Gram columns ready
    and are swapped in when their pull exceeds their strength.

    Parameters
    ----------
    columns : CentredColumns
        All columns.
    t : ndarray of shape (n,)
        Target.
    """

    def __init__(self, columns: CentredColumns, t: np.ndarray) -> None:
        self.columns, self.t, self.square, self.hot = columns, t, float(t @ t), 0
        self.members, self.inside = np.empty(0, np.intp), np.zeros(columns.shape[1], bool)
        self.blocks: list[tuple[np.ndarray, Any]] = []  # members with their columns, in the order of joining
        self.gram = np.empty((0, 0))  # larger than its used part (k, k), so that it need not be copied each time
        self.cross, self.w, self.q = np.empty(0), np.empty(0), np.empty(0)

    def take(self, new: np.ndarray) -> None:
        """Add columns."""
        if not len(new):
            return
        k, m = len(self.members), len(new)
        if k + m > len(self.gram):
            larger = np.empty((max(k + m, 2 * k), max(k + m, 2 * k)))
            larger[:k, :k] = self.gram[:k, :k]
            self.gram = larger
        Z, slots = self.columns.take(new), np.empty(len(self.inside), np.intp)
        slots[self.members] = np.arange(k)
        for those, other in self.blocks:
            self.gram[k : k + m, slots[those]] = self.columns.gram(Z, new, other, those)
        self.gram[:k, k : k + m] = self.gram[k : k + m, :k].T
        self.gram[k : k + m, k : k + m] = self.columns.gram(Z, new, Z, new)
        cross = self.columns.products(Z, new, self.t)
        if not np.isfinite(self.gram[k : k + m, k : k + m].sum()):
            raise OverflowError("X holds NaN, infinity, or values whose squares overflow")
        self.blocks.append((new, Z))
        self.inside[new] = True
        self.members, self.cross = np.append(self.members, new), np.append(self.cross, cross)
        self.w = np.append(self.w, np.zeros(m))
        self.q = np.append(self.q, self.gram[k : k + m, :k] @ self.w[:k] - cross)

    def go(self, w: np.ndarray) -> None:
        """Set the point."""
        self.w = np.array(w, np.float64)
        self._refresh(0)
        self._heat(np.flatnonzero(self.w) if len(self.w) > SMALL else np.arange(len(self.w)))

    def _refresh(self, start: int) -> None:
        k = len(self.members)
        used = k if start == 0 else self.hot
        self.q[start:] = self.gram[start:k, :used] @ self.w[:used] - self.cross[start:]

    def _heat(self, chosen: np.ndarray) -> None:
        """Swap members, given by their places, into the swept part."""
        chosen = chosen[chosen >= self.hot]
        if not len(chosen):
            return
        stop, k = self.hot + len(chosen), len(self.members)
        gone = np.setdiff1d(np.arange(self.hot, stop), chosen)
        come = chosen[chosen >= stop]
        to, of = np.concatenate([gone, come]), np.concatenate([come, gone])
        for array in (self.members, self.cross, self.w, self.q):
            array[to] = array[of]
        self.gram[to, :k] = self.gram[of, :k]
        self.gram[:k, to] = self.gram[:k, of]
        self.hot = stop

    def solve(self, penalty: ElasticNet, tol: float, max_sweeps: int) -> int:
        """Minimise over the columns to a duality gap of tol; returns the sweeps made.

        Nearly collinear columns can hold the weights far from the minimum for thousands of sweeps. From the minimum for
        a somewhat larger strength it is near: where a trial fails, the search starts again from zero weights and
        goes down a few strengths.
        """
        trial = min(TRIAL, max_sweeps)
        sweeps = self._search(penalty, tol, trial)
        if sweeps < trial or trial == max_sweeps:
            return sweeps
        l1, l2 = penalty.l1[self.members], penalty.l2[self.members]
        if self._gap(l1, l2, penalty.positive) <= tol or not (l1 > 0).all():
            return sweeps
        self.go(np.zeros(len(self.w)))
        pull = np.maximum(self.cross, 0.0) if penalty.positive else np.abs(self.cross)
        top = float(np.max(pull / penalty.l1[self.members], initial=1.0))
        for factor in np.geomspace(top, 1.0, STAGES + 1)[1:-1]:
            self._search(penalty._replace(l1=factor * penalty.l1), tol, max_sweeps)
        return sweeps + self._search(penalty, tol, max_sweeps - sweeps)

    def _gap(self, l1: np.ndarray, l2: np.ndarray, positive: bool) -> float:
        return gram_gap(self.gram, self.cross, self.square, self.q, self.w, l1, l2, positive)

    def _search(self, penalty: ElasticNet, tol: float, max_sweeps: int) -> int:
        """Sweep over the hot members, take in those that should be, until none is missing."""
        sweeps = 0
        while sweeps < max_sweeps:
            pull = -self.q if penalty.positive else np.abs(self.q)
            self._heat(self.hot + np.flatnonzero(pull[self.hot :] > penalty.l1[self.members[self.hot :]]))
            l1, l2, h = penalty.l1[self.members], penalty.l2[self.members], self.hot
            if sweeps and self._gap(l1, l2, penalty.positive) <= tol:
                break
            sweeps += self._descend(l1[:h], l2[:h], penalty.positive, tol, max_sweeps - sweeps)
            self._refresh(h)
            pull = -self.q[h:] if penalty.positive else np.abs(self.q[h:])
            if not (pull > l1[h:]).any():
                break
        return sweeps

    def _descend(self, l1: np.ndarray, l2: np.ndarray, positive: bool, tol: float, max_sweeps: int) -> int:
        h, sweeps = self.hot, 0
        cross, q, w = self.cross[:h], self.q[:h], self.w[:h]
        chunk = min(max(PATIENCE, h // 16), max(12, int(OPERATIONS / (h * h + 1))))
        while sweeps < max_sweeps:
            most = min(chunk, max_sweeps - sweeps)
            made, gap = solve_gram(self.gram, cross, self.square, q, w, l1, l2, positive, tol, most)
            sweeps += made
            if gap <= tol or made < most:
                break
            if most == chunk:
                solve_support(self.gram, cross, q, w, l1, l2)
        free = np.flatnonzero((l1 == 0) & (l2 == 0))
        if len(free) and not positive:
            step = np.linalg.lstsq(self.gram[np.ix_(free, free)], -q[free], rcond=None)[0]
            w[free] += step
            q += self.gram[:h, free] @ step
        return sweeps

    def moments(self, members: np.ndarray, W: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pulls of the columns, where all are members, and squares of the residuals, from the Gram matrix."""
        slots, k = np.empty(len(members), np.intp), len(members)
        slots[members] = np.arange(k)
        W = W[slots[self.members]]
        Q = self.gram[:k, :k] @ W - self.cross[:, None]
        pulls = np.empty_like(Q)
        pulls[self.members] = -Q
        return pulls, np.maximum(self.square + np.einsum("ij,ij->j", W, Q - self.cross[:, None]), 0.0)

    def residuals(self, members: np.ndarray, W: np.ndarray) -> np.ndarray:
        """Residuals t - Zw for each column of W, whose rows are the weights of the given members, (n, m)."""
        R = np.repeat(self.t[:, None], W.shape[1], axis=1)
        slots = np.empty(len(self.inside), np.intp)
        slots[members] = np.arange(len(members))
        for those, Z in self.blocks:
            R -= self.columns.combine(Z, those, W[slots[those]])
        return R


def solve_support(
    gram: np.ndarray, cross: np.ndarray, q: np.ndarray, w: np.ndarray, l1: np.ndarray, l2: np.ndarray
) -> None:
    """Minimise over the weights that are not zero, with their signs as they are; changes w and q.

    That is a linear system, (G_SS + l2_S) w_S = b_S - l1_S sign(w_S), which ends what many sweeps over nearly collinear
    columns would not. Weights that would change sign are held at 0 where that lowers the objective; else the step ends
    where the first of them is 0.
    """
    S, k = np.flatnonzero(w), len(w)
    old, rows = w[S], gram[S, :k]
    try:
        factor = scipy.linalg.cho_factor(rows[:, S] + np.diag(l2[S]), check_finite=False)
    except np.linalg.LinAlgError:
        return  # collinear columns: sweeps go on
    move = -scipy.linalg.cho_solve(factor, q[S] + l2[S] * old + l1[S] * np.sign(old), check_finite=False)
    turned = old * (old + move) < 0
    first = float((-old[turned] / move[turned]).min(initial=1.0))
    before = 0.5 * old @ (q - cross)[S] + l1[S] @ np.abs(old) + 0.5 * l2[S] @ old**2
    for share in (1.0, first):
        new = old + share * move
        new[old * new <= 0] = 0.0
        pull = new @ rows - cross
        after = 0.5 * new @ (pull - cross)[S] + l1[S] @ np.abs(new) + 0.5 * l2[S] @ new**2
        if after < before:
            w[S], q[:] = new, pull
            return


class SweptSet:
    """The same without a Gram matrix; takes over the members and the point of a `GramSet`.

    Parameters
    ----------
    held : GramSet
        The set that became too large.
    """

    def __init__(self, held: GramSet) -> None:
        self.columns, self.t, self.square = held.columns, held.t, held.square
        none = np.empty(0, np.intp)
        self.members, self.inside = np.concatenate([none, *(those for those, _ in held.blocks)]), held.inside
        self.Z: Any = self._joined([self.columns.take(none), *(Z for _, Z in held.blocks)])
        w = np.zeros(len(self.inside))
        w[held.members] = held.w
        self.w = w[self.members]

    def take(self, new: np.ndarray) -> None:
        """Add columns."""
        if len(new):
            self.Z = self._joined([self.Z, self.columns.take(new)])
            self.members, self.inside[new] = np.append(self.members, new), True
            self.w = np.append(self.w, np.zeros(len(new)))

    def _joined(self, parts: list[Any]) -> Any:
        return hstack(parts, format="csc") if self.columns.thin else np.asfortranarray(np.hstack(parts))

    def go(self, w: np.ndarray) -> None:
        """Set the point."""
        self.w = np.array(w, np.float64)

    def solve(self, penalty: ElasticNet, tol: float, max_sweeps: int) -> int:
        """Minimise over the columns to a duality gap of tol; returns the sweeps made."""
        chosen = penalty._replace(l1=penalty.l1[self.members], l2=penalty.l2[self.members])
        mean = self.columns.mean[self.members] if self.columns.thin else np.zeros(len(self.members))
        squares = self.Z.multiply(self.Z).sum(axis=0) if self.columns.thin else np.einsum("ij,ij->j", self.Z, self.Z)
        square = np.maximum(np.asarray(squares).ravel() - mean**2, 0.0)
        Z, places, sweeps, accuracy = readable(self.Z), np.arange(len(mean)), 0, 0.1
        while sweeps < max_sweeps:
            r = self.residuals(self.members, self.w[:, None])[:, 0]
            pull = self.columns.products(self.Z, self.members, r)
            gap = chosen.gap(pull, self.w, float(r @ r))
            distance = float(np.max(chosen.distance(-pull, self.w), initial=0.0))
            if (gap <= tol and sweeps) or distance == 0.0:
                break
            s = np.array([np.sum(self.columns.root * r)])
            arguments = (mean, 1.0, r, s, self.w, square, chosen.l1, chosen.l2, chosen.positive)
            most = min(CHECK, max_sweeps - sweeps)
            made = descend_columns(Z, places, *arguments, accuracy * distance, most)
            sweeps += made
        return sweeps

    def residuals(self, members: np.ndarray, W: np.ndarray) -> np.ndarray:
        """Residuals t - Zw for each column of W, whose rows are the weights of the given members, (n, m)."""
        slots = np.empty(len(self.inside), np.intp)
        slots[members] = np.arange(len(members))
        return self.t[:, None] - self.columns.combine(self.Z, self.members, W[slots[self.members]])
