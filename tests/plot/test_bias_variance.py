"""The bias-variance curve."""

import numpy as np
import pytest

from panlearn.plot import plot_bias_variance


def test_curves_hold_the_parts_and_their_sum():
    axes = plot_bias_variance([1, 2, 3], [0.4, 0.2, 0.1], [0.0, 0.1, 0.5], [0.05] * 3).axes[0]
    error, bias, variance, noise, best = axes.lines
    np.testing.assert_allclose(np.asarray(error.get_ydata()), [0.45, 0.35, 0.65])
    np.testing.assert_allclose(np.asarray(bias.get_ydata()), [0.4, 0.2, 0.1])
    np.testing.assert_allclose(np.asarray(variance.get_ydata()), [0.0, 0.1, 0.5])
    np.testing.assert_allclose(np.asarray(noise.get_ydata()), 0.05)
    assert np.asarray(best.get_xdata()).tolist() == [2]


def test_unknown_noise_is_said_to_be_in_the_bias():
    axes = plot_bias_variance([1, 2], [0.4, 0.2], [0.0, -0.1], loss="share of wrong labels").axes[0]
    legend = axes.get_legend()
    assert legend is not None
    assert [t.get_text() for t in legend.get_texts()] == ["error", "bias + noise", "variance"]
    assert axes.get_title(loc="left") == "share of wrong labels"


def test_names_and_logarithms():
    axes = plot_bias_variance(["stump", "tree"], [0.4, 0.2], [0.0, 0.1]).axes[0]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["stump", "tree"]
    assert plot_bias_variance([0.1, 10], [1, 2], [1, 2], log=True).axes[0].get_xscale() == "log"


def test_bad_parts_are_refused():
    with pytest.raises(ValueError, match="one length"):
        plot_bias_variance([1, 2], [1], [1, 2])
    with pytest.raises(ValueError, match="one length"):
        plot_bias_variance([], [], [])
    with pytest.raises(ValueError, match="finite"):
        plot_bias_variance([1], [np.nan], [1])
