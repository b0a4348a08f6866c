"""The leave-one-out bootstrap error and its derivative, by going through all n^n samples [efron1997]."""

from collections.abc import Callable
from itertools import product

import numpy as np

Rule = Callable[[np.ndarray], np.ndarray]  # how often each row was drawn, to the loss at every row


def all_draws(n: int) -> np.ndarray:
    """How often each row is drawn in each of the n^n ordered samples, (n^n, n)."""
    return np.array([np.bincount(sample, minlength=n) for sample in product(range(n), repeat=n)])


def error(F: np.ndarray, rule: Rule) -> float:
    """Err1 if the row i is drawn with probability F_i: Σ F_i E(Q_i | i not drawn)."""
    n = F.size
    draws = all_draws(n)
    probability = np.prod(F**draws, axis=1)  # of the ordered sample
    losses = np.array([rule(counts) for counts in draws])
    total = 0.0
    for i in range(n):
        out = draws[:, i] == 0
        total += F[i] * float(probability[out] @ losses[out, i]) / float(probability[out].sum())
    return total


def influence(rule: Rule, n: int, step: float = 1e-5) -> np.ndarray:
    """D_i = U_i / n, U_i the derivative of the error on moving the distribution towards row i."""
    derivative = np.zeros(n)
    for i in range(n):
        at = np.eye(n)[i]
        values = [error((1 - e) / n + e * at, rule) for e in (step, -step)]
        derivative[i] = (values[0] - values[1]) / (2 * step)
    return derivative / n


def point632(err: float, out_of_bag: float, gamma: float) -> tuple[float, float, float]:
    """.632, .632+ and R, line by line as equations 24 to 32 of the paper."""
    plain632 = 0.368 * err + 0.632 * out_of_bag
    bounded = min(out_of_bag, gamma)
    R = (out_of_bag - err) / (gamma - err) if out_of_bag > err and gamma > err else 0.0
    R = min(max(R, 0.0), 1.0)
    return plain632, plain632 + (bounded - err) * (0.368 * 0.632 * R) / (1 - 0.368 * R), R
