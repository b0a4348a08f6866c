"""L0 penalty: value, and the hard threshold as a minimiser."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from panlearn.penalties import L0


def test_value_counts():
    assert L0(0.5).value(np.array([0.0, -1e-9, 3.0])) == 1.0


@given(st.floats(-5, 5), st.floats(0, 4), st.floats(0.1, 10))
def test_prox_minimises(z, alpha, curvature):
    """Of the two candidates, 0 and z, the prox takes the one with the smaller value."""
    (w,) = L0(alpha).prox(np.array([z]), curvature)
    value = 0.5 * curvature * (w - z) ** 2 + alpha * (w != 0)
    assert value <= min(0.5 * curvature * z * z, alpha) + 1e-12
