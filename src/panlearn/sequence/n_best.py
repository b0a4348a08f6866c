"""The k best paths of a chain, exactly: list Viterbi.

Each state keeps the k best ways that lead to it instead of one [seshadri1994]:

    δ_t(j, ·) = x_t(j) + the k largest of δ_{t-1}(i, m) + A(i, j) over all i and m

For each i the list is sorted: the first of its ways that is not among the k largest ends the look at that i. Cost:
T N² for the looks and T N k² at most for the insertions. Ties go to the lower state, then to the better way.

Course notes: 004 §11.
"""

import numpy as np

from panlearn.core.jit import kernel


@kernel
def n_best(scores, model, paths, best):
    """The k best paths of one sequence; `paths` (k, T) and `best` (k,), filled with -1 and -inf, are overwritten."""
    start, A, _, end = model
    T, n = scores.shape
    k = len(best)
    delta, back = np.full((2, n, k), -np.inf), np.empty((T, n, k), dtype=np.int32)
    for i in range(n):
        delta[0, i, 0] = start[i] + scores[0, i]
    for t in range(1, T):
        before, now = delta[(t - 1) % 2], delta[t % 2]
        now[:] = -np.inf
        for i in range(n):
            for j in range(n):
                extend(before[i], A[i, j] + scores[t, j], i * k, now[j], back[t, j])
    last = np.full(k, -1, dtype=np.int32)
    for i in range(n):
        extend(delta[(T - 1) % 2, i], end[i], i * k, best, last)
    for m in range(k):
        way = last[m]
        if best[m] > -np.inf:
            for t in range(T - 1, -1, -1):
                paths[m, t] = way // k
                way = back[t, way // k, way % k]


@kernel
def extend(ways, gain, number, best, back):
    """Insert ways + gain into the sorted list `best`; `back` gets the number of each, counted from `number`."""
    k = len(best)
    for m in range(k):
        value = ways[m] + gain
        if not (value > best[k - 1]):
            return
        at = k - 1
        while at > 0 and value > best[at - 1]:
            best[at], back[at] = best[at - 1], back[at - 1]
            at -= 1
        best[at], back[at] = value, number + m
