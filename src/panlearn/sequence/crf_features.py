"""Which weights a conditional random field has: pairs of an attribute and a label, and pairs of labels.

A token has attributes ("word=flight"); a weight belongs to an attribute *and* a label. Of the A × L pairs most never
occur together in the training data. Only the observed ones get a weight, as in CRFsuite [okazaki2007], unless all are
asked for: weights of pairs that were never seen can only push a label away. The same choice exists for transitions.

The weights are one vector w: those of the K state features, attribute by attribute, then L × L transitions, row by row.

Course notes: 004 §11.
"""

from typing import Any, NamedTuple

import numpy as np

from panlearn.core.jit import kernel


class StateFeatures(NamedTuple):
    """The pairs of an attribute and a label that have a weight."""

    indptr: np.ndarray  # (A + 1,) int64: the pairs of attribute a are numbers indptr[a] to indptr[a + 1]
    labels: np.ndarray  # (K,) int32, ascending within an attribute
    counts: np.ndarray  # (K,) float64: sum of the attribute's values at tokens with the label, weighted


class Transitions(NamedTuple):
    """The pairs of labels that have a weight."""

    allowed: np.ndarray  # (L, L) bool; the weight of the others is zero
    counts: np.ndarray  # (L, L) float64: how often label j follows label i, weighted


def state_features(
    encoded: Any,
    tags: np.ndarray,
    n_labels: int,
    *,
    all_pairs: bool = False,
    min_frequency: float = 0.0,
    weight: np.ndarray | None = None,
) -> StateFeatures:
    """Find the state features of tagged sequences.

    Parameters
    ----------
    encoded : Encoded
        Attributes of the tokens.
    tags : ndarray of shape (n,), int32
        Labels 0 … L - 1 of the tokens.
    n_labels : int
        L.
    all_pairs : bool
        Give all A × L pairs a weight.
    min_frequency : float
        Leave out pairs with a smaller count.
    weight : ndarray of shape (s,), optional
        Weights of the sequences.

    Returns
    -------
    StateFeatures
        The pairs and their counts.
    """
    n_attributes, values = encoded.n_attributes, values_of(encoded)
    token_weight = np.empty(0) if weight is None else np.repeat(weight, np.diff(encoded.offsets))
    by_attribute, labels, amounts = _by_attribute(
        encoded.indptr, encoded.indices, values, tags, token_weight, n_attributes
    )
    indptr, kept, counts = _distinct(by_attribute, labels, amounts, n_labels, all_pairs, min_frequency)
    kept, counts = kept[: indptr[-1]].copy(), counts[: indptr[-1]].copy()
    found = StateFeatures(indptr, kept, counts)
    return found if encoded.zeros is None or min_frequency > 0.0 else _with_zeros(found, encoded.zeros, tags, n_labels)


def _with_zeros(found: StateFeatures, zeros: np.ndarray, tags: np.ndarray, n_labels: int) -> StateFeatures:
    """The pairs, and with count 0 those that were seen with the value 0 only."""
    sizes = np.diff(found.indptr)
    known = np.repeat(np.arange(len(sizes)), sizes) * n_labels + found.labels
    fresh = np.setdiff1d(zeros[:, 1].astype(np.int64) * n_labels + tags[zeros[:, 0]], known)
    sizes = sizes + np.bincount(fresh // n_labels, minlength=len(sizes))
    place = np.searchsorted(known, fresh)
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])
    labels = np.insert(found.labels, place, fresh % n_labels).astype(np.int32)
    return StateFeatures(indptr, labels, np.insert(found.counts, place, 0.0))


def transitions(
    tags: np.ndarray,
    offsets: np.ndarray,
    n_labels: int,
    *,
    all_pairs: bool = False,
    min_frequency: float = 0.0,
    weight: np.ndarray | None = None,
) -> Transitions:
    """Count the transitions of tagged sequences; parameters as for `state_features`.

    Parameters
    ----------
    tags : ndarray of shape (n,), int32
        Labels of the tokens.
    offsets : ndarray of shape (s + 1,)
        Where the sequences begin.
    n_labels : int
        L.
    all_pairs : bool
        Give all L × L pairs a weight.
    min_frequency : float
        Leave out pairs with a smaller count.
    weight : ndarray of shape (s,), optional
        Weights of the sequences.

    Returns
    -------
    Transitions
        Which are allowed, and their counts.
    """
    inner = np.ones(len(tags), dtype=bool)
    inner[offsets[:-1][offsets[:-1] < len(tags)]] = False  # a first token follows nothing
    to = np.flatnonzero(inner)
    pair = tags[to - 1].astype(np.int64) * n_labels + tags[to]
    amount = None if weight is None else np.repeat(weight, np.diff(offsets))[to]
    seen = np.bincount(pair, minlength=n_labels**2).reshape(n_labels, n_labels)
    counts = np.bincount(pair, amount, minlength=n_labels**2).reshape(n_labels, n_labels).astype(np.float64)
    allowed = np.ones_like(seen, dtype=bool) if all_pairs else seen > 0
    return Transitions(allowed & (counts >= min_frequency), counts)


def values_of(encoded: Any) -> np.ndarray:
    """Values of the attributes; none where all are one."""
    return np.empty(0) if encoded.values is None else encoded.values


@kernel
def _by_attribute(indptr, indices, values, tags, token_weight, n_attributes):
    """Label and amount of each occurrence, attribute by attribute."""
    starts = np.zeros(n_attributes + 1, np.int64)
    for e in range(indices.size):
        starts[indices[e] + 1] += 1
    place = np.empty(n_attributes, np.int64)
    for a in range(n_attributes):
        place[a] = starts[a]
        starts[a + 1] += starts[a]
    labels, amounts = np.empty(indices.size, np.int32), np.empty(indices.size)
    for t in range(tags.size):
        weight = token_weight[t] if token_weight.size else 1.0
        for e in range(indptr[t], indptr[t + 1]):
            at = place[indices[e]]
            place[indices[e]] = at + 1
            labels[at] = tags[t]
            amounts[at] = weight * values[e] if values.size else weight
    return starts, labels, amounts


@kernel
def _distinct(starts, labels, amounts, n_labels, all_pairs, min_frequency):
    """Distinct labels of each attribute with their total amounts; only indptr[-1] of them are written."""
    n_attributes = starts.size - 1
    most = n_attributes * n_labels if all_pairs else labels.size
    indptr, kept, counts = np.zeros(n_attributes + 1, np.int64), np.empty(most, np.int32), np.empty(most)
    total, seen, k = np.zeros(n_labels), np.zeros(n_labels, np.bool_), 0
    for a in range(n_attributes):
        for label in range(n_labels):
            total[label], seen[label] = 0.0, all_pairs
        for e in range(starts[a], starts[a + 1]):
            total[labels[e]] += amounts[e]
            seen[labels[e]] = True
        for label in range(n_labels):
            if seen[label] and total[label] >= min_frequency:
                kept[k], counts[k] = label, total[label]
                k += 1
        indptr[a + 1] = k
    return indptr, kept, counts
