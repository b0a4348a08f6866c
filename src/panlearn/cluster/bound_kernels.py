"""What the kernels of bounded k-means share: the data in two precisions, exact distances, the smallest two of many.

A squared distance |x|^2 + |c|^2 - 2 x.c computed in single precision from p terms errs by at most

    e = 2^-24 ((2 p + 8) |x| |c| + 4 |c|^2 + 4 |x|^2)

(the rounding of x and c, of the p products and sums, and of the three terms). Bounds are widened by it, and a row whose
best two centres are nearer to each other than 2 e is measured again in double precision, term by term. Labels are
therefore those of exact arithmetic; ties go to the centre of lower index.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.jit import kernel

F = np.float32
UNIT = F(2.0**-24)  # half the spacing of float32 at 1
WIDER, TIGHTER = F(1 + 2.0**-21), F(1 - 2.0**-21)  # cover the rounding of a few operations on a bound
STEP = 32  # terms between two looks at whether an exact distance is already too long


class Rows(NamedTuple):
    """The data, in two precisions."""

    X: np.ndarray  # (n, p) as given
    mean: np.ndarray  # (p,) its mean
    scale: float  # power of two that brings X - mean to about 1
    single: np.ndarray  # (n, p) float32, (X - mean) scale
    norm: np.ndarray  # (n,) float32, lengths of the rows of `single`
    weight: np.ndarray  # (n,), or (0,) for weights of 1


class Singles(NamedTuple):
    """The data in single precision."""

    single: np.ndarray  # (n, p) float32, (X - mean) scale
    norm: np.ndarray  # (n,) float32, their lengths


class Bounds(NamedTuple):
    """What is known of each row."""

    label: np.ndarray  # (n,) int32, -1 at first
    upper: np.ndarray  # (n,) float32, at least the distance to the own centre
    lower: np.ndarray  # (n, groups) float32, at most the distance to the others of each group


class Centres(NamedTuple):
    """The centres, sorted by group."""

    exact: np.ndarray  # (k, p) float64
    single: np.ndarray  # (k, p) float32
    factor: np.ndarray  # (k rounded up to a multiple of 2, p to one of 4) float32, -2 c
    square: np.ndarray  # (k rounded up,) float32, |c|^2, and the largest float32 for the centre that is none
    largest: float  # largest |c|, float32
    group: np.ndarray  # (k,) int32
    start: np.ndarray  # (groups + 1,) int32, first centre of each group
    rank: np.ndarray  # (k,) int32, index of the centre as the caller counts


class Moves(NamedTuple):
    """What the last move of the centres does to the bounds."""

    way: np.ndarray  # (k,) float32, length of each centre's move
    drift: np.ndarray  # (k, groups) float32, longest move in the group, this centre apart
    apart: np.ndarray  # (k, groups) float32, half the distance to the nearest other centre of the group


class Found(NamedTuple):
    """Rows of one thread that a pass has to come back to."""

    changed: np.ndarray  # (m,) int64, rows with a new label
    before: np.ndarray  # (m,) int32, their labels before
    doubtful: np.ndarray  # (m,) int64, rows whose best two centres single precision cannot tell apart
    number: np.ndarray  # (2,) int64, how many changed and doubtful ones there are


@kernel
def prepare(X, mean, scale, single, norm, start, stop):
    """Fill `single` and `norm` for some rows; returns the sum of their squared lengths."""
    total = 0.0
    for i in range(start, stop):
        square = 0.0
        for j in range(X.shape[1]):
            v = (X[i, j] - mean[j]) * scale
            single[i, j] = v
            square += v * v
        norm[i] = np.sqrt(square)
        total += square
    return total


@kernel(inline=True)
def error(norm, largest, p):
    """Bound on the error of a squared distance in single precision."""
    return UNIT * ((F(2 * p + 8) * norm + F(4) * largest) * largest + F(4) * norm * norm) + F(1e-36)


@kernel(inline=True)
def above(square, e):
    """A length that is certainly not below the root of an uncertain square."""
    return np.sqrt(square + e) * WIDER


@kernel(inline=True)
def below(square, e):
    """A length that is certainly not above the root of an uncertain square."""
    return np.sqrt(max(square - e, F(0))) * TIGHTER


@kernel
def own_distance(rows, centres, i, a):
    """A bound from above on the distance of row i to centre a, in single precision, and its square without slack."""
    square, p = F(0), rows.single.shape[1]
    for j in range(p):
        t = rows.single[i, j] - centres.single[a, j]
        square += t * t
    slack = F(4) * UNIT * (rows.norm[i] + centres.largest)
    return np.sqrt(square) * (F(1) + F(p) * UNIT) * WIDER + slack, square


@kernel
def products_in_place(single, index, m, factor, square, out):
    """|c|^2 - 2 c.x as centres x rows, for rows where they stand: four of them by two centres at a time."""
    k = len(factor)
    for i in range(0, m, 4):
        j1, j2, j3 = min(i + 1, m - 1), min(i + 2, m - 1), min(i + 3, m - 1)
        r0, r1, r2, r3 = index[i], index[j1], index[j2], index[j3]
        for c in range(0, k, 2):
            d = min(c + 1, k - 1)
            a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = F(0)
            for q in range(single.shape[1]):
                f, h = factor[c, q], factor[d, q]
                x0, x1, x2, x3 = single[r0, q], single[r1, q], single[r2, q], single[r3, q]
                a0 += f * x0
                a1 += f * x1
                a2 += f * x2
                a3 += f * x3
                b0 += h * x0
                b1 += h * x1
                b2 += h * x2
                b3 += h * x3
            s, t = square[c], square[d]
            out[c, i], out[c, j1], out[c, j2], out[c, j3] = a0 + s, a1 + s, a2 + s, a3 + s
            out[d, i], out[d, j1], out[d, j2], out[d, j3] = b0 + t, b1 + t, b2 + t, b3 + t


@kernel
def smallest_two(product, first, m, smallest, second, nearest):
    """The smallest two along an even number of centres, and the centre of the smallest; two centres at a time."""
    k = product.shape[0]
    for i in range(m):
        smallest[i], second[i], nearest[i] = F(np.inf), F(np.inf), first
    for c in range(0, k, 2):
        even, odd = np.int32(first + c), np.int32(first + c + 1)
        for i in range(m):
            a, b, n = smallest[i], second[i], nearest[i]
            v, w = product[c, i], product[c + 1, i]
            swap = w < v
            low, high, index = w if swap else v, v if swap else w, odd if swap else even
            new = low < a
            middle = a if new else low
            smallest[i], nearest[i] = low if new else a, index if new else n
            middle = middle if middle < high else high
            second[i] = middle if middle < b else b


@kernel
def resolve(rows, bounds, centres, found, x):
    """Measure the doubtful rows in double precision, against all centres; x is memory for a row."""
    k, p = centres.exact.shape
    for i in range(found.number[1]):
        r = found.doubtful[i]
        for j in range(p):
            x[j] = (rows.X[r, j] - rows.mean[j]) * rows.scale
        best, second, c = np.inf, np.inf, np.int32(0)
        for t in range(k):
            s = 0.0
            for j in range(0, p, STEP):
                for q in range(j, min(j + STEP, p)):
                    d = x[q] - centres.exact[t, q]
                    s += d * d
                if s > second:
                    break
            if s < best or (s == best and centres.rank[t] < centres.rank[c]):
                best, second, c = s, best, np.int32(t)
            elif s < second:
                second = s
        e = F(1e-6) * F(best)
        keep(bounds, centres.group, found, r, c, F(best), F(second), e)


@kernel(inline=True)
def relabel(bounds, found, r, c):
    """Give row r the label c, another than it has, and note it."""
    found.changed[found.number[0]], found.before[found.number[0]] = r, bounds.label[r]
    bounds.label[r] = c
    found.number[0] += 1


@kernel(inline=True)
def keep(bounds, group, found, r, c, best, second, e):
    """Give row r the label c: no other centre is nearer than the root of `second`, in this group or in the old one."""
    a, v = bounds.label[r], below(second, e)
    bounds.upper[r], bounds.lower[r, group[c]] = above(best, e), v
    if c != a:
        if a >= 0:
            bounds.lower[r, group[a]] = min(bounds.lower[r, group[a]], v)
        relabel(bounds, found, r, c)


@kernel
def transfer(rows, sums, label, found):
    """Move the rows that changed from the sums of their old clusters to those of the new."""
    for i in range(found.number[0]):
        r, a = found.changed[i], found.before[i]
        c, w = label[r], rows.weight[r] if rows.weight.size else 1.0
        present = np.int64(w > 0)
        sums.weight[c] += w
        sums.size[c] += present
        for j in range(rows.X.shape[1]):
            sums.total[c, j] += w * ((rows.X[r, j] - rows.mean[j]) * rows.scale)
        if a >= 0:
            sums.weight[a] -= w
            sums.size[a] -= present
            for j in range(rows.X.shape[1]):
                sums.total[a, j] -= w * ((rows.X[r, j] - rows.mean[j]) * rows.scale)


@kernel
def squared_distances(rows, centres, label, out, start, stop):
    """Squared distance of each row to its centre, in double precision; returns their weighted sum."""
    total = 0.0
    for i in range(start, stop):
        c, s = label[i], 0.0
        for j in range(rows.X.shape[1]):
            d = (rows.X[i, j] - rows.mean[j]) * rows.scale - centres[c, j]
            s += d * d
        if out.size:
            out[i] = s
        total += s * (rows.weight[i] if rows.weight.size else 1.0)
    return total
