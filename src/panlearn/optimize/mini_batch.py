"""Gradient descent for linear models by mini-batches, with any optimiser of `panlearn.optimize` [bottou2010].

    a batch M of m rows      Z = X_M W + b,      G = s * dloss/dZ
    gradient                 1/m X_M' G + l2 W,  1/m 1'G
    update                   the optimiser's: SGD, momentum ... Adam

m = 1 is stochastic, m = n batch gradient descent. The gradient of a batch is an unbiased estimate of that of all rows,
with variance 1/m of one row's; a batch costs two matrix products, so ten rows take little longer than one. The columns
of W are separate problems (one class against the rest each) that see the same batches: their products are one.

The L1 penalty enters by its subgradient of least size; a weight that an update would carry across 0 stops there, and
stays while that subgradient is 0, whatever its velocity [andrew2007]: so weights are exactly 0 under every optimiser.

Course notes: 004 §7.1, 001 §3.2 and §7.4.
"""

from typing import Any, NamedTuple

import numpy as np

from panlearn.optimize.coordinate_descent import subgradient
from panlearn.optimize.first_order import Optimizer
from panlearn.optimize.stochastic_gradient import RATE, STEP, Problem, learning_rate


class Linear(NamedTuple):
    """Mean loss of linear predictions plus penalty, as a function of theta = (W; b), (p + 1, K)."""

    X: Any  # (n, p), dense or CSR
    targets: np.ndarray  # (n, 2): y, a class or an amount, and row weights
    loss: Any  # with `values` and `slopes`
    problems: list[Problem]  # K, whose rules differ in the positive class and its weights only

    def evaluate(self, theta: np.ndarray, rows: Any) -> tuple[np.ndarray, np.ndarray]:
        """Mean objective of each problem on the rows, (K,), and gradient of its smooth part, (p + 1, K)."""
        rule, (y, weight) = self.problems[0].rule, self.targets[rows].T
        X = self.X if isinstance(rows, slice) else self.X[rows]
        y, weight = y[:, None], weight[:, None]
        if rule.positive >= 0:
            y = np.where(y == [problem.rule.positive for problem in self.problems], 1.0, -1.0)
            up, down = np.array([problem.rule.weights for problem in self.problems]).T
            weight = weight * np.where(y > 0, up, down)
        z = X @ theta[:-1] + theta[-1]
        slopes = weight * self.loss.slopes(z, y) / len(y)
        smooth = X.T @ slopes + rule.l2 * theta[:-1]
        penalty = 0.5 * rule.l2 * (theta[:-1] ** 2).sum(axis=0) + rule.l1 * np.abs(theta[:-1]).sum(axis=0)
        below = slopes.sum(axis=0) if rule.intercept else np.zeros(len(self.problems))
        return self.loss.values(z, y).mean(axis=0) + penalty, np.vstack([smooth, below])


class Walk(NamedTuple):
    """Where a descent by batches is."""

    theta: np.ndarray  # (p + 1, K)
    mean: np.ndarray  # (p + 1, K) average of theta so far, or (0,)
    memory: Any  # state of the optimiser


def epoch(f: Linear, walk: Walk, optimizer: Optimizer, order: np.ndarray, size: int) -> tuple[Walk, np.ndarray]:
    """Go through all rows once, in batches.

    Parameters
    ----------
    f : Linear
        The objective; steps and rates are counted in the state of its first problem.
    walk : Walk
        Where to start.
    optimizer : Optimizer
        Settings; its learning rate is set by the rule of the problems.
    order : ndarray of shape (n,)
        Rows in the order of their visit.
    size : int
        Rows of a batch; at least n for all rows at once.

    Returns
    -------
    walk : Walk
        Where the epoch ended.
    objective : ndarray of shape (K,)
        Mean objective seen on the way.
    """
    theta, mean, memory = walk
    (rule, state), total, n = f.problems[0], np.zeros(theta.shape[1]), len(order)
    whole = size >= n == len(f.targets)
    l1 = np.full_like(theta, rule.l1)
    l1[-1] = 0.0
    for start in range(0, n, size):
        rows = slice(None) if whole else order[start : start + size]
        step = state.numbers[STEP]
        value, gradient = f.evaluate(theta, rows)
        total += value * min(size, n - start)
        if rule.l1:
            gradient = subgradient(gradient, theta, l1)
        rate = learning_rate(rule, state.numbers[RATE], step)
        moved, memory = optimizer._replace(learning_rate=rate).update(gradient, memory, theta)  # type: ignore[attr-defined]
        if rule.l1:
            moved[(l1 > 0) & ((moved * theta < 0) | ((theta == 0) & (gradient == 0)))] = 0.0
        theta = moved
        if rule.average and step >= rule.average:
            mean = mean + (theta - mean) / (step - rule.average + 1)
        state.numbers[STEP] += 1
    return Walk(theta, mean, memory), total / n
