"""Weights find their new places when attributes and labels come later."""

import numpy as np

from panlearn.sequence import AttributeEncoder
from panlearn.sequence.crf_features import state_features, transitions
from panlearn.sequence.crf_growth import grown, joined, without_rows
from panlearn.sequence.crf_objective import CRFProblem


def problem(encoded, tags, L):
    tags = np.asarray(tags, dtype=np.int32)
    return CRFProblem(encoded, tags, L, state_features(encoded, tags, L), transitions(tags, encoded.offsets, L))


def named(w, problem, names):
    """Weights by (attribute, label) and by (label, label)."""
    features, L = problem.features, problem.n_labels
    owners = np.repeat(np.arange(len(features.indptr) - 1), np.diff(features.indptr))
    states = {(names[a], int(label)): v for a, label, v in zip(owners, features.labels, w[: len(owners)], strict=True)}
    return states, w[len(owners) :].reshape(L, L)


def test_old_weights_stay_and_new_ones_are_zero():
    first = AttributeEncoder()
    before = problem(first.fit_transform([[["u"], ["v", "u"]]]), [0, 1], 2)
    w = np.arange(1.0, before.n_weights + 1)
    encoder, rows = joined(first, [[["v", "x"], ["u"]], [["y"]]])
    assert encoder.names_ == ["u", "v", "x", "y"]
    assert [(encoder.names_ or [])[i] for i in rows.indices] == ["v", "x", "u", "y"]
    moved, after = grown(w, without_rows(before), problem(rows, [2, 0, 1], 3))
    (old, old_steps), (new, steps) = named(w, before, first.names_), named(moved, after, encoder.names_)
    assert old.items() <= new.items()
    assert {key for key in new if key not in old} == {("v", 2), ("x", 2), ("y", 1)}
    assert all(new[key] == 0 for key in new if key not in old)
    np.testing.assert_array_equal(steps[:2, :2], old_steps)
    assert (steps[2] == 0).all()
    assert after.transitions.allowed.tolist() == [[False, True, False], [False] * 3, [True, False, False]]
    assert (np.diff(after.features.indptr) >= 0).all()


def test_known_attributes_keep_the_encoder():
    first = AttributeEncoder().fit([[["u", "v"]]])
    encoder, rows = joined(first, [[["v"], ["u"]]])
    assert encoder is first
    assert rows.indices.tolist() == [1, 0]
