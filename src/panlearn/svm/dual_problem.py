"""The dual of every kernel machine: one quadratic programme over m signed variables, and its certificate.

    minimise over alpha    1/2 beta'K beta + sum_t s_t o_t alpha_t,    beta_r = sum of s_t alpha_t over t with row_t = r
    subject to             0 <= alpha_t <= u_t,    sum_t s_t alpha_t = const

Nu machines fix sum_t alpha_t too, hence the sum over each sign. Each machine is a choice of rows, signs s, offsets o
and bounds u [chang2011]:

    C-SVC       row i       s = y_i                      o = -y_i                u = C
    SVR         row i twice s = +1, -1                   o = eps - y, -eps - y   u = C
    one class   row i       s = 1                        o = 0                   u = 1      sum alpha = nu n
    nu-SVC      row i       s = y_i                      o = 0                   u = 1      by sign
    nu-SVR      row i twice s = +1, -1                   o = -y, -y              u = C      by sign

With g = K beta and f_t = g[row_t] + o_t, the optimality conditions compare f_t with one threshold tau = -b (one of each
sign for nu machines): f_t >= tau where s_t alpha_t can grow, f_t <= tau where it can shrink. The violation is by how
much the largest f that should be below the threshold exceeds the smallest that should be above it. A classifier's
z_t = s_t (f_t - tau) is its margin less one; the primal adds u_t max(0, -z_t), and primal minus dual is term by term

    gap = sum_t  alpha_t z_t  where z_t >= 0,    (u_t - alpha_t) |z_t|  where z_t < 0.

Course notes: 000 §2.2 and §2.3 (dual, KKT conditions: see the errata), §2.5 (slack).
"""

from typing import NamedTuple

import numpy as np

TOUCHING = 1e-10  # squared distance of two convex hulls, over the largest |phi(x)|^2, that counts as none


class DualProblem(NamedTuple):
    """A kernel machine without its kernel."""

    row: np.ndarray  # (m,) intp, row of the Gram matrix of each variable
    sign: np.ndarray  # (m,) float64, +1 or -1
    offset: np.ndarray  # (m,) float64
    upper: np.ndarray  # (m,) float64, 0 leaves a variable out, inf is a hard margin
    start: np.ndarray  # (m,) float64, feasible
    by_sign: bool = False  # nu machines: the sum over each sign is fixed


class DualFit(NamedTuple):
    """Solution of the dual with its certificate."""

    alpha: np.ndarray  # (m,)
    beta: np.ndarray  # (n,) coefficients of the kernel expansion
    products: np.ndarray  # (n,) g = K beta
    intercept: float  # b, the decision function is K beta + b
    rho_by_sign: float  # r of nu machines: half the difference of the two thresholds; 0 for others
    violation: float  # of the optimality conditions, the largest over all variables
    objective: float  # of the minimisation
    gap: float  # primal minus dual, at the intercept that makes the primal smallest
    n_iter: int  # steps over a pair of variables
    trace: np.ndarray  # violation at each look at all variables


def coefficients(problem: DualProblem, alpha: np.ndarray, n: int) -> np.ndarray:
    """Beta, (n,)."""
    return np.bincount(problem.row, problem.sign * alpha, minlength=n)


def certify(
    problem: DualProblem, alpha: np.ndarray, products: np.ndarray, *, n_iter: int = 0, trace: np.ndarray | None = None
) -> DualFit:
    """The fit that alpha is, from g = K beta: thresholds, violation, objective, gap.

    Parameters
    ----------
    problem : DualProblem
        The problem.
    alpha : ndarray of shape (m,)
        Feasible variables.
    products : ndarray of shape (n,)
        K beta, as exact as the certificate is to be.
    n_iter : int
        Steps taken.
    trace : ndarray, optional
        Violations on the way.

    Returns
    -------
    DualFit
    """
    s, upper = problem.sign, problem.upper
    f = products[problem.row] + problem.offset
    groups = [s > 0, s < 0] if problem.by_sign else [np.ones(len(s), dtype=bool)]
    found = [_threshold(f[g], s[g], alpha[g], upper[g]) for g in groups]
    thresholds, violations, gaps = zip(*found)
    beta = coefficients(problem, alpha, len(products))
    r = (thresholds[0] - thresholds[1]) / 2 if problem.by_sign else 0.0
    objective = 0.5 * float(beta @ products) + float((s * problem.offset) @ alpha)
    trace = np.array([max(violations)]) if trace is None else trace
    b = -sum(thresholds) / len(thresholds)
    return DualFit(alpha, beta, products, b, r, max(violations), objective, sum(gaps), n_iter, trace)


def _threshold(f: np.ndarray, s: np.ndarray, alpha: np.ndarray, upper: np.ndarray) -> tuple[float, float, float]:
    """Threshold, violation and gap of the variables that share a threshold."""
    if not len(f):
        return 0.0, 0.0, 0.0
    grows = np.where(s > 0, alpha < upper, alpha > 0)
    shrinks = np.where(s > 0, alpha > 0, alpha < upper)
    free = grows & shrinks
    above, below = f[grows].min(initial=np.inf), f[shrinks].max(initial=-np.inf)
    if free.any():
        tau = f[free].mean()
    else:  # any value between the two will do; where one is missing, the other
        ends = [end for end in (above, below) if np.isfinite(end)]
        tau = sum(ends) / max(len(ends), 1)
    return float(tau), max(0.0, float(below - above)), _gap(f, s, alpha, upper)


def _gap(f: np.ndarray, s: np.ndarray, alpha: np.ndarray, upper: np.ndarray) -> float:
    """Duality gap at the best threshold: the primal is convex and piecewise linear in it, with corners at f."""
    # a soft margin with bounds that no alpha reaches is hard: twice the largest alpha stands for infinity
    upper = np.minimum(upper, max(1.0, 2 * float(alpha.max(initial=0.0))))
    order = np.argsort(-f)
    slope = s @ alpha - upper[s > 0].sum() + np.cumsum(upper[order])  # of the primal in b = -tau, right of each corner
    corner = order[min(np.searchsorted(slope, 0.0), len(order) - 1)]
    z = s * (f - f[corner])
    return float(np.where(z >= 0, alpha * z, (alpha - upper) * z).sum())


class Table(NamedTuple):
    """The variables as a table of (copies, n): those of a row of the Gram matrix stand in one column.

    One copy holds them where no row has two; else the first copy holds those of sign +1, the second those of sign -1.
    Places without a variable have bound 0.
    """

    sign: np.ndarray  # (copies, n)
    offset: np.ndarray  # (copies, n)
    upper: np.ndarray  # (copies, n)
    alpha: np.ndarray  # (copies, n)
    place: np.ndarray  # (m,) of each variable in the flattened table
    by_sign: bool  # the copies are the signs, and each keeps its sum

    @property
    def beta(self) -> np.ndarray:
        """Coefficients of the rows, (n,)."""
        return (self.sign * self.alpha).sum(axis=0)

    @property
    def room(self) -> tuple[np.ndarray, np.ndarray]:
        """Where s_t alpha_t can grow, and where it can shrink."""
        above, below = self.alpha > 0, self.alpha < self.upper
        positive = self.sign > 0
        return np.where(positive, below, above), np.where(positive, above, below)

    @property
    def groups(self) -> list[slice]:
        """Copies that share a threshold."""
        return [slice(0, 1), slice(1, 2)] if self.by_sign else [slice(None)]

    def sides(self, products: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of each group and row the least f that ought to be above the threshold, the largest that ought to be below.

        Both are (groups, n); inf and -inf where a row has none.
        """
        f, (up, low) = products + self.offset, self.room
        above, below = np.where(up, f, np.inf), np.where(low, f, -np.inf)
        if self.by_sign or len(f) == 1:
            return above, below
        return above.min(axis=0, keepdims=True), below.max(axis=0, keepdims=True)

    def thresholds(self, products: np.ndarray) -> tuple[np.ndarray, float]:
        """The middle of the two sides, (groups, 1), and the violation."""
        above, below = self.sides(products)
        return middle(above.min(axis=1, keepdims=True), below.max(axis=1, keepdims=True))


def middle(above: np.ndarray, below: np.ndarray) -> tuple[np.ndarray, float]:
    """Thresholds between the two ends of each group, and the violation; where one end is missing, the other."""
    with np.errstate(invalid="ignore"):
        centre = (above + below) / 2
    centre = np.where(
        np.isfinite(above), np.where(np.isfinite(below), centre, above), np.where(below > -np.inf, below, 0.0)
    )
    return centre, float(max(0.0, (below - above).max(initial=0.0)))


def table_of(problem: DualProblem, n: int) -> Table:
    """Lay the variables out for n rows; a row has at most one variable of each sign."""
    twice = problem.by_sign or len(problem.row) > n or np.bincount(problem.row, minlength=1).max(initial=0) > 1
    place = problem.row + n * (problem.sign < 0) if twice else problem.row
    shape = (2 if twice else 1, n)
    sign = np.ones(shape)
    if twice:
        sign[1] = -1.0
    fields = [sign, *(np.zeros(shape) for _ in range(3))]
    for field, values in zip(fields, (problem.sign, problem.offset, problem.upper, problem.start)):
        field.reshape(-1)[place] = values
    sign, offset, upper, alpha = fields
    return Table(sign, offset, upper, alpha, place, problem.by_sign)


def is_unbounded(table: Table, products: np.ndarray, largest: float) -> bool:
    """Whether a hard margin (bounds of inf) shows no sign of existing; `largest` is the largest kernel value."""
    return float(table.beta @ products) < TOUCHING * largest * float(table.alpha.sum()) ** 2 / 4
