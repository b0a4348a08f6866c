"""Viterbi's recursion, eight sequences at a time or eight states of one sequence at a time.

    δ_0 = start + x_0,    δ_t(j) = x_t(j) + max_i [δ_{t-1}(i) + A(i, j)],    best score = max_j [δ_{T-1}(j) + end(j)]

[viterbi1967], everything in logarithms. The way forward keeps the scores δ and no back-pointers: an addition and a
comparison for each pair of states, in lanes. The way back asks, for the one state of the best path at t + 1, which i
attains the maximum again: N operations a step instead of N². Ties go to the state with the lowest number.

Course notes: 004 §11.
"""

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.lanes import WIDTH, lanes, load, maximum, store
from panlearn.sequence.bundles import fill, take_bundle


@kernel
def paths_in_lanes(scores, order, offsets, model, work, paths, best):
    """Best paths of all sequences of `order`, in bundles of eight; `paths` (n,) and `best` (s,) are overwritten."""
    start, A, backward, end = model
    n = len(start)
    for first in range(0, len(order), WIDTH):
        bundle = take_bundle(order[first : first + WIDTH], offsets, best, work)
        fill(scores, bundle, 0.0)
        climb(bundle, start, A)
        for lane in range(min(WIDTH, len(order) - first)):
            s, T = order[first + lane], bundle.lengths[lane]
            top, y = -np.inf, 0
            for i in range(n):
                value = bundle.u[((T - 1) * n + i) * WIDTH + lane] + end[i]
                if value > top:
                    top, y = value, i
            best[s], paths[bundle.starts[lane] + T - 1] = top, y
        for t in range(bundle.longest - 2, -1, -1):  # the lanes in turn: their steps overlap in the processor
            for lane in range(WIDTH):
                if t < bundle.lengths[lane] - 1:
                    row = bundle.starts[lane] + t
                    y, top, at = paths[row + 1], -np.inf, 0
                    for i in range(n):
                        value = bundle.u[(t * n + i) * WIDTH + lane] + backward[y, i]
                        at = i if value > top else at
                        top = max(top, value)
                    paths[row] = at


@kernel
def climb(bundle, start, A):
    """Scores δ of eight sequences, `u` as (T, N, 8)."""
    b, u, n, R = bundle.b, bundle.u, len(start), bundle.stride
    for j in range(n):
        store(u, j, start[j] + load(b, j * R))
    for t in range(1, bundle.longest):
        base, out = (t - 1) * n, t * n
        for j in range(0, n - 3, 4):
            m0, m1, m2, m3 = lanes(-np.inf), lanes(-np.inf), lanes(-np.inf), lanes(-np.inf)
            for i in range(n):
                x = load(u, base + i)
                m0 = maximum(A[i, j] + x, m0)
                m1 = maximum(A[i, j + 1] + x, m1)
                m2 = maximum(A[i, j + 2] + x, m2)
                m3 = maximum(A[i, j + 3] + x, m3)
            store(u, out + j, m0 + load(b, j * R + t))
            store(u, out + j + 1, m1 + load(b, j * R + R + t))
            store(u, out + j + 2, m2 + load(b, j * R + 2 * R + t))
            store(u, out + j + 3, m3 + load(b, j * R + 3 * R + t))
        for j in range(n - n % 4, n):
            m = lanes(-np.inf)
            for i in range(n):
                m = maximum(A[i, j] + load(u, base + i), m)
            store(u, out + j, m + load(b, j * R + t))


@kernel
def path_alone(scores, model, delta, path):
    """Best path of one sequence and its score; A (N, W 8) padded; `delta` (T, W 8) and `path` (T,) are overwritten."""
    start, A, backward, end = model
    T, n = scores.shape
    climb_alone(scores, start, A, delta)
    best, y = -np.inf, 0
    for i in range(n):
        if delta[T - 1, i] + end[i] > best:
            best, y = delta[T - 1, i] + end[i], i
    path[T - 1] = y
    for t in range(T - 2, -1, -1):
        top, at = -np.inf, 0
        for i in range(n):
            value = delta[t, i] + backward[y, i]
            at = i if value > top else at
            top = max(top, value)
        y = at
        path[t] = y
    return best


@kernel
def climb_alone(scores, start, A, delta):
    """Scores δ of one sequence, eight states side by side; `delta` (T, W 8) is overwritten."""
    n, W = len(start), A.shape[1] // WIDTH
    x = np.empty(W * WIDTH)
    for i in range(W * WIDTH):
        x[i], delta[0, i] = 0.0, start[i] + scores[0, i] if i < n else -np.inf
    for t in range(1, len(scores)):
        before = delta[t - 1]
        for i in range(n):
            x[i] = scores[t, i]
        for k in range(W):
            m0, m1 = lanes(-np.inf), lanes(-np.inf)
            for i in range(0, n - 1, 2):  # two at a time, so that neither waits for the other
                m0 = maximum(before[i] + load(A, i * W + k), m0)
                m1 = maximum(before[i + 1] + load(A, i * W + W + k), m1)
            if n % 2:
                m0 = maximum(before[n - 1] + load(A, (n - 1) * W + k), m0)
            store(delta, t * W + k, maximum(m0, m1) + load(x, k))
