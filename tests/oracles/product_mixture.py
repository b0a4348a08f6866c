"""EM of Bernoulli and categorical mixtures by loops over rows, columns and components [bishop2006]."""

import math

import numpy as np


def log_density(row, theta):
    """Log-probability of what is seen of a row; theta[j] maps a value to its probability."""
    return sum(math.log(theta[j][value]) for j, value in enumerate(row) if value == value and value is not None)


def em_step(rows, row_weights, weights, thetas, alpha):
    """One step: log-posterior of the old parameters (not divided by n), and the new ones.

    weights[k] is a share, thetas[k][j] a dict from value to probability.
    """
    k, total = len(weights), 0.0
    counts = [0.0] * k
    sums = [[{value: alpha for value in column} for column in theta] for theta in thetas]  # noqa: C420
    for row, row_weight in zip(rows, row_weights, strict=True):
        joint = [weights[c] * math.exp(log_density(row, thetas[c])) for c in range(k)]
        total += row_weight * math.log(sum(joint))
        for c in range(k):
            share = row_weight * joint[c] / sum(joint)
            counts[c] += share
            for j, value in enumerate(row):
                if value == value and value is not None:
                    sums[c][j][value] += share
    for theta in thetas:
        total += alpha * sum(math.log(probability) for column in theta for probability in column.values())
    new = [[{value: s / sum(column.values()) for value, s in column.items()} for column in theta] for theta in sums]
    return total, list(np.array(counts) / sum(counts)), new
