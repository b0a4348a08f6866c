"""The three forms of many sequences and the way back."""

import numpy as np
import pytest

from panlearn.core.errors import DataError
from panlearn.sequence.batches import batch, log_weights


def test_every_form_comes_back():
    X = np.arange(24.0).reshape(2, 4, 3)
    padded = batch(X, [4, 1])
    np.testing.assert_array_equal(padded.rows, np.concatenate([X[0], X[1, :1]]))
    restored = padded.restore(padded.rows, -1.0)
    np.testing.assert_array_equal(restored[0], X[0])
    assert (restored[1, 1:] == -1.0).all()
    listed = batch([X[0], X[1, :1]])
    np.testing.assert_array_equal(listed.rows, padded.rows)
    assert [len(x) for x in listed.restore(listed.rows, 0.0)] == [4, 1]
    single = batch(X[0])
    assert single.restore(single.rows, 0.0) is single.rows
    assert single.each(np.array([7.0])) == 7.0


@pytest.mark.parametrize(
    ("X", "lengths", "match"),
    [
        (np.zeros(3), None, "must have shape"),
        (np.zeros((2, 3)), [1, 1], "are one sequence"),
        (np.zeros((2, 3, 2)), [4, 1], r"range \[0, 3\]"),
        (np.zeros((2, 3, 2)), [1], "2 whole numbers"),
        ([], None, "no sequences"),
        ([["a", "b"]], None, "must be numbers"),
    ],
)
def test_what_does_not_fit(X, lengths, match):
    with pytest.raises(DataError, match=match):
        batch(X, lengths)


def test_weights_are_checked():
    start, transitions, end = log_weights(2, np.zeros((2, 2)), end=[0, -np.inf])
    assert start.tolist() == [0.0, 0.0]
    assert end.tolist() == [0.0, -np.inf]
    with pytest.raises(DataError, match="transitions must have shape"):
        log_weights(3, transitions)
    with pytest.raises(DataError, match="start must be log-scores"):
        log_weights(2, transitions, start=[np.nan, 0.0])
