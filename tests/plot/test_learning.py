"""The learning curve."""

import numpy as np
import pytest

from panlearn.plot import plot_learning_curve


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
