"""Scores of tokens and sequences: the peer's, and what the peer gets wrong."""

import numpy as np
import pytest

from panlearn.core.errors import DataError
from panlearn.sequence import metrics

TRUE = [["N", "V", "N"], ["V"], ["O", "N"]]
PRED = [["N", "N", "N"], ["V"], ["O", "O"]]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("flat_accuracy_score", {}),
        ("flat_precision_score", {"average": "weighted", "labels": ["N", "V"]}),
        ("flat_recall_score", {"average": "macro"}),
        ("flat_f1_score", {"average": None}),
        ("flat_fbeta_score", {"beta": 2, "average": "micro"}),
        ("flat_classification_report", {"labels": ["N", "O"], "digits": 3}),
        ("flat_classification_report", {"output_dict": True}),
    ],
)
def test_matches_peer(name, settings):
    peer = pytest.importorskip("sklearn_crfsuite.metrics")
    ours, theirs = getattr(metrics, name)(TRUE, PRED, **settings), getattr(peer, name)(TRUE, PRED, **settings)
    assert np.array_equal(ours, theirs) if isinstance(ours, np.ndarray) else ours == theirs


def test_matches_seqeval():
    peer = pytest.importorskip("seqeval.metrics")
    y, z = [["O", "B-A", "I-A"], ["B-B", "O"]], [["B-A", "B-A", "O"], ["B-C", "O"]]
    assert metrics.performance_measure(y, z) == peer.performance_measure(y, z)
    assert metrics.accuracy_score(y, z) == peer.accuracy_score(y, z)
    assert metrics.accuracy_score(y[0], z[0]) == peer.accuracy_score(y[0], z[0])


def test_sequences_of_one_length_are_sequences_still():
    """Where all lengths agree the peer compares tags one by one, and divides by sequences."""
    assert metrics.sequence_accuracy_score([["N", "V"], ["V", "N"]], [["N", "V"], ["V", "V"]]) == 0.5
    assert metrics.sequence_accuracy_score([["N"], []], [np.array(["N"]), ()]) == 1.0
    assert metrics.sequence_accuracy_score([], []) == 0.0


def test_confusion_by_hand():
    labels, matrix = metrics.tag_confusion(TRUE, PRED)
    assert labels == ["N", "O", "V"]
    assert matrix.tolist() == [[2, 1, 0], [0, 1, 0], [1, 0, 1]]
    chosen = metrics.tag_confusion(TRUE, PRED, labels=["V", "N"], normalize="true")
    np.testing.assert_allclose(chosen.matrix, [[0.5, 0.5], [0.0, 1.0]])


def test_bad_data():
    for bad in ([["N"]], [["N"], ["V"], ["O", "N"]]):
        with pytest.raises(DataError):
            metrics.flat_accuracy_score(TRUE, bad)
    with pytest.raises(DataError, match="no tag"):
        metrics.flat_accuracy_score([[]], [[]])
    with pytest.raises(DataError, match="3 sequences, y_pred 1"):
        metrics.sequence_accuracy_score(TRUE, [["N"]])
