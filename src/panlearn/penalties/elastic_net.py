"""Elastic-net penalty sum_j (l1_j |w_j| + l2_j/2 w_j^2), optionally with w >= 0 [zou2005], [tibshirani1996].

The absolute values put exact zeros into the minimum: at w_j = 0 every slope in [-l1_j, l1_j] counts as flat, so a
weight stays 0 until its column pulls with more than l1_j. The squares share weight among correlated columns.

| quantity                     | formula                                                                             |
|------------------------------|-------------------------------------------------------------------------------------|
| proximal point, step t       | S(x_j, t l1_j) / (1 + t l2_j),  S(z, t) = sign(z) max(abs(z) - t, 0)                |
| smallest strength with w = 0 | max_j abs(x_j'y) / (l1_ratio c_j)                                                   |
| distance of 0 from the slope | abs(g_j + l2_j w_j + l1_j sign(w_j)), or max(abs(g_j) - l1_j, 0) at w_j = 0         |

**Duality gap** of P(w) = 1/2 |r|^2 + penalty, r = y - Xw, pull u = X'r. For the dual point s r split s u_j = v_j + e_j
with |v_j| <= l1_j. Then P less the dual value is a sum without negative terms [fercoq2015],

    gap(s) = 1/2 (1 - s)^2 |r|^2 + sum_j (l1_j |w_j| - w_j v_j) + sum_j (l2_j w_j - e_j)^2 / (2 l2_j)

where e_j must be 0 if l2_j is: that bounds s by l1_j / |u_j|. It bounds P(w) - min P and is 0 only at the minimum.
Course notes: 003 §1.7.1, 000 §3.4, 002 (L1/L2).
"""

from typing import NamedTuple

import numpy as np


class ElasticNet(NamedTuple):
    """The penalty with one pair of strengths for each weight."""

    l1: np.ndarray  # (p,) strength of |w_j|, at least 0; inf keeps a weight at 0
    l2: np.ndarray  # (p,) strength of w_j^2 / 2, at least 0
    positive: bool = False  # whether w >= 0 is required

    def value(self, w: np.ndarray) -> float:
        """The penalty at w."""
        kept = w != 0
        w = w[kept]
        return float(self.l1[kept] @ np.abs(w) + 0.5 * self.l2[kept] @ (w * w))

    def prox(self, x: np.ndarray, step: float) -> np.ndarray:
        """Minimiser of 1/2 |w - x|^2 + step times the penalty."""
        size = np.maximum((x if self.positive else np.abs(x)) - step * self.l1, 0.0)
        return np.sign(x) * size / (1.0 + step * self.l2)

    def distance(self, gradient: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Distance of 0 from each coordinate's subdifferential, given the gradient of the smooth loss."""
        return np.abs(subgradient(gradient + _product(self.l2, w), w, self.l1, self.positive))

    def gap(self, pull: np.ndarray, w: np.ndarray, residual_square: float) -> float:
        """Duality gap of 1/2 |y - Xw|^2 plus the penalty.

        Parameters
        ----------
        pull : ndarray of shape (p,)
            X'(y - Xw). Weights without any penalty must be at their least-squares values, where their pull is 0.
        w : ndarray of shape (p,)
            The point.
        residual_square : float
            |y - Xw|^2.

        Returns
        -------
        float
            P(w) less the better of two dual values: s as large as the coordinates without l2 allow, and s as large as
            all allow when the squared penalty is counted as rows of X.
        """
        penalised = (self.l1 > 0) | (self.l2 > 0)
        lasso = penalised & (self.l2 == 0)
        free = _scale(pull[lasso], self.l1[lasso], self.positive)
        if not self.l2.any():
            return self._gap_at(free, pull, w, residual_square)
        strict = min(free, _scale((pull - _product(self.l2, w))[penalised], self.l1[penalised], self.positive))
        return min(self._gap_at(s, pull, w, residual_square) for s in (free, strict))

    def _gap_at(self, s: float, pull: np.ndarray, w: np.ndarray, residual_square: float) -> float:
        excess = (pull if self.positive else np.abs(pull)) * s - self.l1
        needed = np.flatnonzero((w != 0) | ((excess > 0) & (self.l2 > 0)))
        l1, l2, w, u = self.l1[needed], self.l2[needed], w[needed], s * pull[needed]
        kept = np.minimum(u, l1) if self.positive else np.clip(u, -l1, l1)
        fault = np.where(l2 > 0, l2 * w - (u - kept), 0.0)
        total = 0.5 * (1.0 - s) ** 2 * residual_square + np.sum(l1 * np.abs(w) - w * kept)
        return float(total + 0.5 * np.sum(fault * fault / np.where(l2 > 0, l2, 1.0)))


def _product(strength: np.ndarray, w: np.ndarray) -> np.ndarray:
    return np.multiply(strength, w, out=np.zeros_like(w), where=w != 0)  # an infinite strength holds w at 0


def _scale(pull: np.ndarray, l1: np.ndarray, positive: bool) -> float:
    """Largest s <= 1 with s |pull| <= l1."""
    size = pull if positive else np.abs(pull)
    over = size > l1
    return float(np.min(l1[over] / size[over], initial=1.0))


def alpha_max(pull: np.ndarray, l1_ratio: float, weights: np.ndarray | None = None, positive: bool = False) -> float:
    """Smallest strength alpha at which all penalised weights are 0, where l1_j = alpha l1_ratio weights_j.

    Parameters
    ----------
    pull : ndarray of shape (p,)
        X'y of the centred data, in the units of the objective (divided by n for scikit-learn's).
    l1_ratio : float
        Share of the absolute values in the penalty, above 0.
    weights : ndarray of shape (p,), optional
        Factors of the strengths; those of weight 0 do not count.
    positive : bool
        Whether w >= 0 is required.

    Returns
    -------
    float

    Examples
    --------
    >>> alpha_max(np.array([3.0, -4.0]), 0.5), alpha_max(np.array([3.0, -4.0]), 0.5, positive=True)
    (8.0, 6.0)
    """
    size = pull if positive else np.abs(pull)
    if weights is not None:
        size = size[weights > 0] / weights[weights > 0]
    return float(np.max(size, initial=0.0)) / l1_ratio


def subgradient(gradient: np.ndarray, w: np.ndarray, l1: np.ndarray, positive: bool = False) -> np.ndarray:
    """Component of least size of each coordinate's subdifferential: 0 everywhere exactly at a minimum.

    Parameters
    ----------
    gradient : ndarray of shape (p,)
        Gradient of the smooth part at w, the squared penalty included.
    w : ndarray of shape (p,)
        The point.
    l1 : ndarray of shape (p,)
        Strength of the absolute values.
    positive : bool
        Whether w >= 0 is required.

    Returns
    -------
    ndarray of shape (p,)
        Signed distances of 0 from the subdifferentials.

    Examples
    --------
    >>> import numpy as np
    >>> subgradient(np.array([0.5, -3.0]), np.zeros(2), np.ones(2)).tolist()  # |gradient| <= l1 keeps a zero
    [0.0, -2.0]
    """
    pulled = np.where(gradient > 0, np.maximum(gradient - l1, 0.0), np.minimum(gradient + l1, 0.0))
    at_zero = np.minimum(gradient + l1, 0.0) if positive else pulled
    moving = gradient + np.multiply(np.sign(w), l1, out=np.zeros_like(gradient), where=w != 0)
    return np.where(w == 0, at_zero, moving)
