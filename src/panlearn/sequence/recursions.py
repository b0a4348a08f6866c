"""Forward-backward in the exponential domain, eight sequences at a time.

One kernel serves hidden Markov models and conditional random fields: both score a path y_0 … y_{T-1} by

    w(y) = a(y_0) b_0(y_0) Π_t A(y_{t-1}, y_t) b_t(y_t) · z(y_{T-1}),

with the frames' likelihoods b, transitions A, what enters the first row, a, and what leaves the last, z. With u_t the
forward vector, its predecessor divided by its sum r_{t-1}, and v_t the backward vector [rabiner1989],

    u_0 = a ∘ b_0,             u_t = b_t ∘ (Aᵀ u_{t-1}) / r_{t-1},   r_t = Σ_j u_t(j)
    v_{T-1} = z / (u_{T-1}·z),    v_t = A q_{t+1},                      q_t = b_t ∘ v_t / r_{t-1}
    log Z = Σ_t log r_t + log (u_{T-1}·z / r_{T-1})
    p(y_t = i) = u_t(i) v_t(i)            p(y_t = i, y_{t+1} = j) = u_t(i) A(i, j) q_{t+1}(j).

Σ_i u_t(i) v_t(i) = 1 holds at the end, and each step keeps it: the scales of the forward vectors are right for the
backward ones too. No step takes an exponential or a logarithm of N² numbers. The sums over time of u_t(i) q_{t+1}(j)
are one product of matrices at the end.

Nothing underflows however long the sequence. What fails is a step all of whose ways have a likelihood below the
smallest float (r_t < `TINY`), or one where a state that u has lost to underflow would have been needed later: then v of
that state grows beyond `HUGE`. Such a sequence is marked, contributes nothing, and the caller takes the logarithmic
recursion for it (`panlearn.sequence.logarithmic_recursions`): the answer is exact always.

Eight sequences run in lanes (`panlearn.core.lanes`), so that a product with A costs N² multiply-adds of eight numbers
whatever N is. State i at time t of all eight is entry [i, t] of an array (N, R, 8), whose rows the final product takes
as they are. A lane whose sequence is over has b = 0, hence u = v = 0, and adds nothing.

Course notes: 004 §11.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.lanes import WIDTH, lanes, load, maximum, store, total
from panlearn.core.numerics import log
from panlearn.sequence.bundles import fill, scatter, take_bundle

TINY = 1e-100  # a sum below it counts as failed: a step loses 5e-324 at most, which stays 1e-123 beside 1 / TINY
HUGE = 1e190  # a backward weight above it may have met a forward weight that was lost
CHUNK = 16  # steps whose products are summed at a time: small enough for the first cache


class Chain(NamedTuple):
    """Weights of a chain, non-negative and not logarithms."""

    enter: np.ndarray  # (N,) of the first state
    transitions: np.ndarray  # (N, N) from row to column
    leave: np.ndarray  # (N,) of the last state


class Expectations(NamedTuple):
    """What the posterior of the paths says on average."""

    log_likelihood: np.ndarray  # (s,) log Z of each sequence, unweighted; -inf where no path is possible
    marginals: np.ndarray  # (n, N) p(y_t = i | x), times the weight of the sequence
    pairs: np.ndarray  # (N, N) sum over sequences and times of weight times p(y_t = i, y_{t+1} = j | x)


@kernel
def product(A, x, out):
    """out[j] = Σ_i A[i, j] x[i], for eight sequences; `out` (N, 8) is overwritten."""
    n = A.shape[0]
    for j in range(0, n - 3, 4):
        s0, s1, s2, s3 = lanes(0.0), lanes(0.0), lanes(0.0), lanes(0.0)
        for i in range(n):
            y = load(x, i)
            s0 = s0 + A[i, j] * y
            s1 = s1 + A[i, j + 1] * y
            s2 = s2 + A[i, j + 2] * y
            s3 = s3 + A[i, j + 3] * y
        store(out, j, s0)
        store(out, j + 1, s1)
        store(out, j + 2, s2)
        store(out, j + 3, s3)
    for j in range(n - n % 4, n):
        s = lanes(0.0)
        for i in range(n):
            s = s + A[i, j] * load(x, i)
        store(out, j, s)


@kernel
def forward(bundle, enter, A):
    """Forward vectors and the reciprocals of their sums; `u` and `scale` are overwritten."""
    b, u, scale = bundle.b, bundle.u, bundle.scale
    n, R = A.shape[0], bundle.stride
    now, ahead = np.empty((n, WIDTH)), np.empty((n, WIDTH))
    tiny, r = lanes(TINY), lanes(1.0)
    for j in range(n):
        store(ahead, j, lanes(enter[j]))
        for t in range(bundle.longest + 1, R):
            store(u, j * R + t, lanes(0.0))
        store(u, j * R, lanes(0.0))
    for t in range(bundle.longest):
        sums = lanes(0.0)
        for j in range(n):
            x = load(ahead, j) * load(b, j * R + t) * r
            store(now, j, x)
            store(u, j * R + t + 1, x)
            sums = sums + x
        r = 1.0 / maximum(sums, tiny)  # in this order NaN becomes TINY too
        store(scale, t, r)
        if t + 1 < bundle.longest:
            product(A, now, ahead)


@kernel
def close(bundle, leave, result):
    """Log Z of the eight sequences into `result` (8,); a failed one gets -inf, its weight and its `u` become zero."""
    logs = np.empty(bundle.longest * WIDTH)
    for k in range(logs.size):
        logs[k] = log(bundle.scale[k])
    for lane in range(WIDTH):
        T, z, most, sums, low, high = bundle.lengths[lane], 0.0, 1.0, 0.0, 1.0, 1.0
        result[lane] = 0.0
        if T == 0:
            continue
        for i in range(len(leave)):
            z += bundle.u[(i * bundle.stride + T) * WIDTH + lane] * bundle.scale[(T - 1) * WIDTH + lane] * leave[i]
            most = max(most, leave[i])
        for k in range(lane, T * WIDTH, WIDTH):
            sums += logs[k]
            low, high = min(low, bundle.scale[k]), max(high, bundle.scale[k])
        result[lane] = log(z) - sums
        if not (low > TINY and high < 0.999 / TINY and TINY * most < z < np.inf):
            result[lane], bundle.weight[lane], z = -np.inf, 0.0, np.inf
            clear(bundle.u, bundle.stride * len(leave), lane)
        bundle.last[lane] = bundle.scale[(T - 1) * WIDTH + lane] / z


@kernel
def backward(bundle, leave, AT, result, marginals):
    """Backward vectors: q into `b`, rows of `marginals`; what outgrows `HUGE` gets -inf in `result` (8,)."""
    b, u, scale = bundle.b, bundle.u, bundle.scale
    n, R = AT.shape[0], bundle.stride
    q, v, shares, largest = np.empty((n, WIDTH)), np.empty((n, WIDTH)), np.empty((n, WIDTH)), np.empty(WIDTH)
    top, weight = lanes(0.0), load(bundle.weight, 0)
    for j in range(n):
        store(v, j, lanes(0.0))
    for t in range(bundle.longest - 1, -1, -1):
        if t >= bundle.shortest - 1:
            begin(v, leave, bundle.last, bundle.lengths, t)
        r = load(scale, max(t - 1, 0))
        for j in range(n):
            y = load(v, j)
            top = maximum(y, top)
            store(shares, j, load(u, j * R + t + 1) * y * weight)
            y = load(b, j * R + t) * y * r
            store(q, j, y)
            store(b, j * R + t, y * weight)
        scatter(shares, bundle, t, marginals)
        if t > 0:
            product(AT, q, v)
    for j in range(n):
        store(b, j * R, lanes(0.0))
    store(largest, 0, top)
    mark(v, largest, result)
    for lane in range(WIDTH):
        if result[lane] == -np.inf:
            clear(b, R * n, lane)


@kernel
def begin(v, leave, last, lengths, t):
    """Backward vectors of the sequences whose last row is t."""
    for lane in range(WIDTH):
        if lengths[lane] == t + 1:
            for i in range(len(leave)):
                v[i, lane] = leave[i] * last[lane]


@kernel
def mark(v, largest, result):
    """Give -inf to the lanes whose backward vectors outgrew `HUGE`."""
    for lane in range(WIDTH):
        sums = 0.0
        for i in range(len(v)):
            sums += v[i, lane]  # infinite or NaN once is so at the end: `maximum` does not see NaN
        if not (largest[lane] < HUGE and sums < np.inf):
            result[lane] = -np.inf


@kernel
def clear(a, rows, lane):
    """Zeros in one lane."""
    for k in range(rows):
        a[k * WIDTH + lane] = 0.0


@kernel
def work_through(table, chain, AT, order, offsets, weight, work, out):
    """All sequences of `order` in bundles: log Z, and where `out.marginals` has rows also these and the pairs."""
    result = np.empty(WIDTH)
    for first in range(0, len(order), WIDTH):
        bundle = take_bundle(order[first : first + WIDTH], offsets, weight, work)
        fill(table, bundle, 0.0)
        forward(bundle, chain.enter, chain.transitions)
        close(bundle, chain.leave, result)
        if len(out.marginals) > 0:
            backward(bundle, chain.leave, AT, result, out.marginals)
            add_pairs(bundle, out.pairs)
        for lane in range(min(WIDTH, len(order) - first)):
            out.log_likelihood[order[first + lane]] = result[lane]


@kernel
def add_pairs(bundle, C):
    """C[i, j] += Σ_t u_t(i) q_{t+1}(j), over time and the eight sequences."""
    u, b, n, R = bundle.u, bundle.b, C.shape[0], bundle.stride
    for first in range(0, R, CHUNK):
        last = min(R, first + CHUNK)
        for i in range(0, n - 1, 2):
            for j in range(0, n - 2, 3):
                s0, s1, s2, r0, r1, r2 = lanes(0.0), lanes(0.0), lanes(0.0), lanes(0.0), lanes(0.0), lanes(0.0)
                for t in range(first, last):
                    x, y = load(u, i * R + t), load(u, i * R + R + t)
                    q = load(b, j * R + t)
                    s0, r0 = s0 + x * q, r0 + y * q
                    q = load(b, j * R + R + t)
                    s1, r1 = s1 + x * q, r1 + y * q
                    q = load(b, j * R + 2 * R + t)
                    s2, r2 = s2 + x * q, r2 + y * q
                C[i, j] += total(s0)
                C[i, j + 1] += total(s1)
                C[i, j + 2] += total(s2)
                C[i + 1, j] += total(r0)
                C[i + 1, j + 1] += total(r1)
                C[i + 1, j + 2] += total(r2)
        for i in range(n):
            for j in range(n - n % 3 if i < n - n % 2 else 0, n):
                s = lanes(0.0)
                for t in range(first, last):
                    s = s + load(u, i * R + t) * load(b, j * R + t)
                C[i, j] += total(s)
