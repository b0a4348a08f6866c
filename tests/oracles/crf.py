"""Conditional random field by enumeration: every path of labels is scored, in plain Python.

A sequence is a list of {attribute: value}; weights are dictionaries by (attribute, label) and (label, next label).
"""

from itertools import pairwise, product
from math import exp, log


def path_score(sequence, path, states, steps):
    """Sum of the weights along a path."""
    total = sum(
        value * states.get((name, label), 0.0)
        for token, label in zip(sequence, path, strict=True)
        for name, value in token.items()
    )
    return total + sum(steps.get(pair, 0.0) for pair in pairwise(path))


def distribution(sequence, labels, states, steps, may=lambda path: True):
    """Probability of each path that is allowed, and log Z."""
    weights = {
        path: exp(path_score(sequence, path, states, steps))
        for path in product(labels, repeat=len(sequence))
        if may(path)
    }
    total = sum(weights.values())
    return {path: weight / total for path, weight in weights.items()}, log(total)


def marginals(sequence, labels, states, steps, may=lambda path: True):
    """p(y_t = l | x) as a list of {label: probability}."""
    shares, _ = distribution(sequence, labels, states, steps, may)
    return [
        {label: sum(p for path, p in shares.items() if path[t] == label) for label in labels}
        for t in range(len(sequence))
    ]


def objective(X, y, states, steps, c1, c2, weight=None):
    """Penalised negative log-likelihood."""
    labels = sorted({label for path in y for label in path})
    value = 0.0
    for i, (sequence, path) in enumerate(zip(X, y, strict=True)):
        _, total = distribution(sequence, labels, states, steps)
        value += (1.0 if weight is None else weight[i]) * (total - path_score(sequence, path, states, steps))
    weights = [*states.values(), *steps.values()]
    return value + c1 * sum(map(abs, weights)) + c2 * sum(w * w for w in weights)


def gradient(X, y, states, steps, c2, weight=None):
    """Derivatives of the objective without L1, by the same keys as the weights."""
    labels = sorted({label for path in y for label in path})
    slope = {key: 2 * c2 * w for key, w in [*states.items(), *steps.items()]}
    for i, (sequence, path) in enumerate(zip(X, y, strict=True)):
        c = 1.0 if weight is None else weight[i]
        shares, _ = distribution(sequence, labels, states, steps)
        for other, p in [*((other, c * p) for other, p in shares.items()), (tuple(path), -c)]:
            for token, label in zip(sequence, other, strict=True):
                for name, value in token.items():
                    if (name, label) in slope:
                        slope[name, label] += p * value
            for pair in pairwise(other):
                if pair in slope:
                    slope[pair] += p
    return slope
