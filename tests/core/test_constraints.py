"""Parameter constraints: which values pass, and what the message says of one that does not."""

from typing import Any, ClassVar

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import InvalidParameterError

from panlearn.core import constraints
from panlearn.core.constraints import options, validated
from panlearn.core.registry import discover


class Dummy(BaseEstimator):
    """One parameter under one constraint."""

    _parameter_constraints: ClassVar[dict[str, list]] = {"value": []}

    def __init__(self, value: Any = 1):
        self.value = value

    @validated
    def fit(self, X, y=None):
        """Count the calls that validation lets through."""
        self.calls_ = getattr(self, "calls_", 0) + 1
        return self


def check(constraint, value):
    Dummy._parameter_constraints = {"value": [constraint]}
    return Dummy(value).fit(None)


INF = float("inf")
CASES = {
    "POSITIVE": ([1e-300, 1, np.float32(2)], [0, -1, INF, "1", None]),
    "POSITIVE_OR_INF": ([1e-300, INF], [0, -INF]),
    "NONNEGATIVE": ([0, 0.0, 2.5], [-1e-300, -1, INF, "a"]),
    "UNIT": ([0, 1, 0.5], [-0.1, 1.1, INF]),
    "COUNT": ([1, 7, np.int64(3)], [0, -1, 1.0, "1"]),
    "NATURAL": ([0, 5], [-1, 0.5]),
    "ARRAY": ([[1, 2], np.ones(3)], ["text", 3]),
    "BOOLEAN": ([True, False, np.bool_(True)], ["yes", None]),
    "RANDOM": ([None, 0, np.random.RandomState(0)], [-1, "seed", 0.5]),
    "VERBOSE": ([0, 1, True], [-1, "loud"]),
}


@pytest.mark.parametrize("name", CASES)
def test_ranges(name):
    good, bad = CASES[name]
    for value in good:
        assert check(getattr(constraints, name), value).calls_ == 1
    for value in bad:
        with pytest.raises(InvalidParameterError, match="The 'value' parameter of Dummy must be"):
            check(getattr(constraints, name), value)


def test_the_message_names_parameter_range_and_value():
    for constraint, value, text in (
        (constraints.POSITIVE, -2.5, r"The 'value' parameter of Dummy must be a float in the range \(0.0, inf\)"),
        (constraints.COUNT, 0, r"must be an int in the range \[1, inf\)"),
        (constraints.UNIT, 7, r"must be a float in the range \[0.0, 1.0\]"),
        (options("auto", "svd"), "qr", r"must be a str among \{('auto', 'svd'|'svd', 'auto')\}"),
    ):
        with pytest.raises(ValueError, match=rf"{text}. Got {value!r} instead"):
            check(constraint, value)


def test_edge_cases():
    """NaN is in no range; one of several constraints is enough; a bad value stops `fit` before it starts."""
    for name in ("POSITIVE", "NONNEGATIVE", "UNIT"):
        with pytest.raises(InvalidParameterError):
            check(getattr(constraints, name), float("nan"))
    Dummy._parameter_constraints = {"value": [constraints.POSITIVE, None, options("auto")]}
    for value in (2.0, None, "auto"):
        assert Dummy(value).fit(None).calls_ == 1
    refused = Dummy(-1)
    with pytest.raises(InvalidParameterError):
        refused.fit(None)
    assert not hasattr(refused, "calls_")
    assert Dummy(-1).value == -1  # the constructor only stores


@pytest.mark.parametrize("entry", list(discover()), ids=lambda entry: entry.name)
def test_every_parameter_is_constrained(entry):
    """scikit-learn passes over a parameter without a constraint: nobody would notice one that was forgotten."""
    assert set(entry.estimator._parameter_constraints) == set(entry.estimator().get_params())
