"""Forward-backward in logarithms: the answer whatever the range of the numbers.

    f_0 = log a + log b_0,   f_t(j) = log b_t(j) + log Σ_i exp(f_{t-1}(i) + log A(i, j))
    g_{T-1} = log z,         g_t(i) = log Σ_j exp(log A(i, j) + log b_{t+1}(j) + g_{t+1}(j))

takes N² exponentials a step where the scaled recursion (`panlearn.sequence.recursions`) takes N² multiply-adds: some
ten times slower, and used only for sequences that underflow there. Each row is lowered by its largest number, so that
digits are lost to the size of a step's scores alone, not to their sum; and each time is normalised by itself: whatever
the rounding, marginals are probabilities. That holds if x + y − z is computed in this order: no reassociation.

Course notes: 004 §11.
"""

import numpy as np

from panlearn.core.jit import EXACT, kernel
from panlearn.core.numerics import exp, log


@kernel(fastmath=EXACT)
def logarithmic(x, enter, A, leave, weight, marginals, pairs):
    """Log Z of one sequence with log-likelihoods x (T, N); all weights in logarithms.

    Writes `marginals`, if it has rows, and adds to `pairs` the expected transitions, both times `weight`.
    """
    T, N = x.shape
    f, g, back, z = np.empty((T, N)), np.empty((T, N)), np.ascontiguousarray(A.T), 0.0
    for t in range(T):
        for j in range(N):
            f[t, j] = x[t, j] + (enter[j] if t == 0 else log_sum(f[t - 1], back[j]))
        z += lowered(f[t])
    z += log_sum(f[T - 1], leave)
    if len(marginals) == 0:
        return z
    if z == -np.inf:
        for t in range(T):
            for j in range(N):
                marginals[t, j] = 0.0
        return z
    for j in range(N):
        g[T - 1, j] = leave[j]
    meet(x, A, f, g, weight, marginals, pairs)
    return z


@kernel(fastmath=EXACT)
def meet(x, A, f, g, weight, marginals, pairs):
    """The way back: fills g (T, N), whose last row is given, writes `marginals` and adds to `pairs`."""
    T, N = x.shape
    ahead, ways = np.empty(N), np.empty(N)
    for t in range(T - 1, -1, -1):
        lowered(g[t])
        z = log_sum(f[t], g[t])
        for j in range(N):
            ahead[j] = x[t, j] + g[t, j]
            marginals[t, j] = weight * exp(f[t, j] + g[t, j] - z)
        if t > 0:
            for i in range(N):
                g[t - 1, i] = ways[i] = log_sum(ahead, A[i])
            z = log_sum(f[t - 1], ways)
            for i in range(N):
                share = weight * exp(f[t - 1, i] + ways[i] - z)
                for j in range(N if share > 0.0 else 0):
                    pairs[i, j] += share * exp(A[i, j] + ahead[j] - ways[i])


@kernel(fastmath=EXACT)
def lowered(row):
    """Take the largest number out of a row, so that no digits are lost to the length of the sequence; returns it."""
    top = -np.inf
    for i in range(len(row)):
        top = max(top, row[i])
    if top > -np.inf:
        for i in range(len(row)):
            row[i] -= top
    return top


@kernel(fastmath=EXACT)
def log_sum(x, y):
    """Log Σ_i exp(x[i] + y[i])."""
    top = -np.inf
    for i in range(len(x)):
        top = max(top, x[i] + y[i])
    if top == -np.inf:
        return top
    sums = 0.0
    for i in range(len(x)):
        sums += exp(x[i] + y[i] - top)
    return top + log(sums)
