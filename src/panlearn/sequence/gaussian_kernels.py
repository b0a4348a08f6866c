"""Log-densities and moments of K Gaussians, the Gaussians in lanes, the rows one after the other.

Few columns and few states make matrices too small for BLAS, and loops too short for a compiler's own SIMD code. So a
number of the row meets eight Gaussians at once (`panlearn.core.lanes`): parameters lie as (…, K'), K' = K filled up to
a multiple of eight, and each sum stays in registers. With u = x − μ_j,

    axes       log N(x | j) = c_j − Σ_d (s_dj u_d)²,                s = 1 / (σ √2)
    matrices   log N(x | j) = c_j − Σ_d (Σ_{e ≤ d} S_dej u_e)²,     S_j = L_j^-1 / √2,   Σ_j = L_j L_j'
    moments    Σ_t r_tj,   Σ_t r_tj u,   Σ_t r_tj u u'

Everything is taken about the mean: the products x x' would lose the digits of (distance / width)². Cost of a row: K p
multiply-adds, K p² / 2 for matrices.

A number that is missing (NaN) is left out: along axes its part of c_j is taken back, and its moments are those it is
expected to have, 0 and σ². Matrices leave rows with a gap to `conditional_gaussian`. Course notes: 004 §11.
"""

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.lanes import lanes, load, store

TILE = 3072  # numbers of the rows that stay in the first cache while all columns pass over them: 24 KiB


@kernel
def axis_logs(X, means, slope, part, constant, out):
    """Log-densities into out (n, K'); means, slope and each column's part of the constant (p, K'), constant (K',).

    A row that is all gaps has log-density 0.
    """
    (n, p), groups = X.shape, out.shape[1] // 8
    for i in range(n):
        seen = False
        for g in range(groups):
            q = load(constant, g)  # type: ignore[call-arg]
            for d in range(p):
                x = X[i, d]
                if x == x:
                    z = (x - load(means, d * groups + g)) * load(slope, d * groups + g)
                    q = q - z * z
                    seen = True
                else:
                    q = q - load(part, d * groups + g)
            store(out, i * groups + g, q if seen else lanes(0.0))


@kernel
def axis_moments(X, shares, means, variances, counts, first, second):
    """Add Σ r, Σ r u and Σ r u² to counts (K',), first and second (p, K'); shares r (n, K')."""
    (n, p), groups = X.shape, shares.shape[1] // 8
    rows = max(8, TILE // (p + shares.shape[1]))
    for start in range(0, n, rows):
        stop = min(start + rows, n)
        for g in range(groups):
            total = load(counts, g)  # type: ignore[call-arg]
            for i in range(start, stop):
                total = total + load(shares, i * groups + g)
            store(counts, g, total)
            for d in range(p):
                k = d * groups + g
                mean, variance, a, b = load(means, k), load(variances, k), load(first, k), load(second, k)
                for i in range(start, stop):
                    x, r = X[i, d], load(shares, i * groups + g)
                    if x == x:
                        u = x - mean
                        v = r * u
                        a = a + v
                        b = b + v * u
                    else:
                        b = b + r * variance
                store(first, k, a)
                store(second, k, b)


@kernel
def matrix_logs(X, means, slope, constant, out):
    """Log-densities into out (n, K'); means (p, K'), slope (p (p + 1) / 2, K') the lower triangles by rows.

    Returns how many rows have a gap; what is in `out` for them means nothing.
    """
    (n, p), groups, gaps, u = X.shape, out.shape[1] // 8, 0, np.empty((X.shape[1], 8))
    for i in range(n):
        gaps += has_gap(X[i])
        for g in range(groups):
            q, k = load(constant, g), g  # type: ignore[call-arg]
            for d in range(p):
                store(u, d, X[i, d] - load(means, d * groups + g))
                z = lanes(0.0)
                for e in range(d + 1):
                    z = z + load(slope, k) * load(u, e)
                    k += groups
                q = q - z * z
            store(out, i * groups + g, q)
    return gaps


@kernel
def matrix_moments(X, shares, means, counts, first, second):
    """Add Σ r, Σ r u and the lower triangles of Σ r u u', second (p (p + 1) / 2, K'), over rows without gaps.

    Returns how many rows have a gap.
    """
    (n, p), groups, gaps, u = X.shape, shares.shape[1] // 8, 0, np.empty((X.shape[1], 8))
    for i in range(n):
        if has_gap(X[i]):
            gaps += 1
            continue
        for g in range(groups):
            r, k = load(shares, i * groups + g), g  # type: ignore[call-arg]
            store(counts, g, load(counts, g) + r)
            for d in range(p):
                store(u, d, X[i, d] - load(means, d * groups + g))
                v = r * load(u, d)
                store(first, d * groups + g, load(first, d * groups + g) + v)
                for e in range(d + 1):
                    store(second, k, load(second, k) + v * load(u, e))
                    k += groups
    return gaps


@kernel(inline=True)
def has_gap(x):
    """Whether a number of the row is missing."""
    missing = 0
    for d in range(x.size):
        missing += x[d] != x[d]
    return missing > 0
