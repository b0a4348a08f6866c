"""Probabilities from decision values: a sigmoid or a monotone step function for each pair of classes.

Platt scaling [platt1999]. P(first | f) = 1 / (1 + exp(A f + B)) with A, B of greatest likelihood, for targets that are
a little less than sure, t = (N+ + 1)/(N+ + 2) and 1/(N- + 2): with them a separable sample has a finite optimum.
Newton's method with a line search, in the form that neither overflows nor cancels [lin2007]. The decision values are
those of rows that a machine has not seen, from five folds: those of its own support vectors are all about 1.

A is kept at most 0. Where the folds would make it positive (few rows, classes that cannot be told apart), the
likelihood under that bound is greatest at A = 0: the probability is then the share of the class. So probabilities never
rank two rows the other way round than the decision values do, as LIBSVM's can.

Isotonic: the non-decreasing step function closest to the labels in squares [zadrozny2002]; for some thousand rows.

Course notes: 000 §2.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import expit

FOLDS = 5
STEPS, GRADIENT, SHORTEST = 100, 1e-5, 1e-10  # of Newton's method, as in [lin2007]
RIDGE = 1e-12


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
