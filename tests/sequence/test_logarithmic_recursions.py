"""The recursion in logarithms against enumeration."""

import numpy as np
import pytest

from panlearn.sequence.logarithmic_recursions import log_sum, logarithmic
from tests.oracles.sequence_enumeration import posterior


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_equals_enumeration(scale):
    rng = np.random.default_rng(0)
    for n, T in ((1, 1), (2, 4), (3, 3)):
        x, enter, A, leave = (scale * rng.normal(size=s) for s in ((T, n), n, (n, n), n))
        marginals, pairs = np.empty((T, n)), np.zeros((n, n))
        z = logarithmic(x, enter, A, leave, 2.0, marginals, pairs)
        expected = posterior(x, A, enter, leave)
        np.testing.assert_allclose(z, expected[0], rtol=1e-12)
        np.testing.assert_allclose(marginals, 2.0 * expected[1], atol=1e-11)
        np.testing.assert_allclose(pairs, 2.0 * expected[2], atol=1e-11)


def test_impossible():
    marginals, pairs = np.empty((2, 1)), np.zeros((1, 1))
    zero = np.zeros(1)
    z = logarithmic(np.array([[0.0], [-np.inf]]), zero, np.zeros((1, 1)), zero, 1.0, marginals, pairs)
    assert z == -np.inf
    assert not marginals.any()
    assert not pairs.any()
    assert log_sum(np.array([-np.inf]), zero) == -np.inf
