"""Probabilities from decision values: a sigmoid or a monotone step function for each pair, coupled over the pairs.

Platt scaling [platt1999]. P(first | f) = 1 / (1 + exp(A f + B)) with A, B of greatest likelihood, for targets that are
a little less than sure, t = (N+ + 1)/(N+ + 2) and 1/(N- + 2): with them a separable sample has a finite optimum.
Newton's method with a line search, in the form that neither overflows nor cancels [lin2007]. The decision values are
those of rows that a machine has not seen, from five folds: those of its own support vectors are all about 1.

A is kept at most 0. Where the folds would make it positive (few rows, classes that cannot be told apart), the
likelihood under that bound is greatest at A = 0: the probability is then the share of the class. So probabilities never
rank two rows the other way round than the decision values do, as LIBSVM's can.

Isotonic: the non-decreasing step function closest to the labels in squares [zadrozny2002]; for some thousand rows.

Coupling [wu2004]. With r_ij the probability of i in the pair (i, j), the class probabilities p solve

    minimise sum_i sum_{j != i} (r_ji p_i - r_ij p_j)^2,   sum_i p_i = 1

that is, Q p + lambda 1 = 0 with Q_ii = sum_j r_ji^2 and Q_ij = -r_ji r_ij: one K x K system for each row, solved
exactly (LIBSVM iterates). Its solution is positive by itself.

Course notes: 000 §2.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from panlearn.svm.one_vs_one import pairs_of

FOLDS = 5
LEAST = 1e-7  # probabilities of a pair stay this far from 0 and 1
STEPS, GRADIENT, SHORTEST = 100, 1e-5, 1e-10  # of Newton's method, as in [lin2007]
RIDGE = 1e-12
BLOCK = 2_000_000  # numbers in the systems of one block of rows


class Sigmoid(NamedTuple):
    """P(first | f) = 1 / (1 + exp(slope f + offset))."""

    slope: float  # A, at most 0
    offset: float  # B

    def __call__(self, f: np.ndarray) -> np.ndarray:
        """Probabilities."""
        return expit(-(self.slope * f + self.offset))


class Steps(NamedTuple):
    """P(first | f) by linear interpolation between the corners of a monotone function."""

    f: np.ndarray
    probability: np.ndarray

    def __call__(self, f: np.ndarray) -> np.ndarray:
        """Probabilities."""
        return np.interp(f, self.f, self.probability)


def fit_sigmoid(f: np.ndarray, first: np.ndarray, weight: np.ndarray) -> Sigmoid:
    """The sigmoid of greatest likelihood with a slope of at most 0.

    Parameters
    ----------
    f : ndarray of shape (n,)
        Decision values.
    first : ndarray of bool of shape (n,)
        Whether the row is of the first class.
    weight : ndarray of shape (n,)
        Weights of the rows.

    Returns
    -------
    Sigmoid

    Examples
    --------
    >>> f = np.array([-2.0, -1.0, 1.0, 2.0])
    >>> sigmoid = fit_sigmoid(f, f > 0, np.ones(4))
    >>> (sigmoid(f) > 0.5).tolist()
    [False, False, True, True]
    """
    positive, negative = float(weight[first].sum()), float(weight[~first].sum())
    target = np.where(first, (positive + 1) / (positive + 2), 1 / (negative + 2))
    spread = float(np.abs(f).max(initial=0.0)) or 1.0
    found = _newton(f / spread, target, weight, np.array([0.0, np.log((negative + 1) / (positive + 1))]))
    if found[0] > 0:
        share = float(weight @ target / weight.sum())
        return Sigmoid(0.0, float(np.log((1 - share) / share)))
    return Sigmoid(float(found[0] / spread), float(found[1]))


def _newton(f: np.ndarray, target: np.ndarray, weight: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """A and B by Newton's method with backtracking."""

    def loss(theta: np.ndarray) -> float:
        z = theta[0] * f + theta[1]
        return float(weight @ (target * z + np.logaddexp(0.0, -z)))

    design = np.column_stack([f, np.ones_like(f)])
    value = loss(theta)
    for _ in range(STEPS):
        p = expit(-(design @ theta))
        gradient = design.T @ (weight * (target - p))
        if np.abs(gradient).max() < GRADIENT:
            break
        hessian = (design * (weight * p * (1 - p))[:, None]).T @ design + RIDGE * np.eye(2)
        step = -np.linalg.solve(hessian, gradient)
        length = 1.0
        while (trial := loss(theta + length * step)) >= value + 1e-4 * length * float(gradient @ step):
            length /= 2
            if length < SHORTEST:
                return theta
        theta, value = theta + length * step, trial
    return theta


def fit_steps(f: np.ndarray, first: np.ndarray, weight: np.ndarray) -> Steps:
    """The non-decreasing function closest to the labels.

    Parameters
    ----------
    f, first, weight : ndarray of shape (n,)
        As for `fit_sigmoid`.

    Returns
    -------
    Steps
    """
    from sklearn.isotonic import IsotonicRegression

    found = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(f, first.astype(np.float64), weight)
    return Steps(found.X_thresholds_, found.y_thresholds_)


def couple(first: np.ndarray, classes: int) -> np.ndarray:
    """Class probabilities from those of the pairs.

    Parameters
    ----------
    first : ndarray of shape (n, K (K - 1) / 2)
        Probability of the first class of each pair.
    classes : int
        K.

    Returns
    -------
    ndarray of shape (n, K)
        Rows that add up to 1.

    Examples
    --------
    Pairs that agree with one distribution give it back:

    >>> p = np.array([0.5, 0.3, 0.2])
    >>> couple(np.array([[p[i] / (p[i] + p[j]) for i, j in [(0, 1), (0, 2), (1, 2)]]]), 3).round(6)
    array([[0.5, 0.3, 0.2]])
    """
    first = np.clip(first, LEAST, 1 - LEAST)
    if classes == 2:
        return np.column_stack([first[:, 0], 1 - first[:, 0]])
    rows = max(1, BLOCK // classes**2)
    blocks = [_couple(first[a : a + rows], classes) for a in range(0, len(first), rows)]
    return np.concatenate(blocks) if blocks else np.empty((0, classes))


def _couple(first: np.ndarray, classes: int) -> np.ndarray:
    r = np.zeros((len(first), classes, classes))
    i, j = np.array(pairs_of(classes)).T
    r[:, i, j], r[:, j, i] = first, 1 - first
    Q = -r * r.transpose(0, 2, 1)
    diagonal = np.arange(classes)
    Q[:, diagonal, diagonal] = np.square(r).sum(axis=1)
    # Q is singular where the pairs agree; Q + 11' never is, and (Q + 11') p = (1 - lambda) 1 only scales p
    p = np.linalg.solve(Q + 1.0, np.ones((len(first), classes, 1)))[:, :, 0]
    p = np.maximum(p, 0.0)
    return p / p.sum(axis=1, keepdims=True)
