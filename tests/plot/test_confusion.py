"""Counts and shares of the confusion matrix."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from panlearn.plot import plot_confusion_matrix
from panlearn.plot.confusion import MAX_CLASSES


def _counts(figure, size):
    cells = [text.get_text().split("\n")[1] for text in figure.axes[0].texts]
    return np.array(cells, dtype=int).reshape(size, size)


def test_matches_peer():
    rng = np.random.default_rng(0)
    target, prediction = rng.integers(0, 4, (2, 200))
    figure = plot_confusion_matrix(target, prediction)
    assert (_counts(figure, 4) == confusion_matrix(target, prediction)).all()


def test_shares_are_of_the_true_class():
    figure = plot_confusion_matrix(["a"] * 4 + ["b"], ["a", "a", "a", "b", "b"])
    assert [text.get_text() for text in figure.axes[0].texts] == ["75%\n3", "25%\n1", "0%\n0", "100%\n1"]


def test_classes_keep_the_given_order_and_absent_ones_their_line():
    figure = plot_confusion_matrix(["low", "high"], ["low", "low"], classes=["low", "mid", "high"])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["low", "mid", "high"]
    assert _counts(figure, 3).tolist() == [[1, 0, 0], [0, 0, 0], [1, 0, 0]]


def test_many_classes_are_merged_without_losing_a_row():
    rng = np.random.default_rng(1)
    target, prediction = rng.integers(0, 100, (2, 5000))
    axes = plot_confusion_matrix(target, prediction).axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert len(labels) == MAX_CLASSES + 1
    assert labels[-1] == f"others ({100 - MAX_CLASSES})"
    assert axes.get_title(loc="left") == f"The {MAX_CLASSES} most frequent of 100 classes"


def test_no_row_is_said():
    with pytest.raises(ValueError, match="at least one row"):
        plot_confusion_matrix([], [])
