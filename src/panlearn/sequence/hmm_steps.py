"""Baum-Welch: expectation-maximisation for hidden Markov models [baum1970], [rabiner1989].

    p(x, y) = π(y_0) b_0(y_0) Π_t A(y_{t-1}, y_t) b_t(y_t),          b_t(i) = p(x_t | state i)

    E step    γ_t(i) = p(y_t = i | x),   ξ_t(i, j) = p(y_t = i, y_{t+1} = j | x)      forward-backward, O(n N²)
    M step    π ∝ Σ_s γ_0 + (α − 1),     A(i, ·) ∝ Σ_t ξ_t(i, ·) + (α_i − 1),          emissions: their own

with sums over all sequences, each times its weight, and Dirichlet priors α (1: none). What is zero stays zero, so that
a left-right chain remains one. A state that is never left keeps its row of A: zero divided by zero says nothing.

A frame whose state is known (a tag) has likelihood zero in all other states: with all frames tagged one step gives the
maximum likelihood estimate, with some tagged EM fills in the others. A frame that was not observed has likelihood 1 in
every state. Course notes: 004 §10, §11.
"""

from collections.abc import Iterable
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from panlearn.core.blocks import add
from panlearn.core.errors import DataError
from panlearn.core.threads import scratch
from panlearn.sequence.emissions import Emissions
from panlearn.sequence.expectations import Chain, expectations
from panlearn.sequence.hmm_blocks import FRAMES, Block, over_rows, sum_over


class Parameters(NamedTuple):
    """All parameters of a hidden Markov model."""

    start: np.ndarray  # (N,) pi
    transitions: np.ndarray  # (N, N) A, from row to column
    emissions: Emissions  # distributions of the frames

    def chain(self) -> Chain:
        """The chain as the recursions take it; any state may be the last."""
        return Chain(self.start, self.transitions, np.ones_like(self.start))


class Priors(NamedTuple):
    """Dirichlet priors of the chain, what is updated, and what the emissions' M step needs."""

    start: Any  # number or (N,)
    transitions: Any  # number or (N, N)
    emissions: Any
    params: str  # "s" start, "t" transitions are updated


class Sums(NamedTuple):
    """What the M step needs, additive over sequences."""

    log_likelihood: Any  # weighted sum over the sequences
    start: np.ndarray  # (N,) expected numbers of sequences that begin in a state
    pairs: np.ndarray  # (N, N) expected numbers of transitions
    emissions: Any  # the family's statistics


def framed(block: Block, emissions: Emissions) -> tuple[np.ndarray, np.ndarray]:
    """Likelihoods of a block's frames and their shifts, with what is known of the states.

    Both are the caller's until the same thread asks again.
    """
    rows = block.rows
    if len(rows) <= FRAMES:
        likelihood, shift = emissions.likelihood(rows)
    else:
        states = emissions.likelihood(rows[:1])[0].shape[1]
        likelihood, shift = scratch("frames", (len(rows), states)), scratch("frames' shifts", (len(rows),))

        def fill(start: int, stop: int) -> None:
            likelihood[start:stop], shift[start:stop] = emissions.likelihood(rows[start:stop])

        over_rows(fill, len(rows))
    if block.tags is not None and len(known := np.flatnonzero(block.tags >= 0)):
        tags = block.tags[known]
        logs = emissions.log_likelihood(rows[known])[np.arange(len(known)), tags]
        possible = logs > -np.inf
        likelihood[known] = 0.0
        likelihood[known[possible], tags[possible]] = 1.0  # in itself it may lie far below the row's maximum
        shift[known] = np.where(possible, logs, 0.0)
    return likelihood, shift


def logs_of(block: Block, emissions: Emissions, start: int, stop: int) -> np.ndarray:
    """Log-likelihoods of some rows of a block, for sequences in which the likelihoods underflow."""
    logs = emissions.log_likelihood(block.rows[start:stop])
    if block.tags is not None:
        tags = block.tags[start:stop, None]
        logs[(tags >= 0) & (tags != np.arange(logs.shape[1]))] = -np.inf
    return logs


def expected(block: Block, parameters: Parameters) -> Sums:
    """E step of one block.

    Raises
    ------
    DataError
        If a sequence is impossible.
    """
    emissions, rows, offsets = parameters.emissions, block.rows, block.offsets
    likelihood, shift = framed(block, emissions)
    found = expectations(
        likelihood,
        shift,
        offsets,
        parameters.chain(),
        weight=block.weight,
        logs=lambda start, stop: logs_of(block, emissions, start, stop),
        out=scratch("marginals", likelihood.shape),
    )
    weight = np.ones(len(offsets) - 1) if block.weight is None else block.weight
    values = np.where(weight > 0, found.log_likelihood, 0.0)  # an impossible sequence of no weight does not matter
    require_possible(values, block.first)
    begins = offsets[:-1][np.diff(offsets) > 0]
    pieces = over_rows(lambda a, b: emissions.statistics(rows[a:b], found.marginals[a:b]), len(rows))
    return Sums(float(weight @ values), found.marginals[begins].sum(axis=0), found.pairs, reduce(add, pieces))


def require_possible(log_likelihood: np.ndarray, first: int) -> None:
    """Raise where no path explains a sequence.

    Raises
    ------
    DataError
        Names the first such sequence.
    """
    if not (log_likelihood > -np.inf).all():
        k = first + int(np.argmin(log_likelihood > -np.inf))
        raise DataError(
            f"sequence {k} (from 0) has likelihood 0: no path of states explains its frames. Look for a symbol, a tag "
            "or a transition of probability 0, or for values far outside those of the fit; start from positive "
            "probabilities, or give the parameters a prior."
        )


def maximised(parameters: Parameters, sums: Sums, priors: Priors) -> Parameters:
    """M step."""
    start, transitions, emissions = parameters
    if "s" in priors.params:
        start = _normalised(sums.start, priors.start, start[None])[0]
    if "t" in priors.params:
        transitions = _normalised(sums.pairs, priors.transitions, transitions)
    return Parameters(start, transitions, emissions.maximise(sums.emissions, priors.emissions))


def _normalised(counts: np.ndarray, prior: Any, before: np.ndarray) -> np.ndarray:
    """Mode of the Dirichlet posterior of each row; zeros stay zero, and a row without counts as it was."""
    counts = np.where(before > 0, np.maximum(counts + (np.asarray(prior, np.float64) - 1.0), 0.0), 0.0)
    total = counts.sum(axis=-1, keepdims=True)
    return np.where(total > 0, counts / np.where(total > 0, total, 1.0), before)


def log_prior(parameters: Parameters, priors: Priors) -> float:
    """Logarithm of the prior density, up to a constant: Σ (α − 1) log p over what is not fixed at zero."""
    value = parameters.emissions.log_prior(priors.emissions)
    for letter, p, prior in (("s", parameters.start, priors.start), ("t", parameters.transitions, priors.transitions)):
        excess = np.broadcast_to(np.asarray(prior, np.float64) - 1.0, p.shape)
        if letter in priors.params and excess.any():
            value += float((excess[p > 0] * np.log(p[p > 0])).sum())
    return value


def e_step(source: Iterable[list[Block]], parameters: Parameters) -> Sums:
    """E step of all sequences: expected counts under the parameters."""
    return sum_over(lambda block: expected(block, parameters), source)


def from_tags(
    parameters: Parameters, rows: np.ndarray, offsets: np.ndarray, tags: np.ndarray, priors: Priors
) -> Parameters:
    """Parameters to start from where some states are known.

    The counts are those of the tagged frames. Lest anything be ruled out because it was not tagged, there come to them
    one sequence and one transition from each state, spread over what is possible, and a hundredth of each untagged
    frame, as the emissions at hand see it.
    """
    start, transitions, emissions = parameters
    n = len(start)
    shares = emissions.likelihood(rows)[0] + 1e-300
    marginals = shares * (0.01 / shares.sum(axis=1, keepdims=True))
    known = tags >= 0
    marginals[known] = tags[known, None] == np.arange(n)
    begins = offsets[:-1][np.diff(offsets) > 0]
    starts = np.bincount(tags[begins][known[begins]], minlength=n) + _spread(start)
    inside = np.ones(len(rows), dtype=bool)
    inside[begins] = False
    both = np.flatnonzero(inside[1:] & known[1:] & known[:-1])
    pairs = np.bincount(tags[both] * n + tags[both + 1], minlength=n * n).reshape(n, n) + _spread(transitions)
    return maximised(parameters, Sums(0.0, starts, pairs, emissions.statistics(rows, marginals)), priors)


def _spread(p: np.ndarray) -> np.ndarray:
    """Equal chances wherever there is one."""
    return (p > 0) / (p > 0).sum(axis=-1, keepdims=True)
