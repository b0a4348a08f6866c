"""Sigmoid and tanh of kernels against NumPy's, tails and NaN included; slopes against differences."""

import numpy as np
import pytest
import torch

from panlearn.nn import rnn_functions
from panlearn.nn.rnn_functions import NONLINEARITIES, activate, multiply_by_slope

EXACT = {
    "identity": lambda z: z,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "softmax": lambda z: torch.softmax(torch.from_numpy(z), 1).numpy(),
}


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize(("dtype", "close"), [(np.float32, 2e-6), (np.float64, 1e-14)])
def test_values(name, dtype, close):
    z = np.linspace(-30, 30, 3 * 67).reshape(67, 3)
    found = z.astype(dtype)
    activate(found, NONLINEARITIES[name])
    np.testing.assert_allclose(found, EXACT[name](z.astype(dtype).astype(float)), rtol=close, atol=close / 100)


@pytest.mark.parametrize("name", ["tanh", "relu", "sigmoid"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_stays_and_infinities_saturate(name, dtype):
    x = np.array([[np.nan, np.inf, -np.inf]], dtype)
    activate(x, NONLINEARITIES[name])
    low = {"tanh": -1, "relu": 0, "sigmoid": 0}[name]
    np.testing.assert_allclose(x[0], [np.nan, np.inf if name == "relu" else 1, low], atol=1e-6)


def test_small_tanh_keeps_its_digits():
    x = np.array([[1e-30, -1e-8, 1e-3]], np.float32)
    found = x.copy()
    activate(found, NONLINEARITIES["tanh"])
    np.testing.assert_allclose(found, np.tanh(x.astype(float)), rtol=3e-7)


@pytest.mark.parametrize("name", EXACT)
def test_slopes(name):
    random = np.random.default_rng(0)
    z, g, step = random.normal(size=(4, 3)), random.normal(size=(4, 3)), 1e-6
    found, values = g.copy(), EXACT[name](z)
    multiply_by_slope(found, values, NONLINEARITIES[name])
    for i, j in np.ndindex(4, 3):
        shifted = z.copy()
        shifted[i, j] += step
        assert abs(found[i, j] - (g * (EXACT[name](shifted) - values) / step).sum()) < 1e-5


def test_plain_python_says_the_same():
    assert abs(rnn_functions.sigmoid(1.0) - 0.7310585786300049) < 1e-15
    assert rnn_functions.tanh(0.5) == np.tanh(0.5)
