"""The largest of a row taken out before the exponential."""

import numpy as np
import pytest

import panlearn
from panlearn.core.errors import DataError
from panlearn.sequence.frames import shifted_exp


@pytest.mark.parametrize("states", [1, 3, 8, 11, 3000])
def test_likelihood_times_exp_of_shift(states):
    logs = np.random.default_rng(0).normal(size=(50, states)) * 400
    likelihood, shift = shifted_exp(logs)
    np.testing.assert_array_equal(shift, logs.max(axis=1))
    right = np.exp(logs - shift[:, None])
    right[logs - shift[:, None] < -708.39] = 0.0  # below the normal numbers
    np.testing.assert_allclose(likelihood, right, rtol=1e-14)


def test_in_place_and_a_row_that_is_impossible():
    logs = np.array([[-np.inf, -np.inf], [-np.inf, -1e6]])
    likelihood, shift = shifted_exp(logs, out=logs)
    assert likelihood is logs
    np.testing.assert_array_equal(likelihood, [[0.0, 0.0], [0.0, 1.0]])
    np.testing.assert_array_equal(shift, [0.0, -1e6])


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize(("states", "column"), [(2, 0), (2, 1), (11, 0), (11, 9)])
def test_names_the_first_row_that_cannot_be(value, states, column):
    logs = np.zeros((300_000, states))
    logs[[170_000, 290_000], column] = value
    with panlearn.threads(2), pytest.raises(DataError, match="row 170000 "):
        shifted_exp(logs)
