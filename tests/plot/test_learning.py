"""The learning curve and the validation curve."""

import numpy as np
import pytest

from panlearn.plot import plot_learning_curve, plot_validation_curve


def test_line_is_the_mean_over_the_folds_that_ran():
    axes = plot_learning_curve([10, 20], [[1.0, 0.8], [0.9, 0.7]], [[0.4, 0.6], [0.5, np.nan]]).axes[0]
    train, test = axes.lines
    np.testing.assert_allclose(np.asarray(train.get_ydata()), [0.9, 0.8])
    np.testing.assert_allclose(np.asarray(test.get_ydata()), [0.5, 0.5])


def test_sizes_without_a_score_are_left_out():
    axes = plot_learning_curve([10, 20], [[np.nan], [0.9]], [[np.nan], [0.5]]).axes[0]
    assert np.asarray(axes.lines[1].get_xdata()).tolist() == [20]


def test_nothing_to_draw_is_said():
    with pytest.raises(ValueError, match="at least one size"):
        plot_learning_curve([10], [[np.nan]], [[np.nan]])


def test_validation_curve_marks_the_best_value():
    figure = plot_validation_curve([1, 10, 100], [[1.0], [0.9], [0.8]], [[0.4], [np.nan], [0.5]], log=True)
    train, test, mark = figure.axes[0].lines
    np.testing.assert_allclose(np.asarray(train.get_ydata()), [1.0, 0.9, 0.8])
    assert np.asarray(test.get_xdata()).tolist() == [1, 100]
    assert np.asarray(mark.get_xdata()).tolist() == [100, 100]
    assert figure.axes[0].get_xscale() == "log"


def test_validation_curve_over_names():
    axes = plot_validation_curve(["gini", "entropy"], [[1.0], [0.9]], [[0.4], [0.5]], parameter="criterion").axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["gini", "entropy"]
    assert axes.get_xlabel() == "criterion"
    with pytest.raises(ValueError, match="at least one value"):
        plot_validation_curve([1], [[1.0]], [[np.nan]])
