"""Labels of unlabelled rows by switching many at once while their price rises [sindhwani2006], [joachims1999].

    minimise over w, b, y_u    P = 1/2 |w|^2 + C sum_labelled L(y_i f_i) + C_u sum_unlabelled L(y_j f_j)
    subject to                 low <= number of y_j = 1 <= high

For a fixed machine f the best labels are known: with the pull t_j = C_u (L(-f_j) - L(f_j)) those with the largest pulls
are positive, as many as have t_j > 0, or as the bounds allow. For fixed labels the machine is convex. Alternating the
two switches all pairs at once that are better off exchanged, and P falls until no exchange helps: a local minimum.

Where it ends is decided by the way there. Unlabelled rows get a share of C_u that grows from a thousandth to one, so
that the labelled ones speak first. At a temperature T > 0 the labels are uncertain on this way,

    p_j = 1 / (1 + exp(-(t_j + nu) / (T C_u)))     nu such that the sum of the p_j meets the bounds

(deterministic annealing with T fixed): rows near the boundary then do not hold it where the supervised machine happened
to put it. No temperature is best for all data, so several are tried, and the least P is kept. P >= the objective on the
labelled rows alone, the lower bound that is reported.

Cost: some 50 fits for each temperature, each from the last one. When it fails: few labels and curved clusters leave
many local minima, and a boundary of low density that is not the one between the classes is taken for it.

Course notes: 001 §9.4.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from panlearn.core.progress import progress
from panlearn.semi_supervised.soft_label_svm import Machine, SoftLabelFit

FIRST_SHARE = 1e-3  # of C_u at the start of the way
ROUNDS = 5  # fits at each share: the way need not be followed exactly
STILL = 0.01  # mean change of the probabilities below which a share is done
LOOSE = 1e-2  # accuracy of the fits on the way
FALL = 1e-9  # least relative decrease for which labels are switched


class TransductiveProblem(NamedTuple):
    """Rows, labels, prices and the balance of the classes."""

    machine: Machine
    y: np.ndarray  # (n,) 1 and -1, 0 for unlabelled rows
    cost: np.ndarray  # (n,) C of labelled, C_u of unlabelled rows
    low: int  # fewest and
    high: int  # most unlabelled rows to be positive

    @property
    def free(self) -> np.ndarray:
        """Indices of the unlabelled rows, (n_u,)."""
        return np.flatnonzero(self.y == 0)

    def costs(self, positive: np.ndarray, share: float | np.ndarray = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """Costs of all rows under +1 and -1, if unlabelled ones are positive with these probabilities (n_u,)."""
        plus, minus = self.cost * (self.y > 0), self.cost * (self.y < 0)
        free = self.free
        plus[free], minus[free] = share * self.cost[free] * positive, share * self.cost[free] * (1 - positive)
        return plus, minus

    def pulls(self, f: np.ndarray) -> np.ndarray:
        """What labels of 1 rather than -1 save, (n_u,)."""
        free, loss = self.free, self.machine.loss
        return self.cost[free] * (loss.values(f[free], -1.0) - loss.values(f[free], 1.0))

    def best_labels(self, pull: np.ndarray) -> np.ndarray:
        """Labels 0 and 1 of least loss within the bounds, (n_u,)."""
        count = int(np.clip((pull > 0).sum(), self.low, self.high))
        labels = np.zeros(len(pull))
        labels[np.argsort(-pull, kind="stable")[:count]] = 1.0
        return labels

    def supervised(self, tol: float) -> SoftLabelFit:
        """The machine of the labelled rows."""
        return self.machine.solve(*self.costs(np.zeros(len(self.free)), 0.0), None, tol)


class Transduction(NamedTuple):
    """Labels of the unlabelled rows, the machine that goes with them, and what is known of both."""

    labels: np.ndarray  # (n_u,) 1 and 0
    fit: SoftLabelFit
    lower: float  # no labels have a lower P
    n_fits: int
    converged: bool
    nodes: int | None = None  # of a branch and bound, if there was one


class Schedule(NamedTuple):
    """The way from the labelled rows to all."""

    steps: int = 10  # shares of C_u
    temperatures: tuple[float, ...] = (0.0, 0.2, 0.5)  # in units of C_u
    restarts: int = 0  # further ways, from disturbed pulls


def switch_labels(
    problem: TransductiveProblem,
    schedule: Schedule,
    *,
    tol: float,
    max_iter: int,
    rng: np.random.RandomState | None = None,
    verbose: int = 0,
) -> Transduction:
    """Find labels that no exchange improves, from several starts.

    Parameters
    ----------
    problem : TransductiveProblem
        The problem.
    schedule : Schedule
        Shares, temperatures and restarts.
    tol : float
        Accuracy of the fits in the end.
    max_iter : int
        Most fits of each start once all rows have their full price.
    rng : RandomState, optional
        For restarts.
    verbose : int
        1 shows a bar.

    Returns
    -------
    Transduction
    """
    first = problem.supervised(min(tol, LOOSE))
    pull = problem.pulls(first.decision)
    starts = [(temperature, pull) for temperature in schedule.temperatures]
    for i in range(schedule.restarts):
        noise = rng.standard_normal(len(pull)) * pull.std()  # type: ignore[union-attr]
        starts.append((schedule.temperatures[i % len(schedule.temperatures)], pull + noise))
    best, n_fits = None, 1
    for temperature, pull in progress(starts, "switching", enabled=verbose):  # type: ignore[misc]
        fit, used = _anneal(problem, first, pull, temperature, schedule.steps)
        found = settle(problem, problem.best_labels(problem.pulls(fit.decision)), fit, tol=tol, max_iter=max_iter)
        n_fits += used + found.n_fits
        if best is None or found.fit.objective < best.fit.objective:
            best = found
    assert best is not None
    return best._replace(lower=first.lower, n_fits=n_fits)


def _anneal(
    problem: TransductiveProblem, fit: SoftLabelFit, pull: np.ndarray, temperature: float, steps: int
) -> tuple[SoftLabelFit, int]:
    """Follow the way at one temperature; returns the machine at its end and the number of fits."""
    n_fits, unit = 0, temperature * float(np.median(problem.cost[problem.free]))
    for share in np.geomspace(FIRST_SHARE, 1.0, steps):
        before = None
        for _ in range(ROUNDS):
            positive = probabilities(pull, unit, problem.low, problem.high) if unit else problem.best_labels(pull)
            if before is not None and np.abs(positive - before).mean() < STILL:
                break
            fit = problem.machine.solve(*problem.costs(positive, share), fit, LOOSE)
            pull, before, n_fits = problem.pulls(fit.decision), positive, n_fits + 1
    return fit, n_fits


def settle(
    problem: TransductiveProblem, labels: np.ndarray, fit: SoftLabelFit | None, *, tol: float, max_iter: int
) -> Transduction:
    """Switch labels at full price until no exchange lowers P."""
    accuracy = max(tol, LOOSE)
    for n_fits in range(1, max_iter + 1):
        fit = problem.machine.solve(*problem.costs(labels), fit, accuracy)
        pull = problem.pulls(fit.decision)
        better = problem.best_labels(pull)
        falls = float((better - labels) @ pull) > FALL * abs(fit.objective)
        if not falls and accuracy == tol:
            return Transduction(labels, fit, -np.inf, n_fits, fit.converged)
        if falls:
            labels = better
        else:
            accuracy = tol
    fit = problem.machine.solve(*problem.costs(labels), fit, tol)
    return Transduction(labels, fit, -np.inf, max_iter + 1, converged=False)


def probabilities(pull: np.ndarray, unit: float, low: int, high: int) -> np.ndarray:
    """Probabilities of the positive label whose sum is within the bounds, (n_u,).

    Examples
    --------
    >>> import numpy as np
    >>> probabilities(np.array([3.0, 2.0, 1.0]), 1.0, 1, 1).sum().round(6)
    np.float64(1.0)
    """
    z = pull / unit
    total = float(expit(z).sum())
    target = low if total < low else high
    if low <= total <= high:
        return expit(z)
    if target in (0, len(z)):
        return np.full(len(z), float(target > 0))
    nu = brentq(lambda nu: float(expit(z + nu).sum()) - target, -z.max() - 40.0, 40.0 - z.min())
    return expit(z + nu)  # type: ignore[operator]
