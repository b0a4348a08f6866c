"""SMOTE: rows that a rare class might also have held [chawla2002].

    x_new = x_i + u (x_j - x_i),     u uniform on [0, 1],   j one of the k nearest of i in its own class

lies on the segment between two neighbours. Columns of categories (SMOTE-NC) cannot be mixed: there the new row takes
what most of the k neighbours of i have, the nearest of those tied. In the search for neighbours a category that differs
adds Med^2 to the squared distance, Med the median of the standard deviations of the numeric columns in the class.

A number that is missing counts as its column's mean in the search; in the new row a number is missing where it is in
x_i, and where x_j alone lacks it, that of x_i stays: so new rows lack as much as old ones do.

No one-hot columns: categories are compared as whole numbers, and the vote is taken once for each row rather than for
each new one. Memory n (p + k) beside the new rows. Cost: the search, n_c^2 p for a class of n_c rows.

When it fails: rare rows amid the other class, between which new ones fall on the wrong side; columns in unlike units
(scale first); and rows that repeat in test data, which is why resampling belongs inside the cross-validation.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import diags_array, issparse

from panlearn.core.errors import DataError


class Recipe(NamedTuple):
    """How each new row is made of rows of the class."""

    base: np.ndarray  # (m,) i
    other: np.ndarray  # (m,) j
    step: np.ndarray  # (m,) u
    donors: np.ndarray  # (m, q) rows whose categories it takes


def synthetic_rows(numbers: Any, codes: np.ndarray, k: int, m: int, rng: np.random.RandomState, label: Any) -> Recipe:
    """Choose what m new rows of a class are made of.

    Parameters
    ----------
    numbers : ndarray or sparse matrix of shape (n, p)
        Numeric columns of the class; may hold NaN.
    codes : ndarray of int of shape (n, q)
        Categories, as whole numbers.
    k : int
        Neighbours.
    m : int
        New rows.
    rng : RandomState
        Draws rows, neighbours and steps, in this order.
    label : object
        Name of the class, for the error.

    Returns
    -------
    Recipe

    Raises
    ------
    DataError
        If the class has too few rows.
    """
    n = numbers.shape[0]
    if n <= k:
        remedy = f"lower k_neighbors to {n - 1}, or use strategy='up'" if n > 1 else "use strategy='up'"
        raise DataError(f"k_neighbors={k} needs at least {k + 1} rows of a class, but {label!r} has {n}: {remedy}.")
    near = _neighbours(numbers, codes, k)
    drawn = rng.randint(low=0, high=near.size, size=m)
    step = rng.uniform(size=m)
    base, other = drawn // k, near.ravel()[drawn]
    return Recipe(base, other, step, _elected(codes, near)[base])


def mixed(numbers: Any, recipe: Recipe) -> Any:
    """The numeric columns of the new rows."""
    start, end = numbers[recipe.base], numbers[recipe.other]
    if issparse(numbers):
        return (start + diags_array(recipe.step) @ (end - start)).asformat(numbers.format)
    end -= start
    end *= recipe.step[:, None]
    end[np.isnan(end)] = 0.0  # one of the two is missing: what x_i has stays
    end += start
    return end


def _neighbours(numbers: Any, codes: np.ndarray, k: int) -> np.ndarray:
    from panlearn.neighbors.nearest_points import nearest_mixed, nearest_points

    if not issparse(numbers) and np.isnan(numbers).any():
        seen = ~np.isnan(numbers)
        means = np.where(seen, numbers, 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
        numbers = np.where(seen, numbers, means)
    if not codes.shape[1]:
        return nearest_points(numbers, k).indices
    if not numbers.shape[1]:
        return nearest_mixed(np.zeros((len(codes), 1)), codes, 1.0, k).indices
    median = float(np.median(np.std(numbers, axis=0)))  # Med
    return nearest_mixed(numbers, codes, median**2, k).indices


def _elected(codes: np.ndarray, near: np.ndarray) -> np.ndarray:
    """For each row and column of categories, the neighbour whose category most of them have, (n, q)."""
    donors = np.empty(codes.shape, np.int64)
    for c, column in enumerate(codes.T):
        votes = column[near]
        counts = np.stack([(votes == votes[:, a, None]).sum(axis=1) for a in range(votes.shape[1])], axis=1)
        donors[:, c] = near[np.arange(len(near)), counts.argmax(axis=1)]
    return donors
