"""Stochastic gradient descent for a CRF with an L2 penalty: a step for each sequence.

With N sequences and λ = 2 c2 / N the objective is N times the mean over the sequences of

    f_x(w) = log Z(x) − s(y, x) + λ/2 |w|²,          w ← (1 − η_t λ) w − η_t ∂(log Z − s),      η_t = 1 / (λ (t₀ + t)),

Pegasos' schedule [shalevshwartz2011], as in CRFsuite. The factor 1 − η λ of *all* weights is kept as one number,
w = c v, so that a step costs the features of its sequence only. t₀ follows from a first rate η₀ = 1 / (λ t₀), which is
found by trial: on a sample of the sequences rates are doubled, or halved, and the one that lowers the objective most is
kept [bottou2010].

A handful of passes come within a percent of the optimum, sooner than any batch method; the last digits take very long.
The state is small and explicit, so that training goes on with other sequences where it stopped.

Course notes: 004 §11, 001 §3.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.numerics import exp, log
from panlearn.core.progress import progress
from panlearn.sequence.crf_paths import Sentences, Work, path_score, sentence_scores, sentences_of, work_of

CHUNK = 500  # sequences a call: control comes back to Python after a moment
TINY = 1e-12  # without a penalty the rate falls as with this one


class SGDState(NamedTuple):
    """Where stochastic gradient descent is."""

    w: np.ndarray  # (K + L²,)
    step: float  # steps done, t
    offset: float  # t₀
    penalty: float  # λ


def sgd_pass(problem, state: SGDState, rng: np.random.Generator) -> tuple[SGDState, float]:
    """One pass over the sequences in random order.

    Parameters
    ----------
    problem : CRFProblem
        Tagged sequences; not necessarily those of the passes before.
    state : SGDState
        Weights and step size so far.
    rng : numpy.random.Generator
        Draws the order.

    Returns
    -------
    state : SGDState
        After the pass.
    loss : float
        Sum of the negative log-likelihoods, each before its own step.
    """
    data = sentences_of(problem)
    return _steps(data, work_of(data), state, rng.permutation(len(data.weight)))


def sgd_start(problem, settings, start: np.ndarray, rng: np.random.Generator, n_total: int | None = None) -> SGDState:
    """State before the first step: the penalty for `n_total` sequences, and the first rate by trial."""
    data = sentences_of(problem)
    n = len(data.weight)
    penalty = 2.0 * settings.c2 / (n_total or n)
    sample = rng.permutation(n)[: settings.calibration_samples]
    work = work_of(data)
    before = _loss(data, work, start, sample) + 0.5 * penalty * len(sample) * float(start @ start)
    best, rate, falling, candidates = (np.inf, settings.calibration_eta), settings.calibration_eta, False, 0
    for _ in range(settings.calibration_max_trials):
        with np.errstate(over="ignore", invalid="ignore"):  # a rate that makes the weights explode is not taken
            state, _ = _steps(data, work, _from_rate(start, rate, penalty), sample)
            after = _loss(data, work, state.w, sample) + 0.5 * penalty * len(sample) * float(state.w @ state.w)
        good = bool(after < before)
        best = min(best, (after, rate)) if good else best
        candidates += good
        if candidates >= settings.calibration_candidates or (falling and good):
            break
        if not good and not falling:  # too large: go down from the first rate
            falling, rate = True, settings.calibration_eta
        rate = rate / settings.calibration_rate if falling else rate * settings.calibration_rate
    return _from_rate(start, best[1], penalty)


def train_sgd(problem, settings, start: np.ndarray) -> tuple[np.ndarray, np.ndarray, bool]:
    """Passes until the objective stands still; returns the best weights, the objective of each pass, and whether so."""
    rng = np.random.default_rng(settings.seed)
    state = sgd_start(problem, settings, start, rng)
    n, best, trace = len(problem.encoded.offsets) - 1, (np.inf, start), []
    for _ in progress(settings.max_iterations or 1000, "CRF", enabled=settings.verbose, certificate=lambda: trace[-1]):
        state, loss = sgd_pass(problem, state, rng)
        trace.append(loss + 0.5 * state.penalty * n * float(state.w @ state.w))
        if trace[-1] < best[0]:
            best = trace[-1], state.w
        if len(trace) > settings.period and trace[-1 - settings.period] - trace[-1] < settings.delta * trace[-1]:
            return best[1], np.array(trace), True
    return best[1], np.array(trace), False


def _from_rate(w: np.ndarray, rate: float, penalty: float) -> SGDState:
    """State whose first step has this rate, and shrinks the weights by half at most."""
    return SGDState(w, 0.0, max(2.0, 1.0 / (max(penalty, TINY) * rate)), penalty)


def _steps(data: Sentences, work: Work, state: SGDState, order: np.ndarray) -> tuple[SGDState, float]:
    """Take a step for each sequence of `order`."""
    w, scale, total, step = state.w.copy(), 1.0, 0.0, state.step
    beta = np.empty_like(work.scores)
    for a in range(0, len(order), CHUNK):
        part = order[a : a + CHUNK]
        loss, scale = _descend(data, part, w, scale, (step, state.offset, state.penalty), work, beta)
        total, step = total + loss, step + len(part)
        w *= scale
        scale = 1.0
    return SGDState(w, step, state.offset, state.penalty), total


def _loss(data: Sentences, work: Work, w: np.ndarray, order: np.ndarray) -> float:
    """Negative log-likelihood of some sequences: steps of size zero."""
    return _descend(data, order, w.copy(), 1.0, (0.0, np.inf, 0.0), work, np.empty_like(work.scores))[0]


@kernel
def _descend(data, order, w, scale, schedule, work, beta):
    """Stochastic gradient steps on scale * w; returns the sum of the losses and the new scale."""
    step, offset, penalty = schedule
    L, K, total = data.allowed.shape[0], data.labels.size, 0.0
    matrix, pairs = np.empty((L, L)), np.empty((L, L))
    rate = 0.0
    for at in range(order.size):
        s = order[at]
        length = data.offsets[s + 1] - data.offsets[s]
        if length == 0 or data.weight[s] == 0.0:
            continue
        if offset < np.inf:
            rate = 1.0 / (max(penalty, TINY) * (offset + step + at))
            scale *= 1.0 - rate * penalty
        sentence_scores(data, s, w, scale, work.scores)
        true = path_score(data, s, w, scale, work)
        for i in range(L):
            for j in range(L):
                matrix[i, j] = scale * w[K + i * L + j]
        partition = _posterior(length, matrix, work.scores, work.ahead, beta, pairs)
        total += data.weight[s] * (partition - true)
        if rate:
            _add_gradient(data, s, -rate * data.weight[s] / scale, work.ahead, pairs, w)
    return total, scale


@kernel
def _posterior(length, matrix, scores, marginals, beta, pairs):
    """Forward-backward of one sequence; log Z. `marginals` and `pairs` are the result, the other arrays are used up."""
    L = matrix.shape[0]
    top = np.max(matrix)
    for i in range(L):
        for j in range(L):
            matrix[i, j] = exp(matrix[i, j] - top)
            pairs[i, j] = 0.0
    total = (length - 1) * top + _forward(length, matrix, scores, marginals)
    _backward(length, matrix, scores, marginals, beta, pairs)
    for t in range(length):
        for j in range(L):
            marginals[t, j] *= beta[t, j]
    return total


@kernel
def _forward(length, matrix, scores, alpha):
    """Forward vectors that sum to one; `scores` become likelihoods. Returns the logarithm of what was divided out."""
    L, total = matrix.shape[0], 0.0
    for t in range(length):
        high, mass, row = np.max(scores[t]), 0.0, alpha[t]
        row[:] = 0.0 if t else 1.0
        for i in range(L if t else 0):
            for j in range(L):
                row[j] += alpha[t - 1, i] * matrix[i, j]
        for j in range(L):
            scores[t, j] = exp(scores[t, j] - high)
            row[j] *= scores[t, j]
            mass += row[j]
        total += high + log(mass)
        for j in range(L):
            row[j] /= mass
    return total


@kernel
def _backward(length, matrix, scores, alpha, beta, pairs):
    """Backward vectors, scaled so that alpha times beta sums to one, and expected transitions."""
    L = matrix.shape[0]
    beta[length - 1] = 1.0
    for t in range(length - 2, -1, -1):
        mass = 0.0
        for j in range(L):
            scores[t + 1, j] *= beta[t + 1, j]
        for i in range(L):
            x = 0.0
            for j in range(L):
                x += matrix[i, j] * scores[t + 1, j]
            beta[t, i] = x
            mass += x * alpha[t, i]
        for i in range(L):
            for j in range(L):
                pairs[i, j] += alpha[t, i] * matrix[i, j] * scores[t + 1, j] / mass
            beta[t, i] /= mass


@kernel
def _add_gradient(data, s, gain, marginals, pairs, w):
    """Add gain times (expected - observed) features of sequence s to w."""
    start, L, K = data.offsets[s], data.allowed.shape[0], data.labels.size
    for t in range(start, data.offsets[s + 1]):
        marginals[t - start, data.tags[t]] -= 1.0
        if t > start:
            pairs[data.tags[t - 1], data.tags[t]] -= 1.0
        for e in range(data.indptr[t], data.indptr[t + 1]):
            v = gain * (data.values[e] if data.values.size else 1.0)
            for k in range(data.first[data.indices[e]], data.first[data.indices[e] + 1]):
                w[k] += v * marginals[t - start, data.labels[k]]
    for i in range(L):
        for j in range(L):
            if data.allowed[i, j]:
                w[K + i * L + j] += gain * pairs[i, j]
