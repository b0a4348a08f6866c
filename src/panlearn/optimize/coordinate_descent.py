"""Coordinate descent for a quadratic with an elastic-net penalty [friedman2010].

    min_w  1/2 w'Gw - b'w + sum_j (l1_j |w_j| + l2_j/2 w_j^2),      optionally w >= 0

One coordinate at a time has a closed form: with z_j = b_j - sum_{k != j} G_jk w_k

    w_j <- S(z_j, l1_j) / (G_jj + l2_j),      S(z, t) = sign(z) max(|z| - t, 0)       (soft threshold)

and cycling through the coordinates reaches the minimum, since what is not smooth is separable [tseng2001]. There are
two ways to know z_j: from the Gram matrix G, where a change costs p operations, or from the residual of a least-squares
problem, G = X'X and b = X'y, where it costs a column of X.

Course notes: 003 §1.7.1, 000 §3.4.
"""

import numpy as np

from panlearn.core.design import add_column, column_dot
from panlearn.core.jit import kernel
from panlearn.penalties.elastic_net import subgradient

__all__ = ["descend_columns", "descend_gram", "gram_gap", "soft_threshold", "solve_gram", "subgradient"]

HISTORY = 5  # points that an extrapolation combines


@kernel(inline=True)
def soft_threshold(z, t, positive):
    """The z moved by t towards 0, and 0 where it would change sign; 0 for negative z if `positive`."""
    if z > t:
        return z - t
    if z < -t and not positive:
        return z + t
    return 0.0


@kernel
def descend_gram(G, q, w, l1, l2, positive, tol, max_sweeps):
    """Sweep over all coordinates until none moves the gradient by more than tol; returns the sweeps made.

    Changes w, (p,), and q = Gw - b, (p,), in place. G is (p, p), symmetric; l1 and l2 are (p,).
    """
    for sweep in range(max_sweeps):
        largest = 0.0
        for j in range(w.size):
            curvature = G[j, j] + l2[j]
            if curvature <= 0.0:  # a constant column without a penalty: any weight would do
                continue
            old = w[j]
            new = soft_threshold(G[j, j] * old - q[j], l1[j], positive) / curvature
            step = new - old
            if step != 0.0:
                w[j] = new
                largest = max(largest, abs(step) * curvature)
                for k in range(w.size):
                    q[k] += step * G[j, k]
        if largest <= tol:
            return sweep + 1
    return max_sweeps


@kernel
def solve_gram(G, b, square, q, w, l1, l2, positive, tol, max_sweeps):
    """`descend_gram` until the duality gap is at most tol; returns the sweeps made and the gap.

    After a sweep over all coordinates, `HISTORY` sweeps over the nonzero ones follow, the last of which is extrapolated
    [bertrand2021]. Changes w, (k,), and q = Gw - b, (k,), in place; square is y'y, so that the residual's square is
    y'y - b'w + w'q. G may be larger than its used part (k, k); l1 and l2 are (k,).
    """
    k, sweeps, gap = w.size, 0, np.inf
    chosen = np.empty(k, np.int64)
    points, pulls = np.empty((HISTORY + 1, k)), np.empty((HISTORY + 1, k))
    while sweeps < max_sweeps:
        for j in range(k):
            chosen[j] = j
        moved = _sweep(G, q, w, l1, l2, positive, chosen, k)
        sweeps += 1
        gap = gram_gap(G, b, square, q, w, l1, l2, positive)
        if gap <= tol or moved == 0.0:
            break
        count = 0
        for j in range(k):
            if w[j] != 0.0:
                chosen[count] = j
                count += 1
        _remember(w, q, points, pulls, 0)
        if sweeps + HISTORY > max_sweeps:
            continue
        for step in range(1, HISTORY + 1):
            moved = _sweep(G, q, w, l1, l2, positive, chosen, count)
            _remember(w, q, points, pulls, step)
            sweeps += 1
            if moved == 0.0:
                break
        if moved > 0.0:
            _extrapolate(points, pulls, b, w, q, l1, l2, positive)
    return sweeps, gap


@kernel
def _remember(w, q, points, pulls, step):  # fills row `step` of both
    for j in range(w.size):
        points[step, j] = w[j]
        pulls[step, j] = q[j]


@kernel
def _sweep(G, q, w, l1, l2, positive, chosen, count):
    """Minimise over the first `count` chosen coordinates in turn, in place; returns the largest gradient move."""
    largest = 0.0
    for i in range(count):
        j = chosen[i]
        curvature = G[j, j] + l2[j]
        if curvature <= 0.0:
            continue
        old = w[j]
        step = soft_threshold(G[j, j] * old - q[j], l1[j], positive) / curvature - old
        if step != 0.0:
            w[j] = old + step
            largest = max(largest, abs(step) * curvature)
            for k in range(w.size):
                q[k] += step * G[j, k]
    return largest


@kernel
def _extrapolate(points, pulls, b, w, q, l1, l2, positive):
    """Replace w and q by Anderson's extrapolation of the last points where that lowers the objective.

    Of all combinations of the points with sum 1, it is the one whose steps, combined alike, are shortest.
    """
    shares, x, pull = np.empty(HISTORY), np.zeros(w.size), np.zeros(w.size)
    _combine(points, shares)
    for a in range(HISTORY):
        for j in range(w.size):
            x[j] += shares[a] * points[a + 1, j]
            pull[j] += shares[a] * pulls[a + 1, j]  # affine in w, so it combines alike
    for j in range(w.size):
        if positive and x[j] < 0.0:
            return
    if _objective(b, pull, x, l1, l2) < _objective(b, q, w, l1, l2):
        for j in range(w.size):
            w[j], q[j] = x[j], pull[j]


@kernel
def _combine(points, shares):  # fills shares
    """Solution of (steps steps') c = 1, scaled to sum 1, by Gauss-Jordan elimination; a little ridge bounds it."""
    m = HISTORY
    products, trace, total = np.ones((m, m + 1)), 0.0, 0.0
    for a in range(m):
        for c in range(a + 1):
            product = 0.0
            for j in range(points.shape[1]):
                product += (points[a + 1, j] - points[a, j]) * (points[c + 1, j] - points[c, j])
            products[a, c] = products[c, a] = product
        trace += products[a, a]
    for a in range(m):
        products[a, a] += 1e-12 * trace
    for a in range(m):
        for other in range(m):
            factor = products[other, a] / products[a, a] if other != a else 0.0
            for c in range(a, m + 1):
                products[other, c] -= factor * products[a, c]
    for a in range(m):
        shares[a] = products[a, m] / products[a, a]
        total += shares[a]
    for a in range(m):
        shares[a] /= total


@kernel
def _objective(b, q, w, l1, l2):
    """1/2 w'Gw - b'w + penalty, from q = Gw - b."""
    total = 0.0
    for j in range(w.size):
        if w[j] != 0.0:
            total += 0.5 * w[j] * (q[j] - b[j] + l2[j] * w[j]) + l1[j] * abs(w[j])
    return total


@kernel
def gram_gap(G, b, square, q, w, l1, l2, positive):
    """Duality gap of 1/2 |y - Xw|^2 + penalty at w from moments; the formula is that of `penalties.elastic_net`.

    A coordinate without a penalty has no finite gap: it counts with what its own best step would gain.
    """
    residual, least, free, strict = square, 0.0, 1.0, 1.0
    for j in range(w.size):
        residual += w[j] * (q[j] - b[j])
        if l1[j] == 0.0 and l2[j] == 0.0:
            if G[j, j] > 0.0:
                least += 0.5 * q[j] * q[j] / G[j, j]
            continue
        size = -q[j] if positive else abs(q[j])
        if l2[j] == 0.0 and size > l1[j]:
            free = min(free, l1[j] / size)
        pull = -q[j] - (l2[j] * w[j] if w[j] != 0.0 else 0.0)
        size = pull if positive else abs(pull)
        if size > l1[j]:
            strict = min(strict, l1[j] / size)
    residual, strict = max(residual, 0.0), min(free, strict)
    gap = _gap_at(free, residual, q, w, l1, l2, positive)
    if strict < free:
        gap = min(gap, _gap_at(strict, residual, q, w, l1, l2, positive))
    return gap + least


@kernel
def _gap_at(s, residual, q, w, l1, l2, positive):
    """The gap with the dual point s (y - Xw)."""
    gap = 0.5 * (1.0 - s) * (1.0 - s) * residual
    for j in range(w.size):
        if l1[j] == 0.0 and l2[j] == 0.0:
            continue
        u = -s * q[j]
        kept = min(u, l1[j]) if positive else max(min(u, l1[j]), -l1[j])
        if w[j] != 0.0:
            gap += l1[j] * abs(w[j]) - w[j] * kept
        if l2[j] > 0.0:
            fault = (l2[j] * w[j] if w[j] != 0.0 else 0.0) - (u - kept)
            gap += 0.5 * fault * fault / l2[j]
    return gap


@kernel
def descend_columns(X, chosen, mean, total, r, s, w, square, l1, l2, positive, tol, max_sweeps):
    """Sweep over the chosen columns of X until none moves the gradient by more than tol; returns the sweeps made.

    The quadratic is 1/2 |y - (X - v m')w|^2, the columns of X less their means times v, so that sparse X stays sparse:
    v = 1 for plain centring, v = sqrt(h) where rows are scaled by the roots of weights h. Since the centred columns
    are orthogonal to v, the residual may keep any multiple of v: r is updated by columns of X alone, and s = v'r.

    Changes w, (p,), r, (n,), and s, (1,), in place. X is a Fortran-ordered array or `Columns`; chosen (k,) holds column
    indices; mean (p,) is m; total is v'v; square (p,) holds the squared norms of the centred columns; l1, l2 are (p,).
    """
    for sweep in range(max_sweeps):
        largest = 0.0
        for j in chosen:
            curvature = square[j] + l2[j]
            if curvature <= 0.0:
                continue
            old = w[j]
            pull = column_dot(X, j, r) - mean[j] * s[0]
            new = soft_threshold(pull + square[j] * old, l1[j], positive) / curvature
            step = new - old
            if step != 0.0:
                w[j] = new
                largest = max(largest, abs(step) * curvature)
                add_column(X, j, -step, r)
                s[0] -= step * mean[j] * total
        if largest <= tol:
            return sweep + 1
    return max_sweeps
