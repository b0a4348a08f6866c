"""Calibration: likelihood of the sigmoid, monotone steps."""

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from panlearn.svm.platt_scaling import fit_sigmoid, fit_steps
from tests.oracles import support_vector_machine as oracle


def data(n=200, seed=0, scale=1.0):
    rng = np.random.default_rng(seed)
    f = scale * rng.normal(size=n)
    return f, f / scale + rng.normal(size=n) > 0.3, rng.uniform(0.5, 2, size=n)


@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e6])
def test_no_sigmoid_is_more_likely(scale):
    f, first, weight = data(scale=scale)
    found = fit_sigmoid(f, first, weight)
    best = oracle.likelihood(*found, f, first, weight)
    assert found.slope < 0
    for factor in (0.99, 1.01):
        assert oracle.likelihood(factor * found.slope, found.offset, f, first, weight) > best
        assert oracle.likelihood(found.slope, factor * found.offset, f, first, weight) > best


def test_weights_are_repetitions():
    f, first, _ = data(50)
    times = np.random.default_rng(1).integers(0, 4, 50)
    weighted = fit_sigmoid(f, first, times.astype(float))
    repeated = fit_sigmoid(np.repeat(f, times), np.repeat(first, times), np.ones(times.sum()))
    np.testing.assert_allclose(weighted, repeated, atol=1e-6)


def test_separable_and_useless_values():
    f = np.linspace(-1, 1, 20)
    sure = fit_sigmoid(f, f > 0, np.ones(20))
    assert np.isfinite(sure).all()
    assert (sure(np.array([1.0])) > 0.9).all()
    backwards = fit_sigmoid(f, f < 0, np.ones(20))  # LIBSVM's probabilities would turn round here
    assert backwards.slope == 0
    np.testing.assert_allclose(backwards(f), 0.5)
    lonely = fit_sigmoid(np.ones(3), np.array([True, True, False]), np.ones(3))
    np.testing.assert_allclose(lonely(np.ones(1)), (3 / 4 + 3 / 4 + 1 / 3) / 3, atol=1e-5)


def test_steps_are_isotonic_regression():
    f, first, weight = data()
    steps = fit_steps(f, first, weight)
    peer = IsotonicRegression(out_of_bounds="clip").fit(f, first, sample_weight=weight)
    grid = np.linspace(-5, 5, 100)
    np.testing.assert_allclose(steps(grid), peer.predict(grid), atol=1e-12)
