"""Expectations of a chain: log Z, and the marginals of the states and of pairs of neighbours, for many sequences.

This is the E step of a hidden Markov model and the gradient of a conditional random field (the same computation: both
have p(y | x) ∝ Π_t A(y_{t-1}, y_t) b_t(y_t)). Each sequence takes the fastest recursion that is right for it:

- bundles of eight sequences in lanes (`panlearn.sequence.recursions`), sequences of similar length together;
- a long sequence, or one of a few, with its states in lanes (`panlearn.sequence.long_sequences`);
- in logarithms, if it underflowed in the others (`panlearn.sequence.logarithmic_recursions`).

The bundles are cut into the same groups, and sums are added in their order, whatever the number of threads: the answer
has the same bits.

Course notes: 004 §11, §10.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from panlearn.core.lanes import WIDTH
from panlearn.core.threads import map_chunks
from panlearn.sequence.bundles import split_sequences, work_arrays
from panlearn.sequence.logarithmic_recursions import logarithmic
from panlearn.sequence.long_sequences import long_sequence
from panlearn.sequence.recursions import Chain, Expectations, work_through

__all__ = ["Chain", "Expectations", "expectations", "log_likelihoods"]

Logs = Callable[[int, int], np.ndarray]
GROUP = 2_000_000  # multiply-adds that make a group of bundles worth its call
GROUPS = 16
MIXING = 1e-100  # least transition, beside the greatest, with which no state that underflowed can matter later


def expectations(
    likelihood: np.ndarray,
    shift: np.ndarray,
    offsets: np.ndarray,
    chain: Chain,
    *,
    weight: np.ndarray | None = None,
    logs: Logs | None = None,
    log_chain: Chain | None = None,
    out: np.ndarray | None = None,
) -> Expectations:
    """Log Z, marginals and expected transitions of all sequences.

    Parameters
    ----------
    likelihood : ndarray of shape (n, N)
        exp(log-likelihood − shift) of each frame, of all sequences one after the other.
    shift : ndarray of shape (n,)
        What was taken out of each frame, usually its largest log-likelihood.
    offsets : ndarray of shape (s + 1,)
        First row of each sequence, and n. Empty sequences have log Z = 0 and add nothing.
    chain : Chain
        Non-negative weights, not logarithms.
    weight : ndarray of shape (s,), optional
        Weight of each sequence in marginals and pairs; 1 by default.
    logs : callable, optional
        `logs(start, stop)` returns the log-likelihoods of these rows. It is asked only where a sequence underflowed;
        without it log(likelihood) + shift is taken, which has lost what `likelihood` has lost.
    log_chain : Chain, optional
        Logarithms of the chain for those sequences, where the weights themselves may have underflowed to zero.
    out : ndarray of shape (n, N), optional
        Memory for the marginals, C-contiguous; what is in it is overwritten. New memory by default, whose first touch
        costs a caller who needs the marginals for a moment as much as the recursion does.

    Returns
    -------
    Expectations
        An impossible sequence has log Z = -inf, marginals of zero, and adds nothing to the pairs.
    """
    marginals = np.empty_like(likelihood) if out is None else out
    found = Expectations(np.zeros(len(offsets) - 1), marginals, np.zeros((len(chain.enter),) * 2))
    return _expect(Frames(likelihood, shift, logs), offsets, chain, log_chain, weight, found)


def log_likelihoods(
    likelihood: np.ndarray,
    shift: np.ndarray,
    offsets: np.ndarray,
    chain: Chain,
    *,
    logs: Logs | None = None,
    log_chain: Chain | None = None,
) -> np.ndarray:
    """Log Z of each sequence, (s,); parameters as for `expectations`.

    The forward pass is enough where every state can follow every other: what underflows is then made good at the next
    step. Otherwise only the backward pass would notice the loss, so that both run.
    """
    if chain.transitions.size and chain.transitions.min() < MIXING * chain.transitions.max():
        return expectations(likelihood, shift, offsets, chain, logs=logs, log_chain=log_chain).log_likelihood
    N = len(chain.enter)
    out = Expectations(np.zeros(len(offsets) - 1), np.empty((0, N)), np.zeros((N, N)))
    return _expect(Frames(likelihood, shift, logs), offsets, chain, log_chain, None, out).log_likelihood


class Frames(NamedTuple):
    """The frames of all sequences; fields as the parameters of `expectations`."""

    likelihood: np.ndarray
    shift: np.ndarray
    logs: Logs | None

    def log_likelihood(self, start: int, stop: int) -> np.ndarray:
        """Logarithms of these rows."""
        if self.logs is not None:
            return np.ascontiguousarray(self.logs(start, stop), dtype=np.float64)
        return _log(self.likelihood[start:stop]) + self.shift[start:stop, None]


def _expect(frames: Frames, offsets, chain, log_chain, weight, out: Expectations) -> Expectations:
    table, lengths = frames.likelihood, np.diff(offsets)
    weight = np.ones(len(lengths)) if weight is None else np.ascontiguousarray(weight, dtype=np.float64)
    chain = Chain(*(np.ascontiguousarray(x, dtype=np.float64) for x in chain))
    bundled, alone = split_sequences(lengths)
    pairs = _bundles(table, offsets, chain, weight, bundled, out)
    for s in alone:
        rows = slice(offsets[s], offsets[s + 1])
        out.log_likelihood[s] = long_sequence(table[rows], chain, float(weight[s]), out.marginals[rows], pairs)
    out = out._replace(pairs=pairs * chain.transitions)
    failed = out.log_likelihood == -np.inf
    filled = lengths > 0
    if filled.any():
        out.log_likelihood[filled] += np.add.reduceat(frames.shift, offsets[:-1][filled])
    if failed.any():
        logarithms = Chain(*map(_log, chain)) if log_chain is None else log_chain
        for s in np.flatnonzero(failed):
            a, b = offsets[s], offsets[s + 1]
            x = frames.log_likelihood(a, b)
            out.log_likelihood[s] = logarithmic(x, *logarithms, weight[s], out.marginals[a:b], out.pairs)
    return out


def _bundles(table, offsets, chain: Chain, weight, order, out: Expectations) -> np.ndarray:
    """Run the sequences of `order` in lanes; returns the sum of their pairs, not yet times the transitions."""
    N = len(chain.enter)
    if not order.size:
        return np.zeros((N, N))
    lengths = np.diff(offsets)[order]
    cost = np.cumsum(lengths[::WIDTH] * (WIDTH * N * (N + 8)))  # of bundles
    groups = int(min(GROUPS, len(cost), 1 + cost[-1] // GROUP))
    inner = np.searchsorted(cost, cost[-1] * np.arange(1, groups) / groups) * WIDTH
    edges = np.concatenate([[0], inner, [len(order)]])
    pairs, AT = np.zeros((groups, N, N)), np.ascontiguousarray(chain.transitions.T)

    def work(start: int, stop: int) -> None:
        for k in range(start, stop):
            members = order[edges[k] : edges[k + 1]]
            if members.size:
                arrays = work_arrays(int(lengths[edges[k]]), N)
                work_through(table, chain, AT, members, offsets, weight, arrays, out._replace(pairs=pairs[k]))

    map_chunks(work, groups, work=float(cost[-1]))
    return pairs.sum(axis=0)


def _log(x: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log(x)
