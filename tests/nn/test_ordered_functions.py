"""Activations on stretches of rows, in both types and at the ends of the range."""

import numpy as np
import pytest
from scipy.special import softmax as reference_softmax

from panlearn.core.jit import kernel
from panlearn.nn.ordered_functions import exponential, sigmoids, softmax, tanhs

NUMBERS = [-1e30, -200.0, -90.0, -3.0, -1e-3, 0.0, 1e-6, 0.7, 5.0, 88.0, 300.0, 1e30]


@kernel
def _exponentials(x):
    for k in range(len(x)):
        x[k] = exponential(x[k])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values(dtype):
    given = np.array([NUMBERS, NUMBERS], dtype)
    tolerance = 4 * np.finfo(dtype).eps
    wide = given[0, 2:-2].astype(float)
    for function, expected in ((sigmoids, 1 / (1 + np.exp(-wide))), (tanhs, np.tanh(wide))):
        x = given.copy()
        function(x, 1, 2, len(NUMBERS) - 2)
        np.testing.assert_allclose(x[1, 2:-2], expected, rtol=100 * tolerance, atol=np.finfo(dtype).tiny * 100)
        np.testing.assert_array_equal(x[0], given[0])  # nothing but the stretch is touched
        np.testing.assert_array_equal(x[1, [0, 1, -2, -1]], given[1, [0, 1, -2, -1]])
        function(x, 0, 0, len(NUMBERS))
        assert np.isfinite(x[0]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax(dtype):
    x = np.random.default_rng(0).normal(0, 5, (3, 11)).astype(dtype)
    x[2] += 1e4
    found = x.copy()
    for r in range(3):
        softmax(found, r, 2, 11)
    np.testing.assert_allclose(found[:, 2:], reference_softmax(x[:, 2:].astype(float), axis=1), rtol=2e-6)
    np.testing.assert_array_equal(found[:, :2], x[:, :2])
    x[:] = np.inf
    softmax(x, 0, 0, 3)
    assert np.isnan(x[0, :3]).all()  # as torch's


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exponential(dtype):
    x = np.array([-50.0, -1.0, 0.0, 1.0, 50.0, np.nan, -np.inf], dtype)
    expected = np.exp(x.astype(float))
    _exponentials(x)
    np.testing.assert_allclose(x, expected, rtol=1e-5 if dtype == np.float32 else 1e-14)
    assert exponential(0.0) == 1.0
