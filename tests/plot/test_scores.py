"""The score distribution shows what the scores say."""

import numpy as np
import pytest

from panlearn.plot import plot_score_distribution
from panlearn.plot.scores import MAX_METHODS


def _texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_best_is_on_top_whatever_the_direction():
    scores = {"a": [3.0, 3.2], "b": [1.0, 1.2], "c": [2.0, 2.2]}
    assert _texts(plot_score_distribution(scores))[3:] == ["a", "c", "b"]
    assert _texts(plot_score_distribution(scores, greater_is_better=False))[3:] == ["b", "c", "a"]


def test_every_finite_fold_is_a_dot():
    figure = plot_score_distribution({"a": [0.1, 0.2, np.nan], "b": [0.3, 0.4, 0.5], "not run": [np.nan] * 3})
    dots = [line.get_xdata() for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert sorted(np.concatenate(dots).tolist()) == [0.1, 0.2, 0.3, 0.4, 0.5]


def test_a_diverged_method_does_not_squeeze_the_rest():
    scores = {f"m{i}": [0.8 + 0.01 * i, 0.81 + 0.01 * i] for i in range(5)} | {"diverged": [-1e6, -2e6]}
    low, high = plot_score_distribution(scores).axes[0].get_xlim()
    assert high - low < 0.1


def test_a_long_leaderboard_says_what_is_left_out():
    figure = plot_score_distribution({f"method {i}": [i, i + 1.0] for i in range(200)})
    assert figure.axes[0].get_title(loc="left") == f"The {MAX_METHODS} best of 200 methods"
    assert figure.get_figheight() < 16


@pytest.mark.parametrize("scores", [{"a": [0.5]}, {"a": [0.5, 0.5], "b": [0.5, 0.5]}, {"a": [0.0], "b": [-1e300]}])
def test_degenerate_scores_still_have_an_axis(scores):
    figure = plot_score_distribution(scores)
    low, high = figure.axes[0].get_xlim()
    assert low < high
    figure.draw_without_rendering()


def test_nothing_to_draw_is_said():
    with pytest.raises(ValueError, match="at least one method"):
        plot_score_distribution({"a": [np.nan]})
