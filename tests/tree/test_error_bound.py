"""Quinlan's published values of the upper bound."""

import numpy as np
import pytest

from panlearn.tree.error_bound import predicted, predicted_errors, squared_deviate
from tests.oracles import c45 as oracle


@pytest.mark.parametrize(("errors", "n", "rate"), [(0, 6, 0.206), (0, 9, 0.143), (0, 1, 0.750), (1, 16, 0.157)])
def test_published_values(errors, n, rate):
    """[quinlan1993], section 4.2, at CF = 25 %."""
    assert predicted_errors(float(n), float(errors), 0.25, squared_deviate(0.25)) / n == pytest.approx(rate, abs=5e-4)


def test_matches_oracle():
    rng = np.random.default_rng(0)
    for confidence in (0.01, 0.25, 0.5, 1.0):
        n = rng.uniform(0.1, 40, 300)
        errors = n * rng.choice([0, 1e-8, 0.01, 0.3, 0.9, 1], 300)
        found = predicted(n, errors, confidence, squared_deviate(confidence))
        expected = [e + oracle.added_errors(m, e, confidence) for m, e in zip(n, errors)]
        np.testing.assert_allclose(found, expected, atol=1e-6)
        assert (found >= errors - 1e-6)[n >= 1].all()


def test_pure_leaves_are_predicted_errors_too():
    n = np.arange(1.0, 50.0)
    found = predicted(n, np.zeros(49), 0.25, squared_deviate(0.25))
    assert (found > 0.7).all()
    assert (np.diff(found / n) < 0).all()  # the rate falls with the rows
    assert predicted_errors(0.0, 0.0, 0.25, squared_deviate(0.25)) == 0
