"""Forward-backward of one long sequence, its states side by side.

Where fewer than a handful of sequences wait, lanes would be empty. Eight states of one sequence fill them instead: row
t of an array (T, W, 8) holds the vector of time t, its N states padded with zeros. A product with A is a sum of rows
of A, each times one number. The forward and the backward vectors,

    u_t = b_t ∘ (Aᵀ u_{t-1}) / r_{t-1},   r_t = Σ u_t,          v_t = A (b_{t+1} ∘ v_{t+1}) / ρ_{t+1},   ρ_t = Σ v_t,

do not need each other, so that two threads make them at the same time; the rest is the work of any number of threads on
blocks of rows: with κ_t = u_t·v_t,

    p(y_t = i) = u_t(i) v_t(i) / κ_t
    p(y_t = i, y_{t+1} = j) = u_t(i) A(i, j) b_{t+1}(j) v_{t+1}(j) / (r_t κ_{t+1}).

If κ is tiny beside r ρ, a state that one side has lost to underflow may matter to the other: the sequence is marked as
failed, and the caller takes the logarithmic recursion.

Course notes: 004 §11.
"""

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.lanes import WIDTH, lanes, load, store, total
from panlearn.core.numerics import log
from panlearn.core.threads import GATE, map_chunks, run, scratch, thread_count
from panlearn.sequence.recursions import TINY, Chain

LOST = 1e-100  # κ / (r ρ) below which a lost weight could have mattered
BLOCK = 2048  # rows of a sum of pairs


def long_sequence(table: np.ndarray, chain: Chain, weight: float, marginals: np.ndarray, pairs: np.ndarray) -> float:
    """Log Z of one sequence, -inf if it failed; writes its rows of `marginals`, adds to `pairs`.

    `marginals` without rows asks for log Z alone.
    """
    T, N = table.shape
    W = -(-N // WIDTH)
    A, AT = np.zeros((N, W * WIDTH)), np.zeros((N, W * WIDTH))
    A[:, :N], AT[:, :N] = chain.transitions, chain.transitions.T
    u, v = scratch("forward rows", (T, W * WIDTH)), scratch("backward rows", (T, W * WIDTH))
    r, rho = scratch("forward scale", (T,)), scratch("backward scale", (T,))
    tasks = [lambda: forward_rows(table, chain.enter, A, u, r)]
    if len(marginals):
        tasks.append(lambda: backward_rows(table, chain.leave, AT, v, rho))
    if thread_count() > 1 and T * N * N >= GATE:
        run(tasks)
    else:
        for task in tasks:
            task()
    result = end_of_rows(u, r, chain.leave)
    if not len(marginals) or result == -np.inf:
        return result
    blocks = -(-T // BLOCK)
    sums = np.zeros((blocks, N, W * WIDTH))

    def work(start: int, stop: int) -> bool:
        fine = True
        for k in range(start, stop):
            rows = k * BLOCK, min(T, (k + 1) * BLOCK)
            fine &= meet_rows(table, (u, r), (v, rho), rows, weight, marginals, sums[k])
        return fine

    if not all(map_chunks(work, blocks, work=T * N * N)):
        return -np.inf
    pairs += sums.sum(axis=0)[:, :N]
    return result


@kernel
def product_row(A, x, out):
    """Out = Σ_i x[i] A[i], the rows of A (N, W 8) in lanes; `out` (W 8) is overwritten."""
    n, W = A.shape[0], A.shape[1] // WIDTH
    for k in range(0, W - 3, 4):
        s0, s1, s2, s3 = lanes(0.0), lanes(0.0), lanes(0.0), lanes(0.0)
        for i in range(n):
            c = x[i]
            s0 = s0 + c * load(A, i * W + k)
            s1 = s1 + c * load(A, i * W + k + 1)
            s2 = s2 + c * load(A, i * W + k + 2)
            s3 = s3 + c * load(A, i * W + k + 3)
        store(out, k, s0)
        store(out, k + 1, s1)
        store(out, k + 2, s2)
        store(out, k + 3, s3)
    for k in range(W - W % 4, W):
        s0, s1, s2, s3 = lanes(0.0), lanes(0.0), lanes(0.0), lanes(0.0)
        for i in range(0, n - 3, 4):  # four sums, so that none waits for the one before
            s0 = s0 + x[i] * load(A, i * W + k)
            s1 = s1 + x[i + 1] * load(A, i * W + W + k)
            s2 = s2 + x[i + 2] * load(A, i * W + 2 * W + k)
            s3 = s3 + x[i + 3] * load(A, i * W + 3 * W + k)
        for i in range(n - n % 4, n):
            s0 = s0 + x[i] * load(A, i * W + k)
        store(out, k, (s0 + s1) + (s2 + s3))


@kernel
def forward_rows(table, enter, A, u, scale):
    """Forward vectors, not divided by their sums, and the reciprocals of these; `u` and `scale` are overwritten."""
    n, W = A.shape[0], A.shape[1] // WIDTH
    ahead, b, r = np.empty(W * WIDTH), np.empty(W * WIDTH), 1.0
    for i in range(W * WIDTH):
        ahead[i], b[i] = enter[i] if i < n else 0.0, 0.0
    for t in range(len(table)):
        for i in range(n):
            b[i] = table[t, i]
        sums = lanes(0.0)
        for k in range(W):
            x = load(ahead, k) * load(b, k) * r
            store(u, t * W + k, x)
            sums = sums + x
        r = 1.0 / max(total(sums), TINY)
        scale[t] = r
        product_row(A, u[t], ahead)


@kernel
def backward_rows(table, leave, AT, v, scale):
    """Backward vectors, not divided by their sums, and the reciprocals of these; `v` and `scale` are overwritten."""
    n, W = AT.shape[0], AT.shape[1] // WIDTH
    b, q = np.empty(W * WIDTH), np.empty(W * WIDTH)
    for i in range(W * WIDTH):
        v[len(table) - 1, i], b[i] = leave[i] if i < n else 0.0, 0.0
    for t in range(len(table) - 1, -1, -1):
        for i in range(n):
            b[i] = table[t, i]
        sums = lanes(0.0)
        for k in range(W):
            sums = sums + load(v, t * W + k)
        r = 1.0 / max(total(sums), TINY)
        scale[t] = r
        if t > 0:
            for k in range(W):
                store(q, k, load(v, t * W + k) * load(b, k) * r)
            product_row(AT, q, v[t - 1])


@kernel
def end_of_rows(u, scale, leave):
    """Log Z from the scales; -inf if a step failed."""
    z, most, sums, low, high = 0.0, 1.0, 0.0, 1.0, 1.0
    for i in range(len(leave)):
        z += u[-1, i] * scale[-1] * leave[i]
        most = max(most, leave[i])
    for t in range(len(scale)):
        sums += log(scale[t])
    for t in range(len(scale)):
        low, high = min(low, scale[t]), max(high, scale[t])
    return log(z) - sums if low > TINY and high < 0.999 / TINY and TINY * most < z < np.inf else -np.inf


@kernel
def meet_rows(table, ahead, behind, rows, weight, marginals, C):
    """Marginals of a block of rows, and its pairs, u_{t-1}(i) q_t(j), added to `C` (N, W 8); False if it failed."""
    (u, r), (v, rho), (first, last) = ahead, behind, rows
    n, W, fine = table.shape[1], u.shape[1] // WIDTH, True
    q, b, shares = np.empty((last - first, W * WIDTH)), np.zeros(W * WIDTH), np.empty(W * WIDTH)
    for t in range(first, last):
        sums = lanes(0.0)
        for k in range(W):
            sums = sums + load(u, t * W + k) * load(v, t * W + k)
        kappa = total(sums)
        fine &= kappa * r[t] * rho[t] > LOST and TINY < rho[t] < 0.999 / TINY
        share = weight / kappa
        back = share * r[t - 1] if t > 0 else 0.0
        for i in range(n):
            b[i] = table[t, i]
        for k in range(W):
            y = load(v, t * W + k)
            store(shares, k, load(u, t * W + k) * y * share)
            store(q, (t - first) * W + k, load(b, k) * y * back)
        for i in range(n):
            marginals[t, i] = shares[i]
    before = u[first - 1 : last - 1] if first > 0 else u[:last]
    shift = 0 if first > 0 else 1
    add_rows(before, q[shift:], C)
    return fine


@kernel
def add_rows(u, q, C):
    """C[i, j] += Σ_t u[t, i] q[t, j]; `C` (N, W 8)."""
    n, W = C.shape[0], C.shape[1] // WIDTH
    for k in range(W):
        for i in range(0, n - 3, 4):
            s0, s1, s2, s3 = (
                load(C, i * W + k),
                load(C, i * W + W + k),
                load(C, i * W + 2 * W + k),
                load(C, i * W + 3 * W + k),
            )
            for t in range(len(q)):
                x = load(q, t * W + k)
                s0 = s0 + u[t, i] * x
                s1 = s1 + u[t, i + 1] * x
                s2 = s2 + u[t, i + 2] * x
                s3 = s3 + u[t, i + 3] * x
            store(C, i * W + k, s0)
            store(C, i * W + W + k, s1)
            store(C, i * W + 2 * W + k, s2)
            store(C, i * W + 3 * W + k, s3)
        for i in range(n - n % 4, n):
            s0 = load(C, i * W + k)
            for t in range(len(q)):
                s0 = s0 + u[t, i] * load(q, t * W + k)
            store(C, i * W + k, s0)
