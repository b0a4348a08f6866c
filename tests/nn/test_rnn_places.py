"""Places say what plain indexing says."""

import numpy as np
import pytest

from panlearn.core.jit import kernel
from panlearn.nn.rnn_places import put, take


@kernel
def rotated(a, b, angle):
    for k in range(len(a)):
        x, y = take(a, k), take(b, k)
        put(1, a, k, x * np.cos(angle) - y * np.sin(angle))
        put(2, b, k, x * np.sin(angle) + y * np.cos(angle))


@pytest.mark.parametrize("size", [0, 1, 7, 8, 37])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_places_equal_indexing(size, dtype):
    a, b = np.random.default_rng(0).normal(size=(2, size)).astype(dtype)
    x, y = a * np.cos(0.3) - b * np.sin(0.3), a * np.sin(0.3) + b * np.cos(0.3)
    rotated(a, b, 0.3)
    np.testing.assert_allclose(a, x, rtol=1e-5)
    np.testing.assert_allclose(b, y, rtol=1e-5)
