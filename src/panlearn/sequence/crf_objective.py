"""Negative log-likelihood of a linear-chain conditional random field, and its gradient.

A path of labels y over the tokens of a sequence x scores

    s(y, x) = Σ_t Σ_a v_a(x_t) w[a, y_t] + Σ_t T[y_{t-1}, y_t],          p(y | x) = exp s(y, x) / Z(x),

with the values v of the attributes a. The objective and its derivatives are [lafferty2001]

    f(w) = Σ_x c_x (log Z(x) − s(y_x, x)),
    ∂f/∂w[a, l] = Σ_x c_x Σ_t v_a(x_t) p(y_t = l | x)        − observed count of (a, l),
    ∂f/∂T[i, j] = Σ_x c_x Σ_t p(y_{t-1} = i, y_t = j | x)    − observed count of (i, j),

with the weights c of the sequences: expected minus observed, zero where the model repeats the counts of the data. f is
convex. Its value and gradient take one forward-backward pass (`expectations`) over exp(scores): n L exponentials, not
n L². Sequences are worked on in blocks whose scores, likelihoods and marginals stay in the cache (`crf_layout`).

Course notes: 004 §11.
"""

from typing import Any, NamedTuple

import numpy as np

from panlearn.core.threads import map_chunks, scratch
from panlearn.sequence.crf_features import StateFeatures, Transitions, values_of
from panlearn.sequence.crf_kernels import (
    add_columns,
    dense_scores,
    dense_sums,
    sparse_scores,
    sparse_sums,
    token_scores,
)
from panlearn.sequence.crf_layout import layout
from panlearn.sequence.expectations import Chain, expectations
from panlearn.sequence.frames import shifted_exp

GROUPS = 8  # of blocks; each sums for itself, and the sums are added in order, whatever the number of threads


class CRFProblem(NamedTuple):
    """Tagged sequences and the weights that are wanted."""

    encoded: Any  # Encoded: attributes of the tokens
    tags: np.ndarray  # (n,) int32
    n_labels: int  # L
    features: StateFeatures
    transitions: Transitions
    weight: np.ndarray | None = None  # (s,) weights of the sequences

    @property
    def n_weights(self) -> int:
        """Length of w: state features, then L × L transitions."""
        return len(self.features.labels) + self.n_labels**2


class _Sum(NamedTuple):
    """What a group of sequences adds."""

    partition: float  # Σ c log Z
    pairs: np.ndarray  # (L, L)
    table: np.ndarray  # gradient of the dense attributes


class CRFObjective:
    """The objective as a function of w, without penalty."""

    def __init__(self, problem: CRFProblem) -> None:
        self.problem = problem
        self.n_states, self.n_labels = len(problem.features.labels), problem.n_labels
        self.observed = np.concatenate([problem.features.counts, problem.transitions.counts.ravel()])
        self.fixed = np.flatnonzero(~problem.transitions.allowed.ravel()) + self.n_states
        self.observed[self.fixed] = 0.0
        self.layout = layout(problem.encoded, problem.features, self.n_labels)
        self.table = np.zeros(self.layout.rows * self.layout.width)
        self.sums = np.empty(len(self.layout.weight))
        self.groups = np.linspace(0, len(self.layout.blocks) - 1, GROUPS + 1).astype(int).tolist()

    def objective(self, w: np.ndarray, gradient: np.ndarray) -> float:
        """Value at w; the gradient is written."""
        lay, L, n_states = self.layout, self.n_labels, self.n_states
        matrix = w[n_states:].reshape(L, L)
        top = float(matrix.max(initial=0.0))
        chain = Chain(np.ones(L), np.exp(matrix - top), np.ones(L))
        self.table[lay.row_place] = w[lay.row_weight]
        work = 10.0 * (lay.dense_row.size * L + lay.cell.size + len(self.problem.tags) * L * L)
        chunks = map_chunks(lambda a, b: [self._group(g, w, chain, top) for g in range(a, b)], GROUPS, work=work)
        parts = [part for chunk in chunks for part in chunk]
        np.negative(self.observed, out=gradient)
        map_chunks(
            lambda a, b: add_columns(a, b, lay.columns, lay.weight, self.sums, gradient), n_states, work=3.0 * n_states
        )
        gradient[lay.row_weight] += np.sum([part.table for part in parts], axis=0)[lay.row_place]
        gradient[n_states:] += np.sum([part.pairs for part in parts], axis=0).ravel()
        gradient[self.fixed] = 0.0
        return float(sum(part.partition for part in parts) - self.observed @ w)

    def _group(self, g: int, w: np.ndarray, chain: Chain, top: float) -> _Sum:
        """Work through the blocks of a group; sums over columns go to their place, the rest is returned."""
        lay, weight, offsets, L = self.layout, self.problem.weight, self.problem.encoded.offsets, self.n_labels
        dense, buffer = (lay.dense_indptr, lay.dense_row, lay.dense_value), np.empty(lay.width)
        partition, pairs, table = 0.0, np.zeros((L, L)), np.zeros_like(self.table)
        for b in range(self.groups[g], self.groups[g + 1]):
            first, last, columns = lay.blocks[b], lay.blocks[b + 1], (lay.columns[b], lay.columns[b + 1])
            start, stop = offsets[first], offsets[last]
            scores = scratch("crf scores", (int(stop - start), L))
            dense_scores(start, stop, self.table, *dense, buffer, scores)
            sparse_scores(*columns, lay.weight, lay.indptr, lay.cell, lay.value, w, scores.reshape(-1))
            likelihood, shift = shifted_exp(scores, scratch("crf likelihood", scores.shape))
            own, cuts = None if weight is None else weight[first:last], offsets[first : last + 1] - start
            found = expectations(likelihood, shift, cuts, chain, weight=own, logs=lambda a, b: scores[a:b])
            dense_sums(start, stop, found.marginals, *dense, buffer, table)
            sparse_sums(*columns, lay.indptr, lay.cell, lay.value, found.marginals.reshape(-1), self.sums)
            lengths = np.diff(cuts)
            logs = np.where(lengths > 0, found.log_likelihood + top * (lengths - 1), 0.0)
            partition += float(logs.sum() if own is None else logs @ own)
            pairs += found.pairs
        return _Sum(partition, pairs, table)


def state_scores(w: np.ndarray, encoded: Any, features: StateFeatures, n_labels: int) -> np.ndarray:
    """Scores of the labels at each token, (n, L), without transitions.

    Parameters
    ----------
    w : ndarray of shape (K + L²,)
        Weights.
    encoded : Encoded
        Attributes of the tokens.
    features : StateFeatures
        The pairs that have a weight.
    n_labels : int
        L.

    Returns
    -------
    ndarray of shape (n, L)
        Scores.
    """
    out = np.zeros((len(encoded.indptr) - 1, n_labels))

    def work(start: int, stop: int) -> None:
        token_scores(
            start, stop, encoded.indptr, encoded.indices, values_of(encoded), features.indptr, features.labels, w, out
        )

    map_chunks(work, len(out), work=4.0 * len(encoded.indices) * min(n_labels, 8))
    return out
