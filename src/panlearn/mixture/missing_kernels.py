"""Kernels of the Gaussian E step with missing values: one row at a time, one Cholesky factor per missing pattern.

With the seen coordinates first, Sigma = L L' holds all that conditioning needs [little2019] in one factor:

    L = [ L_oo   0   ]      L_oo z = x_o - mu_o         log N(x_o) = -1/2 |z|^2 - sum log diag L_oo - o/2 log 2 pi
        [ L_mo  L_mm ]      E[x_m | x_o] = mu_m + L_mo z            Cov[x_m | x_o] = L_mm L_mm'

Forward substitution by columns yields z and, when it runs on below row o, -L_mo z as well. A row with the pattern of
the row before it uses the same factors, so rows sorted by pattern (`pattern_order`) cost k d^2 each, and a pattern
k d^3 / 3. Moments are taken about the means of the E step: they lose no digits however far these are from zero.
"""

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.numerics import exp, log

LOG_2PI = float(np.log(2 * np.pi))
NEGLIGIBLE = 1e-18  # a share of a row below the rounding of the others


@kernel
def same_pattern(a, b):
    """Whether NaN are in the same places."""
    differing = 0
    for j in range(a.size):
        differing += (a[j] == a[j]) != (b[j] == b[j])
    return differing == 0


@kernel
def arrange(x, order):
    """Put the seen coordinates first into `order`; returns how many there are."""
    d, seen = x.size, 0
    for j in range(d):
        if x[j] == x[j]:
            order[seen] = j
            seen += 1
    last = seen
    for j in range(d):
        if x[j] != x[j]:
            order[last] = j
            last += 1
    return seen


@kernel
def factorise(S, order, U):
    """Upper factor of S with its coordinates in this order, S = U'U, into U; NaN where S is not positive definite."""
    d = order.size
    for i in range(d):
        for j in range(i, d):
            U[i, j] = S[order[i], order[j]]
    for i in range(d):
        pivot = np.sqrt(U[i, i]) if U[i, i] > 0.0 else np.nan
        U[i, i] = pivot
        for j in range(i + 1, d):
            U[i, j] /= pivot
        for r in range(i + 1, d):
            for j in range(r, d):
                U[r, j] -= U[i, r] * U[i, j]


@kernel
def condition(x, mean, order, seen, U, solved, deviation):
    """Expected x - mean given what is seen of x, into `deviation`; returns the log-density of what is seen."""
    d, value = x.size, -0.5 * seen * LOG_2PI
    for i in range(d):
        solved[i] = x[order[i]] - mean[order[i]] if i < seen else 0.0
        deviation[order[i]] = solved[i]
    for i in range(seen):
        z = solved[i] / U[i, i]
        value -= 0.5 * z * z + log(U[i, i])
        for j in range(i + 1, d):
            solved[j] -= z * U[i, j]
    for i in range(seen, d):
        deviation[order[i]] = -solved[i]
    return value


@kernel
def share(joint):
    """Turn log joint densities into shares of the row; returns the row's log-density."""
    top, total = -np.inf, 0.0
    for c in range(joint.size):
        top = max(top, joint[c])
    for c in range(joint.size):
        joint[c] = exp(joint[c] - top)
        total += joint[c]
    for c in range(joint.size):
        joint[c] /= total
    return top + log(total)


@kernel
def add_spread(order, seen, U, amount, second):
    """Add amount Cov[x_m | x_o] to the lower triangle of `second`."""
    d = order.size
    for a in range(seen, d):
        for b in range(seen, a + 1):  # order ascends among the missing: (order[a], order[b]) is in the lower triangle
            total = 0.0
            for i in range(seen, b + 1):
                total += U[i, a] * U[i, b]
            second[order[a], order[b]] += amount * total


@kernel
def add_outer(part, u, first, second):
    """Add part u, and the lower triangle of part u u'."""
    for a in range(u.size):
        scaled = part * u[a]
        first[a] += scaled
        for b in range(a + 1):
            second[a, b] += scaled * u[b]


@kernel
def add_moments(X, weight, log_weights, means, covariances, counts, first, second):
    """Add a block's moments about the means to counts (k,), first (k, d), second (k or 1, d, d); the log-likelihood.

    Where all components have one covariance, `covariances` and `second` have length 1.
    """
    (n, d), k, g = X.shape, len(means), len(covariances)
    U, amounts, order = np.empty((g, d, d)), np.zeros(g), np.empty(d, np.int64)
    joint, solved, deviation = np.empty(k), np.empty(d), np.empty((k, d))
    value, seen = 0.0, d
    for i in range(n):
        if i == 0 or not same_pattern(X[i], X[i - 1]):
            for c in range(g):
                add_spread(order, seen, U[c], amounts[c], second[c])
                amounts[c] = 0.0
            seen = arrange(X[i], order)
            for c in range(g):
                factorise(covariances[c], order, U[c])
        for c in range(k):
            u = U[c if g > 1 else 0]
            joint[c] = log_weights[c] + condition(X[i], means[c], order, seen, u, solved, deviation[c])
        value += weight[i] * share(joint)
        for c in range(k):
            part = weight[i] * joint[c]
            counts[c] += part
            if not part < NEGLIGIBLE:
                amounts[c if g > 1 else 0] += part
                add_outer(part, deviation[c], first[c], second[c if g > 1 else 0])
    for c in range(g):
        add_spread(order, seen, U[c], amounts[c], second[c])
    return value


@kernel
def densities(X, means, covariances, out):
    """Log-density of what is seen of each row under each component, into out (n, k)."""
    (n, d), k, g = X.shape, len(means), len(covariances)
    U, order = np.empty((g, d, d)), np.empty(d, np.int64)
    solved, deviation, seen = np.empty(d), np.empty(d), 0
    for i in range(n):
        if i == 0 or not same_pattern(X[i], X[i - 1]):
            seen = arrange(X[i], order)
            for c in range(g):
                factorise(covariances[c], order, U[c])
        for c in range(k):
            out[i, c] = condition(X[i], means[c], order, seen, U[c if g > 1 else 0], solved, deviation)


@kernel
def diagonal_density(x, mean, precision, log_variance):
    """Log-density of the seen coordinates, independent of each other."""
    quad, seen = 0.0, 0.0
    for j in range(x.size):
        here = x[j] == x[j]
        u = x[j] - mean[j] if here else 0.0
        quad += u * u * precision[j] + (log_variance[j] if here else 0.0)
        seen += 1.0 if here else 0.0
    return -0.5 * (quad + seen * LOG_2PI)


@kernel
def diagonal_densities(X, means, variances, out):
    """`densities` for diagonal covariances, variances (k, d)."""
    precisions, logs = 1.0 / variances, np.log(variances)
    for i in range(len(X)):
        for c in range(len(means)):
            out[i, c] = diagonal_density(X[i], means[c], precisions[c], logs[c])


@kernel
def add_diagonal_moments(X, weight, log_weights, means, variances, counts, first, second):
    """`add_moments` for diagonal covariances: variances and second are (k, d)."""
    (n, d), k = X.shape, len(means)
    precisions, logs, joint, value = 1.0 / variances, np.log(variances), np.empty(k), 0.0
    for i in range(n):
        for c in range(k):
            joint[c] = log_weights[c] + diagonal_density(X[i], means[c], precisions[c], logs[c])
        value += weight[i] * share(joint)
        for c in range(k):
            part = weight[i] * joint[c]
            counts[c] += part
            if not part < NEGLIGIBLE:
                for j in range(d):
                    here = X[i, j] == X[i, j]
                    u = X[i, j] - means[c, j] if here else 0.0
                    first[c, j] += part * u
                    second[c, j] += part * (u * u if here else variances[c, j])
    return value
