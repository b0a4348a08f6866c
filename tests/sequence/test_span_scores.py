"""Scores from counts: by hand, weights as repetition, what is 0 / 0."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import UndefinedMetricWarning

from panlearn.core.errors import DataError
from panlearn.sequence.span_scores import Counting, Counts, count_spans, scores_of

TRUE = [["B-A", "I-A", "O", "B-B"], ["B-A", "O"], ["O", "B-C"]]
PRED = [["B-A", "I-A", "O", "B-A"], ["B-A", "I-A"], ["O", "O"]]


def test_counts_by_hand():
    counts = count_spans(TRUE, PRED, Counting())
    assert counts.types == ["A", "B", "C"]
    assert [part.tolist() for part in counts[1:]] == [[1, 0, 0], [3, 0, 0], [2, 1, 1]]


def test_weights_are_repetitions():
    weighted = count_spans(TRUE, PRED, Counting(sample_weight=[2, 0, 3]))
    repeated = count_spans([TRUE[0]] * 2 + [TRUE[2]] * 3, [PRED[0]] * 2 + [PRED[2]] * 3, Counting())
    for ours, theirs in zip(weighted[1:], repeated[1:], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_averages_by_hand():
    counts = Counts(["A", "B"], np.array([1, 2]), np.array([2, 2]), np.array([4, 2]))
    p, r, f = np.array([0.5, 1.0]), np.array([0.25, 1.0]), np.array([1 / 3, 1.0])
    np.testing.assert_allclose(scores_of(counts, None, 1.0, 0, ())[:3], [p, r, f])
    np.testing.assert_allclose(scores_of(counts, "macro", 1.0, 0, ())[:3], [p.mean(), r.mean(), f.mean()])
    np.testing.assert_allclose(scores_of(counts, "micro", 1.0, 0, ())[:3], [0.75, 0.5, 0.6])
    np.testing.assert_allclose(scores_of(counts, "weighted", 1.0, 0, ())[2], (4 * f[0] + 2 * f[1]) / 6)
    np.testing.assert_allclose(scores_of(counts, None, np.inf, 0, ()).f, r)


@pytest.mark.parametrize("average", ["micro", "macro", "weighted"])
def test_no_span_at_all(average):
    nothing = count_spans([["O"]], [["O"]], Counting())
    assert scores_of(nothing, average, 1.0, 1, ("f-score",)) == (1.0, 1.0, 1.0, 0)
    with pytest.warns(UndefinedMetricWarning) if average == "micro" else warnings.catch_warnings():
        assert scores_of(nothing, average, 1.0, "warn", ("precision",)) == (0.0, 0.0, 0.0, 0)
    spurious = count_spans([["O"]], [["B-A"]], Counting())
    assert scores_of(spurious, average, 1.0, 1, ()) == (0.0, 1.0, 0.0, 0)


@pytest.mark.parametrize(
    ("y_pred", "counting", "message"),
    [
        (PRED[:2], Counting(), "3 sequences, y_pred 2"),
        ([*PRED[:2], ["O"]], Counting(), "sequence 2 has 2 tags in y_true and 1 in y_pred"),
        (PRED, Counting(mode="lenient"), "mode must be"),
        (PRED, Counting(sample_weight=[1, 2]), "sample_weight must be 3"),
        (PRED, Counting(sample_weight=[1, 2, -1]), "sample_weight must be 3"),
    ],
)
def test_bad_data(y_pred, counting, message):
    with pytest.raises(DataError, match=message):
        count_spans(TRUE, y_pred, counting)


@pytest.mark.parametrize("bad", [{"average": "mean"}, {"beta": -1.0}, {"zero_division": 2}])
def test_bad_parameters(bad):
    settings = {"average": "micro", "beta": 1.0, "zero_division": 0, "warn_for": ()} | bad
    with pytest.raises(DataError, match=next(iter(bad))):
        scores_of(count_spans(TRUE, PRED, Counting()), **settings)
