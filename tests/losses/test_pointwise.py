"""The compiled losses equal the definition, and the vectorised forms equal the compiled ones."""

import numpy as np
import pytest

from panlearn.linear_model.stochastic_gradient import CLASSIFICATION
from panlearn.losses.pointwise import value_and_slope
from tests.oracles import stochastic_gradient as oracle

POINTS = [-1e6, -30.0, -2.0, -1.0, -0.3, -0.1, 0.0, 0.1, 0.3, 1.0, 1.5, 30.0, 1e6]


@pytest.mark.parametrize("name", list(CLASSIFICATION))
def test_matches_oracle(name):
    kind, parameter = CLASSIFICATION[name]
    loss = kind(parameter)
    for y in (-1.0, 1.0):
        found = np.array([value_and_slope(loss.code, loss.parameter, z, y) for z in POINTS])
        z = np.array(POINTS)
        np.testing.assert_allclose(loss.values(z, y), found[:, 0], rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(loss.slopes(z, y), found[:, 1], rtol=1e-12, atol=1e-15)
        inner = slice(1, -1)  # math.exp overflows beyond
        expected = [oracle.loss(name, z, y, parameter) for z in POINTS[inner]]
        np.testing.assert_allclose(found[inner], expected, rtol=1e-12, atol=1e-15)
