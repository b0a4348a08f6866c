"""Calibration: likelihood of the sigmoid, monotone steps, coupling of pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from panlearn.svm.one_vs_one import pairs_of
from panlearn.svm.platt_scaling import couple, fit_sigmoid, fit_steps
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


@settings(max_examples=6)
@given(st.integers(0, 30), st.integers(3, 6))
def test_coupling_solves_its_programme(seed, classes):
    rng = np.random.default_rng(seed)
    r = np.zeros((classes, classes))
    pairs = pairs_of(classes)
    first = rng.uniform(0.02, 0.98, size=(1, len(pairs)))
    for p, (i, j) in enumerate(pairs):
        r[i, j], r[j, i] = first[0, p], 1 - first[0, p]
    np.testing.assert_allclose(couple(first, classes)[0], oracle.coupling(r), atol=1e-4)


def test_coupling_at_the_ends():
    sure = couple(np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 1.0]]), 3)
    np.testing.assert_allclose(sure[:2], [[1, 0, 0], [0, 0, 1]], atol=1e-5)
    np.testing.assert_allclose(sure[2], 1 / 3, atol=1e-5)  # a circle
    np.testing.assert_allclose(sure.sum(axis=1), 1)
    assert couple(np.empty((0, 3)), 3).shape == (0, 3)
    np.testing.assert_array_equal(couple(np.array([[0.25]]), 2), [[0.25, 0.75]])
