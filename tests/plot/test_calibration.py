"""Calibration: groups and intervals."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve

from panlearn.plot import plot_calibration
from panlearn.plot.calibration import group_forecasts, wilson_interval


def test_matches_peer():
    rng = np.random.default_rng(0)
    forecast = rng.uniform(size=1000)
    happened = (rng.uniform(size=1000) < forecast).astype(float)
    mean, frequency, count = group_forecasts(happened, forecast)
    peer_frequency, peer_mean = calibration_curve(happened, forecast, n_bins=10, strategy="quantile")
    np.testing.assert_allclose(mean, peer_mean, atol=0.01)
    np.testing.assert_allclose(frequency, peer_frequency, atol=0.02)
    assert count.sum() == 1000


def test_wilson_interval_matches_scipy():
    for hits, count in ((0, 10), (3, 10), (10, 10), (500, 1000)):
        low, high = wilson_interval(np.array([hits / count]), np.array([count]), z=1.959963984540054)
        peer = binomtest(hits, count).proportion_ci(method="wilson")
        np.testing.assert_allclose([low[0], high[0]], [peer.low, peer.high], atol=1e-12)


def test_equal_forecasts_form_one_group():
    mean, frequency, count = group_forecasts(np.array([0.0, 1, 1, 1]), np.full(4, 0.7))
    assert (mean.tolist(), frequency.tolist(), count.tolist()) == ([0.7], [0.75], [4])


def test_perfect_forecasts_have_no_error():
    figure = plot_calibration([0, 0, 1, 1], [0.0, 0.0, 1.0, 1.0])
    assert figure.axes[0].texts[0].get_text() == "calibration error 0\nBrier score 0"


def test_no_forecast_is_said():
    with pytest.raises(ValueError, match="finite"):
        plot_calibration([1], [np.nan])
