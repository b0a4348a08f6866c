"""The door of `fit` for histogram gradient boosting: X, y, weights and constraints, checked once.

Infinite values are allowed: they are the largest and the smallest of their column. NaN is a missing value; categories
become codes (`panlearn.core.categorical_columns`).

Course notes: 000 §4.6.
"""

import itertools
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.validation import (
    _check_monotonic_cst,
    _check_sample_weight,
    _check_y,
    check_consistent_length,
    validate_data,
)

from panlearn.core.categorical_columns import CategoricalColumns, encode_columns, learn_columns
from panlearn.core.errors import DataError
from panlearn.ensemble.gradient_boosting.early_stopping import Rows

RULES: dict[str, Any] = {"dtype": [np.float64, np.float32], "ensure_all_finite": False}


def check_rows(model: Any, X: Any, y: Any, sample_weight: Any) -> Rows:
    """Check the rows of `fit`; sets `n_features_in_`, `feature_names_in_`, `is_categorical_` and what y decides.

    Parameters
    ----------
    model : HistGradientBoosting
        The estimator.
    X, y, sample_weight : array-like
        As `fit` got them.

    Returns
    -------
    Rows
        Numbers only.
    """
    model._columns = _without_negative(learn_columns(X, model.categorical_features))
    categorical = model._columns.is_categorical
    model.is_categorical_ = categorical if categorical.any() else None
    X = checked_features(model, X, reset=True)
    y = model._encode(check_targets(model, y))
    check_consistent_length(X, y)
    if sample_weight is not None:
        sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    return Rows(X, y, model._row_weights(y, sample_weight))


def _without_negative(columns: CategoricalColumns) -> CategoricalColumns:
    """Negative numbers are no categories but missing, as scikit-learn has it."""
    levels = (
        known[known >= 0] if known is not None and known.dtype.kind in "if" else known for known in columns.levels
    )
    return CategoricalColumns(tuple(levels))


def checked_features(model: Any, X: Any, *, reset: bool = False) -> np.ndarray:
    """X as the trees read it.

    Parameters
    ----------
    model : HistGradientBoosting
        The estimator, with `_columns`.
    X : array-like or frame of shape (n, p)
        Features.
    reset : bool, default=False
        Whether this is `fit`.

    Returns
    -------
    ndarray of shape (n, p)
        float64 or float32.
    """
    if model.is_categorical_ is None:
        return np.asarray(validate_data(model, X, reset=reset, **RULES))
    validate_data(model, X, reset=reset, skip_check_array=True)  # names and number of the columns
    return encode_columns(X, model._columns)


def check_targets(model: Any, y: Any) -> np.ndarray:
    """Y as an array: one column, or for a regressor several.

    Parameters
    ----------
    model : HistGradientBoosting
        The estimator.
    y : array-like of shape (n,) or (n, targets)
        Targets.

    Returns
    -------
    ndarray of shape (n,) or (n, targets)
    """
    several = model.__sklearn_tags__().target_tags.multi_output
    if several and np.asarray(y).ndim == 2 and np.asarray(y).shape[1] > 1:
        return _check_y(y, multi_output=True, y_numeric=True, estimator=model)
    return column_or_1d(_check_y(y, estimator=model))


def check_validation(model: Any, X: Any, y: Any, sample_weight: Any) -> Rows | None:
    """Check the validation rows that were given to `fit`.

    Parameters
    ----------
    model : HistGradientBoosting
        The estimator, after `check_rows`.
    X, y, sample_weight : array-like or None
        As `fit` got them.

    Returns
    -------
    Rows or None
        None if none were given.
    """
    if X is None and y is None:
        return None
    if y is None:
        raise DataError("X_val is provided, but y_val was not provided.")
    if X is None:
        raise DataError("y_val is provided, but X_val was not provided.")
    if model.early_stopping is False:
        raise DataError(
            "X_val and y_val are passed to fit while at the same time early_stopping is False. When passing X_val and "
            "y_val to fit, early_stopping should be set to either 'auto' or True."
        )
    X, y = checked_features(model, X), model._encode_more(check_targets(model, y))
    check_consistent_length(X, y)
    if sample_weight is not None:
        sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    return Rows(X, y, sample_weight)


def monotonic_signs(model: Any) -> np.ndarray | None:
    """Signs of the monotonic constraints.

    Parameters
    ----------
    model : HistGradientBoosting
        The estimator, after `check_rows`.

    Returns
    -------
    ndarray of shape (p,) or None
        -1, 0 or 1; None without constraints.

    Raises
    ------
    ValueError
        If there are several trees a round, or a constraint is on a category.
    """
    if model.monotonic_cst is None:
        return None
    if model.n_trees_per_iteration_ != 1:
        raise DataError("monotonic constraints are not supported for multiclass classification.")
    signs = _check_monotonic_cst(model, model.monotonic_cst)
    if model.is_categorical_ is not None and signs[model.is_categorical_].any():
        raise DataError("Categorical features cannot have monotonic constraints. Set their entries to 0.")
    return signs if signs.any() else None


def interaction_sets(wanted: Any, p: int) -> list[set[int]] | None:
    """Sets of features that may stand on one path; a feature of no set joins the set of the others like it.

    Parameters
    ----------
    wanted : "pairwise", "no_interactions", sequence of sequences of int, or None
        As the estimator has it.
    p : int
        Number of features.

    Returns
    -------
    list of set of int, or None

    Raises
    ------
    ValueError
        If it names features that do not exist.

    Examples
    --------
    >>> interaction_sets([(0, 1)], 4)
    [{0, 1}, {2, 3}]
    """
    if wanted is None:
        return None
    if isinstance(wanted, str):
        wanted = [[j] for j in range(p)] if wanted == "no_interactions" else itertools.combinations(range(p), 2)
    try:
        groups = [set(group) for group in wanted]
    except TypeError:
        raise DataError(f"Interaction constraints must be a sequence of tuples or lists, got: {wanted!r}.") from None
    for group in groups:
        if not all(isinstance(j, Integral) and 0 <= int(j) < p for j in group):
            raise DataError(
                "Interaction constraints must consist of integer indices in [0, n_features - 1] = "
                f"[0, {p - 1}], specifying the position of features, got invalid indices: {group!r}"
            )
    rest = set(range(p)) - set().union(*groups)
    return [*groups, rest] if rest else groups
