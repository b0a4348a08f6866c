"""Residuals and predictions."""

import numpy as np
import pytest

from panlearn.plot import plot_predictions, plot_residuals


def test_points_are_the_rows():
    axes = plot_predictions([1.0, 2.0, np.nan], [1.5, 2.5, 3.0]).axes[0]
    assert np.asarray(axes.collections[0].get_offsets()).tolist() == [[1.5, 1.0], [2.5, 2.0]]
    assert axes.get_xlim() == axes.get_ylim()


def test_running_median_of_pure_noise_stays_near_zero_and_of_a_bend_does_not():
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, 6000)
    noise = 0.5 * rng.normal(size=6000)
    level, bent = (plot_residuals(x + noise + c * x**2, x).axes[0].lines[-1].get_ydata() for c in (0.0, 1.0))
    assert np.abs(level).max() < 0.1
    assert np.ptp(bent) > 2


def test_outliers_do_not_hide_many_rows():
    error = np.zeros(5000)
    error[0] = 1e9
    error[1:] = np.random.default_rng(1).normal(size=4999)
    low, high = plot_residuals(error, np.zeros(5000)).axes[0].get_ylim()
    assert high - low < 20


@pytest.mark.parametrize("plot", [plot_predictions, plot_residuals])
@pytest.mark.parametrize("values", [[5.0], [5.0] * 100, [1e300, -1e300], [0.0, 1e-300]])
def test_degenerate_values(plot, values):
    figure = plot(values, values)
    figure.draw_without_rendering()
    low, high = figure.axes[0].get_xlim()
    assert np.isfinite([low, high]).all()
    assert low < high
    assert low <= min(values) <= max(values) <= high  # every prediction lies on the picture


def test_no_finite_row_is_said():
    with pytest.raises(ValueError, match="finite row"):
        plot_residuals([np.nan], [1.0])
