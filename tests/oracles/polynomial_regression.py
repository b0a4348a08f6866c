"""Monomials by multiplying out, one row and one exponent at a time."""

import itertools

import numpy as np


def exponents(p, degree, interaction_only=False):
    """All exponents of total degree 1..degree, by trying every combination."""
    top = 1 if interaction_only else degree
    return [a for a in itertools.product(range(top + 1), repeat=p) if 1 <= sum(a) <= degree]


def monomials(X, powers):
    """x^a for each row x and exponent a."""
    out = np.ones((len(X), len(powers)))
    for i, row in enumerate(X):
        for j, power in enumerate(powers):
            for value, times in zip(row, power, strict=True):
                for _ in range(times):
                    out[i, j] *= value
    return out
