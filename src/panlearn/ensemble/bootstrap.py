r"""Which rows a member of an ensemble sees: the bootstrap and its sizes [efron1979], [breiman1996].

A bootstrap sample draws n rows out of n with replacement. A given row is left out with probability

    (1 - 1/n)^n  ->  1/e = 0.368,

so that a sample holds 63.2 % of the rows, some of them several times, and each row is new to 36.8 % of the members:
they judge it as test data would ("out of bag"). With sample weights a row is drawn in proportion to its weight.

The samples follow from a seed a member, drawn before any work begins: they do not depend on how many threads there are,
and need not be kept. Course notes: 000 §4.3, 002 (the 0.632 bootstrap).
"""

import warnings
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from panlearn.core.errors import DataError

SEEDS = np.iinfo(np.int32).max


def draw_seeds(random_state: Any, count: int, *, skip: int = 0) -> np.ndarray:
    """Seeds of `count` members, after those of the `skip` members that exist already."""
    random = check_random_state(random_state)
    if skip:
        random.randint(SEEDS, size=skip)
    return random.randint(SEEDS, size=count)


def sample_size(n: int, max_samples: float | None, weight: np.ndarray | None) -> int:
    """Rows to draw: all, a number, or a share of the rows (of the total weight)."""
    if max_samples is None:
        return n
    if isinstance(max_samples, Integral):
        return int(max_samples)
    total = n if weight is None else float(weight.sum())
    size = max(int(max_samples * total), 1)
    if size < max(10, n ** (1 / 3)):
        what = "number of samples" if weight is None else "total sum of sample weights"
        warnings.warn(
            f"Using the fractional value max_samples={max_samples} when the {what} is {total} results in a low number "
            f"({size}) of bootstrap samples. We recommend passing `max_samples` as an integer instead.",
            stacklevel=2,
        )
    return size


def draw_rows(seed: Any, n: int, size: int, weight: np.ndarray | None, *, replace: bool = True) -> np.ndarray:
    """Rows of one member, (size,) int32, in the order drawn."""
    random = check_random_state(seed)
    if weight is not None:
        return random.choice(n, size, replace=replace, p=weight / weight.sum()).astype(np.int32)
    if replace:
        return random.randint(0, n, size).astype(np.int32)
    return random.permutation(n)[:size].astype(np.int32)


def rows_left_out(rows: np.ndarray, n: int) -> np.ndarray:
    """Rows that a sample does not hold, ascending."""
    return np.flatnonzero(np.bincount(rows, minlength=n) == 0)


def members_to_add(wanted: int, present: int) -> int:
    """Members that a warm start has to add; warns if none."""
    if wanted < present:
        raise DataError(
            f"n_estimators={wanted} must be larger or equal to len(estimators_)={present} when warm_start==True"
        )
    if wanted == present:
        warnings.warn("Warm-start fitting without increasing n_estimators does not fit new trees.", stacklevel=4)
    return wanted - present
