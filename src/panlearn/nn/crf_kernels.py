"""A padded batch on a CPU: its scores into the kernels of `panlearn.sequence`, their expectations back as gradients.

    b_k(i) = exp(s_k(i) − m_k),   m_k = max_i s_k(i)         g_s ([y_k = i] − p(y_k = i | x))

A batch of 32 sentences takes the recursion a third of a millisecond, as long as some fifty tensor operations. So frames
are picked, converted to float64, given the scores of first and last tags and exponentiated in one pass over them, and
gradients written in the type of the emissions in another.

Course notes: 004 §11.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.numerics import decay
from panlearn.sequence.frames import peak


class Padded(NamedTuple):
    """A padded batch of b sequences with n frames that count."""

    emissions: np.ndarray  # (b t, L) of any real type
    rows: np.ndarray  # (n,) where the frames that count stand; (0,) stands for all of them
    offsets: np.ndarray  # (b + 1,) where sequences begin among them
    start: np.ndarray  # (L,) scores of the first tag
    end: np.ndarray  # (L,) of the last


@kernel
def fold(batch, first, stop, out):
    """Scores of the frames of some sequences with those of first and last tags; first bad frame (NaN, +inf), or -1."""
    L, bad = out.shape[1], -1
    for s in range(first, stop):
        a, z = batch.offsets[s], batch.offsets[s + 1]
        for k in range(z - 1, a - 1, -1):
            row = batch.rows[k] if len(batch.rows) else k
            wrong = 0
            for i in range(L):
                x = batch.emissions[row, i]
                out[k, i] = x
                wrong += 0 if x < np.inf else 1
            bad = k if wrong else bad
        if z > a:
            for i in range(L):
                out[a, i] += batch.start[i]
                out[z - 1, i] += batch.end[i]
                bad = bad if out[a, i] < np.inf else a
                bad = bad if out[z - 1, i] < np.inf else z - 1
    return bad


@kernel
def lower(scores, offsets, first, stop, shift, total):
    """Take out of each frame its largest score, `shift`; `total` becomes each sequence's sum of these."""
    L = scores.shape[1]
    for s in range(first, stop):
        total[s] = 0.0
        for k in range(offsets[s], offsets[s + 1]):
            top = peak(scores[k])
            shift[k] = top
            total[s] += top
            for i in range(L):
                scores[k, i] -= top


@kernel
def exponentiate(x):
    """Overwrites x (m,), none of it above 0: one long loop fills the vectors of the processor."""
    for i in range(len(x)):
        x[i] = decay(x[i])


@kernel
def score(batch, transitions, tags, total):
    """Scores of given taggings (b t,) into `total` (b,); False where a tag is none of 0 … L − 1."""
    L = len(transitions)
    for s in range(len(total)):
        a, z = batch.offsets[s], batch.offsets[s + 1]
        found, before = 0.0, 0
        for k in range(a, z):
            row = batch.rows[k] if len(batch.rows) else k
            y = tags[row]
            if y < 0 or y >= L:
                return False
            found += batch.emissions[row, y] + (transitions[before, y] if k > a else batch.start[y])
            before = y
        total[s] = found + batch.end[before] if z > a else 0.0
    return True


@kernel
def frame_gradient(batch, marginals, tags, weight, first, stop, out):
    """Weighted marginals, or with tags what was observed less these, into the frames' places in `out` (b t, L)."""
    L = marginals.shape[1]
    for s in range(first, stop):
        g = -weight[s] if len(tags) else weight[s]
        for k in range(batch.offsets[s], batch.offsets[s + 1]):
            row = batch.rows[k] if len(batch.rows) else k
            for i in range(L):
                out[row, i] = g * marginals[k, i]
            if len(tags):
                out[row, tags[row]] = weight[s] * (1.0 - marginals[k, tags[row]])


@kernel
def chain_gradient(batch, marginals, tags, weight, pairs, start, end):
    """The same for first and last tags, added to `start` and `end`; adds the observed steps to `pairs`."""
    L = len(start)
    for s in range(len(weight)):
        a, z = batch.offsets[s], batch.offsets[s + 1]
        g = -weight[s] if len(tags) else weight[s]
        if z > a:
            for i in range(L):
                start[i] += g * marginals[a, i]
                end[i] += g * marginals[z - 1, i]
        before = 0
        for k in range(a, z if len(tags) else a):
            y = tags[batch.rows[k] if len(batch.rows) else k]
            if k == a:
                start[y] += weight[s]
            else:
                pairs[before, y] += weight[s]
            before = y
            if k == z - 1:
                end[y] += weight[s]
