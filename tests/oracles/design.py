"""Sums over the columns and rows of a matrix, entry by entry, without rounding between the terms.

Each sum comes with that of the magnitudes of its terms, in which rounding errors are measured.
"""

from math import fsum


def _sum(terms):
    return fsum(terms), fsum(abs(t) for t in terms)


def column_dot(X, j, r):
    return _sum([float(X[i, j]) * r[i] for i in range(len(X))])


def column_square(X, j, h):
    return _sum([h[i] * float(X[i, j]) ** 2 for i in range(len(X))])


def add_column(X, j, a, r):
    return [_sum([r[i], a * float(X[i, j])]) for i in range(len(X))]


def dot(X, v, start, stop):
    return [_sum([float(X[i, j]) * v[j] for j in range(X.shape[1])]) for i in range(start, stop)]


def add_rows(X, u, start, stop):
    return [_sum([u[i] * float(X[i, j]) for i in range(start, stop)]) for j in range(X.shape[1])]


def add_curvature(X, h, v, constant, start, stop):
    """The vector, and the sum of the factors."""
    q = {i: h[i] * (dot(X, v, i, i + 1)[0][0] + constant) for i in range(start, stop)}
    return add_rows(X, q, start, stop), _sum(list(q.values()))
