"""A conditional random field that meets new attributes and labels: its weights move to their new places.

`partial_fit` gets the data in pieces. A piece may bring attributes, labels, and pairs of both that no piece before had;
they begin with the weight zero, all others keep theirs. The pair of attribute a and label l has the number a L + l; the
union of the old and the new numbers, in order, is the new list of features; a binary search finds the old ones in it.

Cost: sorting the K features once a piece. Course notes: 004 §11.
"""

from typing import Any

import numpy as np

from panlearn.sequence.attribute_encoder import AttributeEncoder, Encoded
from panlearn.sequence.crf_features import StateFeatures, Transitions
from panlearn.sequence.crf_objective import CRFProblem


def joined(encoder: AttributeEncoder, X: Any) -> tuple[AttributeEncoder, Encoded]:
    """Number the new attributes of some sequences behind the known ones; returns encoder and rows."""
    fresh = AttributeEncoder()
    rows = fresh.fit_transform(X)
    known = {name: i for i, name in enumerate(encoder.names_ or ())}
    places = [known.setdefault(name, len(known)) for name in fresh.names_ or ()]
    if len(known) > encoder.n_attributes_:
        encoder = AttributeEncoder().fit([[list(known)]])
    moved = np.asarray(places, dtype=np.int32)
    zeros = rows.zeros
    if zeros is not None:
        zeros = np.column_stack([zeros[:, 0], moved[zeros[:, 1]]])
    return encoder, rows._replace(indices=moved[rows.indices], n_attributes=len(known), zeros=zeros)


def grown(w: np.ndarray, before: CRFProblem, piece: CRFProblem) -> tuple[np.ndarray, CRFProblem]:
    """Weights and problem of a piece, with the features of all pieces so far.

    Parameters
    ----------
    w : ndarray of shape (K + L²,)
        Weights for the features of `before`.
    before : CRFProblem
        Features and transitions so far.
    piece : CRFProblem
        New sequences; its labels begin with those of `before`, and so do its attributes.

    Returns
    -------
    w : ndarray
        Weights for the features of the new problem.
    problem : CRFProblem
        The sequences of the piece with all features.
    """
    L, L_before, K_before = piece.n_labels, before.n_labels, len(before.features.labels)
    old, new = _numbers(before.features, L), _numbers(piece.features, L)
    union = np.union1d(old, new)
    counts = np.bincount(union // L, minlength=piece.encoded.n_attributes)
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])
    features = StateFeatures(indptr, (union % L).astype(np.int32), np.zeros(len(union)))
    moved, matrix = np.zeros(len(union) + L * L), np.zeros((L, L))
    moved[np.searchsorted(union, old)] = w[:K_before]
    matrix[:L_before, :L_before] = w[K_before:].reshape(L_before, L_before)
    moved[len(union) :] = matrix.ravel()
    allowed = piece.transitions.allowed.copy()
    allowed[:L_before, :L_before] |= before.transitions.allowed
    return moved, piece._replace(features=features, transitions=Transitions(allowed, np.zeros((L, L))))


def without_rows(problem: CRFProblem) -> CRFProblem:
    """The features of a problem, without its sequences."""
    return problem._replace(encoded=None, tags=np.empty(0, np.int32), weight=None)


def _numbers(features: StateFeatures, L: int) -> np.ndarray:
    owners = np.repeat(np.arange(len(features.indptr) - 1), np.diff(features.indptr))
    return owners * L + features.labels
