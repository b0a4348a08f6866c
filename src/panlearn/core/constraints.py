"""Named constraints on parameters; the only file that touches scikit-learn's private validation names.

An estimator declares `_parameter_constraints = {"alpha": [NONNEGATIVE], "solver": [options("auto", "svd")]}` and
decorates `fit` with `validated`. A bad value then says the parameter, its range and what was got:

>>> from panlearn.linear_model import Ridge
>>> Ridge(alpha=-1.0).fit([[0.0], [1.0]], [0.0, 1.0])
Traceback (most recent call last):
    ...
sklearn.utils._param_validation.InvalidParameterError: The 'alpha' parameter of Ridge must be a float in the range
[0.0, inf) or an array-like. Got -1.0 instead.
"""

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, StrOptions

POSITIVE = Interval(Real, 0, None, closed="neither")
POSITIVE_OR_INF = Interval(Real, 0, None, closed="right")
NONNEGATIVE = Interval(Real, 0, None, closed="left")
UNIT = Interval(Real, 0, 1, closed="both")  # a share
COUNT = Interval(Integral, 1, None, closed="left")
NATURAL = Interval(Integral, 0, None, closed="left")
ARRAY, BOOLEAN, RANDOM, VERBOSE = "array-like", "boolean", "random_state", "verbose"

validated: Callable[[Callable], Any] = _fit_context(prefer_skip_nested_validation=True)  # decorator of `fit`


def options(*names: str) -> StrOptions:
    """One of these strings."""
    return StrOptions(set(names))


def without(constraints: dict[str, list], *names: str) -> dict[str, list]:
    """Constraints of a base class, less those of parameters that a subclass does not have."""
    return {name: rule for name, rule in constraints.items() if name not in names}
