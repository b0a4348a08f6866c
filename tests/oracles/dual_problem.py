"""The dual of a kernel machine by exact moves along every pair of variables in turn, and its certificate by search."""

import numpy as np


def solve(K, problem, sweeps=3000, tol=1e-12):
    """Alpha: visit all pairs until none moves. Slow, and right for a positive semi-definite K."""
    row, s, o, upper = problem.row, problem.sign, problem.offset, problem.upper
    alpha = problem.start.copy()
    g = K @ np.bincount(row, s * alpha, minlength=len(K))
    for _ in range(sweeps):
        largest = 0.0
        for i in range(len(row)):
            for j in range(i):
                if problem.by_sign and s[i] != s[j]:
                    continue
                slope = (g[row[j]] + o[j]) - (g[row[i]] + o[i])
                curvature = max(K[row[i], row[i]] + K[row[j], row[j]] - 2 * K[row[i], row[j]], 1e-12)
                ends_i = np.sort(s[i] * (np.array([0.0, upper[i]]) - alpha[i]))  # of a step that s_i alpha_i can take
                ends_j = np.sort(-s[j] * (np.array([0.0, upper[j]]) - alpha[j]))
                step = np.clip(slope / curvature, max(ends_i[0], ends_j[0]), min(ends_i[1], ends_j[1]))
                alpha[i] += s[i] * step
                alpha[j] -= s[j] * step
                g += step * (K[row[i]] - K[row[j]])
                largest = max(largest, abs(step))
        if largest < tol:
            break
    return np.clip(alpha, 0, upper)


def objective(K, problem, alpha):
    beta = np.bincount(problem.row, problem.sign * alpha, minlength=len(K))
    return 0.5 * beta @ K @ beta + (problem.sign * problem.offset) @ alpha


def violation(problem, alpha, products):
    """The largest rate at which moving along a pair lowers the objective."""
    f = products[problem.row] + problem.offset
    grows = np.where(problem.sign > 0, alpha < problem.upper, alpha > 0)
    shrinks = np.where(problem.sign > 0, alpha > 0, alpha < problem.upper)
    pairs = [
        f[j] - f[i]
        for i in np.flatnonzero(grows)
        for j in np.flatnonzero(shrinks)
        if not problem.by_sign or problem.sign[i] == problem.sign[j]
    ]
    return max([0.0, *pairs])


def gap(problem, alpha, products):
    """Primal minus dual at the best of all intercepts at which the primal has a corner."""
    f, total = products[problem.row] + problem.offset, 0.0
    groups = [problem.sign > 0, problem.sign < 0] if problem.by_sign else [np.ones(len(f), dtype=bool)]
    for g in groups:
        if g.any():
            z = [problem.sign[g] * (f[g] - tau) for tau in f[g]]
            total += min((alpha[g] * margin + problem.upper[g] * np.maximum(-margin, 0)).sum() for margin in z)
    return total
