"""Second derivatives of log Z: covariances of a chain's tags with a sum along the path [li2009].

log Z is the cumulant function of the scores: its gradient is made of marginals, its Hessian of covariances. Its product
with a direction U, scores U_t(i) of the frames and W_ij of the transitions, is the covariance with one random number,

    U(y) = Σ_t U_t(y_t) + Σ_t W(y_{t-1}, y_t):      D_U p(y_t = i) = Cov(1[y_t = i], U(y)),     D_U log Z = E[U(y)].

Forward-backward finds it when each vector has a companion. u_t(i) is the scaled forward vector, x_t(i) = u_t(i) times
the mean of U(y_0 … y_t) given y_t = i, less its mean m; v_t(i), z_t(i) are their like backward:

    u_t(j) = Σ_i u_{t-1}(i) A_ij b_t(j)         x_t(j) = Σ_i [x_{t-1}(i) + u_{t-1}(i) W_ij] A_ij b_t(j) + u_t(j) U_t(j)
    q(j) = b_{t+1}(j) v_{t+1}(j)                r(j) = q(j) U_{t+1}(j) + b_{t+1}(j) z_{t+1}(j)
    v_t(i) = Σ_j A_ij q(j)                      z_t(i) = Σ_j A_ij [r(j) + W_ij q(j)]
    Cov(1[y_t = i], U) = x_t(i) v_t(i) + u_t(i) z_t(i) − μ u_t(i) v_t(i),      μ = Σ_i [x_t(i) v_t(i) + u_t(i) z_t(i)]

The mean is taken out at each step, so that no large sum is subtracted from another however long the sequence. Cost:
some three times that of forward-backward; automatic differentiation of it would keep t L² numbers.

Course notes: 004 §11.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.threads import run, thread_count
from panlearn.sequence.frames import shifted_exp

TINY = 1e-280  # a sum below it has lost digits to underflow
GATE = 200_000  # products of a step, all sequences together, above which a second thread pays


class Covariances(NamedTuple):
    """What the Hessian of Σ_s g_s log Z_s makes of a direction."""

    mean: np.ndarray  # (s,) E[U(y)] of each sequence, unweighted
    frames: np.ndarray  # (n, L) g_s Cov(1[y_t = i], U)
    pairs: np.ndarray  # (L, L) Σ_s g_s Σ_t Cov(1[y_t = i, y_{t+1} = j], U)
    exact: bool  # False: the scaled recursion underflowed somewhere, use another way


class Chains(NamedTuple):
    """Chains with a direction, as the kernels take them; `b` and `U` are those of one sequence or of all."""

    b: np.ndarray  # (n, L) exp of the scores, over the largest of the frame
    U: np.ndarray  # (n, L)
    A: np.ndarray  # (L, L) exp of the transitions, over the largest
    AW: np.ndarray  # (L, L) A ∘ W


class Vectors(NamedTuple):
    """Room for the vectors of one sequence."""

    u: np.ndarray  # (T, L)
    x: np.ndarray  # (T, L)
    v: np.ndarray  # (L,)
    z: np.ndarray  # (L,)
    q: np.ndarray  # (L,)
    r: np.ndarray  # (L,)


def covariances(
    scores: np.ndarray,
    transitions: np.ndarray,
    offsets: np.ndarray,
    direction: tuple[np.ndarray, np.ndarray],
    weight: np.ndarray,
) -> Covariances:
    """Hessian-vector product of a weighted sum of log-partition functions.

    Parameters
    ----------
    scores : ndarray of shape (n, L)
        Scores of all frames, sequence after sequence.
    transitions : ndarray of shape (L, L)
        Scores of the transitions.
    offsets : ndarray of shape (s + 1,)
        Where sequences begin.
    direction : tuple of ndarray
        U (n, L) and W (L, L).
    weight : ndarray of shape (s,)
        g.

    Returns
    -------
    Covariances
        The product, and E[U(y)].
    """
    top = transitions.max()
    A = np.exp(transitions - (top if np.isfinite(top) else 0.0))
    U, W = (np.ascontiguousarray(part, dtype=np.float64) for part in direction)
    b, _ = shifted_exp(scores)
    mean, frames = np.zeros(len(weight)), np.empty_like(b)
    size = thread_count() if b.size * b.shape[1] >= GATE else 1
    edges = np.searchsorted(offsets, np.linspace(0, len(b), size + 1))  # shares of about the same number of frames
    edges[0], edges[-1] = 0, len(weight)

    given = Chains(b, U, A, A * W)

    def share(first: int, last: int) -> tuple[np.ndarray, bool]:
        sums = np.zeros((2, *A.shape))
        some = offsets[first : last + 1], weight[first:last], mean[first:last]
        return sums, _chains(given, *some, frames, sums)

    parts = run([lambda a=a, z=z: share(a, z) for a, z in pairwise(edges)])
    total = np.sum([sums for sums, _ in parts], axis=0)
    return Covariances(mean, frames, A * total[0] + A * W * total[1], all(exact for _, exact in parts))


@kernel
def _chains(given, offsets, weight, mean, frames, sums):
    """Some of the sequences; overwrites `mean` and their rows of `frames`, adds to `sums` (2, L, L)."""
    longest, L = 1, given.A.shape[0]
    for s in range(len(weight)):
        longest = max(longest, offsets[s + 1] - offsets[s])
    u, x = np.empty((longest, L)), np.empty((longest, L))
    vectors = Vectors(u, x, np.empty(L), np.empty(L), np.empty(L), np.empty(L))
    for s in range(len(weight)):
        start, stop = offsets[s], offsets[s + 1]
        if stop > start:
            own = Chains(given.b[start:stop], given.U[start:stop], given.A, given.AW)
            mean[s] = _forward(own, u, x)
            if not _backward(own, vectors, weight[s], frames[start:stop], sums):
                return False
    return True


@kernel
def _forward(own, u, x):
    """Fill u and x, each u summing to 1 and each x to 0; returns E[U(y)]."""
    b, U, A, AW = own
    T, L = b.shape
    mean = 0.0
    for t in range(T):
        ahead, along = u[t], x[t]
        if t == 0:
            ahead[:] = 1.0
            along[:] = 0.0
        else:
            ahead[:] = 0.0
            along[:] = 0.0
            for i in range(L):
                p, m = u[t - 1, i], x[t - 1, i]
                for j in range(L):
                    ahead[j] += A[i, j] * p
                    along[j] += A[i, j] * m + AW[i, j] * p
        total, moment = 0.0, 0.0
        for j in range(L):
            ahead[j] *= b[t, j]
            along[j] = along[j] * b[t, j] + ahead[j] * U[t, j]
            total += ahead[j]
            moment += along[j]
        if total < TINY:
            ahead[:] = 0.0  # the backward pass finds a sum of 0 and says so
            total, moment = 1.0, 0.0
        moment /= total
        for j in range(L):
            ahead[j] /= total
            along[j] = along[j] / total - moment * ahead[j]
        mean += moment
    return mean


@kernel
def _backward(own, vectors, g, frames, sums):
    """Fill `frames`, add to `sums`; False where a sum underflowed."""
    T, L = own.b.shape
    u, x, v, z, q, r = vectors
    v[:] = 1.0
    z[:] = 0.0
    for t in range(T - 1, -1, -1):
        if t < T - 1:
            _step_back(own, t + 1, vectors)
        total, later, moment = 0.0, 0.0, 0.0
        for i in range(L):
            total += u[t, i] * v[i]
            later += u[t, i] * z[i]
            moment += x[t, i] * v[i]
        if not total > TINY:
            return False
        later, moment = later / total, (later + moment) / total
        if t < T - 1:
            for i in range(L):
                p, m = u[t, i] * g / total, (x[t, i] - moment * u[t, i]) * g / total
                for j in range(L):
                    sums[0, i, j] += m * q[j] + p * r[j]
                    sums[1, i, j] += p * q[j]
        for i in range(L):
            v[i] /= total
            z[i] /= total
            frames[t, i] = g * (x[t, i] * v[i] + u[t, i] * z[i] - moment * u[t, i] * v[i])
            z[i] -= later * v[i]
    return True


@kernel
def _step_back(own, t, vectors):
    """From v and z of frame t to those of the one before, which are overwritten, as are q and r."""
    b, U, A, AW = own
    v, z, q, r = vectors.v, vectors.z, vectors.q, vectors.r
    for j in range(len(v)):
        q[j] = b[t, j] * v[j]
        r[j] = q[j] * U[t, j] + b[t, j] * z[j]
    for i in range(len(v)):
        back, along = 0.0, 0.0
        for j in range(len(v)):
            back += A[i, j] * q[j]
            along += A[i, j] * r[j] + AW[i, j] * q[j]
        v[i], z[i] = back, along
