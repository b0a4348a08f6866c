"""The scree plot."""

from typing import Any

import numpy as np
import pytest

from panlearn.plot import plot_scree


def test_bars_are_shares_and_the_curve_is_their_sum():
    figure = plot_scree([0.5, 0.3, 0.15, 0.05], chosen=2)
    upper, lower = figure.axes
    np.testing.assert_allclose(np.asarray(upper.lines[0].get_ydata()), [50, 80, 95, 100])
    bars: Any = lower.patches
    np.testing.assert_allclose(sorted(bar.get_height() for bar in bars), [5, 15, 30, 50])
    assert upper.texts[0].get_text() == "2 components: 80 %"
    colours = [bar.get_facecolor() for bar in sorted(bars, key=lambda bar: bar.get_x())]
    assert colours[0] == colours[1] != colours[2] == colours[3]


def test_wrong_shares():
    for bad in ([], [1.5], [-0.1]):
        with pytest.raises(ValueError, match="share"):
            plot_scree(bad)
    with pytest.raises(ValueError, match="chosen"):
        plot_scree([1.0], chosen=2)
