"""The kernels of RMSProp and Adadelta."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panlearn.neural_network.training import flat_kernels
from panlearn.optimize import Adadelta, RMSProp

TOLERANCE = {"float32": 2e-5, "float64": 1e-12}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@given(n=st.integers(0, 70), scale=st.sampled_from([0.0, 1e-30, 1.0, 1e10]), seed=st.integers(0, 5))
def test_matches_the_plain_formula(dtype: str, n: int, scale: float, seed: int):
    """Odd lengths, gradients of zero, denormal squares, huge ones: three steps of each rule."""
    rng = np.random.default_rng(seed)
    rules: Any = ((RMSProp(0.1), flat_kernels.rmsprop, 1), (Adadelta(0.5), flat_kernels.adadelta, 2))
    for rule, update, n_moments in rules:
        x = rng.normal(size=n).astype(dtype)
        moments = [np.zeros(n, dtype) for _ in range(n_moments)]
        scalars = np.array([rule.learning_rate, rule.rho, 1 - rule.rho, rule.eps], dtype)
        expected, state = x.astype(float), rule.init(x)
        for _ in range(3):
            g = (scale * rng.normal(size=n)).astype(dtype)
            update(x, g, *moments, scalars)
            expected, state = rule.update(g.astype(float), state, expected)
        np.testing.assert_allclose(x, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
        assert x.dtype == dtype
