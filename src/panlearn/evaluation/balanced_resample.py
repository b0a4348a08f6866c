"""Classes brought to one size: rare ones sampled up, common ones down, or new rows made by SMOTE.

    up      rare classes are drawn from again, with replacement
    down    some rows of the common classes are left out
    smote   rare classes get new rows between neighbours [chawla2002], `panlearn.evaluation.synthetic_rows`

A classifier minimises the mean loss, in which a class of 1 % of the rows has 1 % of the say. Resampling gives classes
equal say, and thereby moves the threshold: probabilities are no longer those of the population. Where the method takes
`class_weight` or `sample_weight`, weights do the same as "up" without copies.

Only training rows may be resampled; a row and its copy on both sides of a split make the test a lie. Hence
`BalancedResampler`, which resamples inside `fit`.

Course notes: 002 (up- and down-sampling), 000 §1.3.
"""

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import assert_all_finite, check_array, check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from panlearn.core.errors import DataError
from panlearn.evaluation.class_targets import class_targets
from panlearn.evaluation.resampled_table import (
    categorical_columns,
    codes_of,
    is_pandas,
    is_polars,
    numbers_of,
    take,
    with_new_rows,
)
from panlearn.evaluation.synthetic_rows import mixed, synthetic_rows

STRATEGIES = ("up", "down", "smote")


def balanced_resample(
    X: Any,
    y: Any,
    *,
    strategy: str = "up",
    sampling_strategy: Any = "auto",
    categorical_features: Any = "auto",
    k_neighbors: int = 5,
    random_state: Any = None,
) -> tuple[Any, Any]:
    """Bring the classes to one size, or to given sizes.

    Parameters
    ----------
    X : array-like, sparse matrix or data frame of shape (n, p)
        Features, of pandas or polars too; NaN stands for missing.
    y : array-like of shape (n,)
        Labels.
    strategy : {"up", "down", "smote"}, default="up"
        Draw rare classes again, leave rows of common classes out, or make new rows of rare classes.
    sampling_strategy : float, str, dict or callable, default="auto"
        As in imbalanced-learn: the share small / large of two classes; which classes change ("minority", "majority",
        "not minority", "not majority", "all"; "auto" is all but the largest for "up" and "smote", all but the smallest
        for "down"); rows of each class; or a function of y that gives those.
    categorical_features : "auto", None or array-like, default="auto"
        For "smote": indices, names or a mask of the columns that are categories; "auto" takes the columns of a data
        frame that hold no numbers. With such columns the method is SMOTE-NC.
    k_neighbors : int, default=5
        For "smote": neighbours among which one is drawn, at least 1.
    random_state : int, RandomState or None, default=None
        Seed. The draws are imbalanced-learn's, seed for seed.

    Returns
    -------
    X_resampled : as X
        Rows: those of X and then the new ones by class, or for "down" the kept ones by class.
    y_resampled : as y
        Their labels.

    Raises
    ------
    ValueError
        If y has one class, a class is too small for its neighbours, or a parameter cannot be used.

    References
    ----------
    [chawla2002]; course notes 002 (sampling), 000 §1.3

    Examples
    --------
    New rows of the rare class lie between those it has:

    >>> import numpy as np
    >>> from panlearn.evaluation import balanced_resample
    >>> X, y = np.array([[0.0], [1.0], [8.0], [9.0], [7.0], [6.0]]), np.array([1, 1, 0, 0, 0, 0])
    >>> new, label = balanced_resample(X, y, strategy="smote", k_neighbors=1, random_state=0)
    >>> np.bincount(label), bool((new[6:] <= 1).all())
    (array([4, 4]), True)
    """
    if strategy not in STRATEGIES:
        raise DataError(f"strategy must be one of {STRATEGIES}. Got {strategy!r} instead.")
    X, y, labels = _checked(X, y)
    targets = class_targets(labels, sampling_strategy, up=strategy != "down")
    if strategy == "smote":
        return _with_synthetic(X, y, labels, targets, categorical_features, k_neighbors, random_state)
    draw = _kept if strategy == "down" else _repeated
    rows = draw(labels, targets, check_random_state(random_state))
    return take(X, rows), take(y, rows)


def _checked(X: Any, y: Any) -> tuple[Any, Any, np.ndarray]:
    """The table and the labels in a kind that rows can be taken of, and the labels as an array."""
    if is_pandas(X) or is_polars(X):
        if len(X.shape) != 2 or not all(X.shape):
            raise DataError(f"X must have rows and columns. Got shape {X.shape}.")
    else:
        checks: dict[str, Any] = {"accept_sparse": ["csr", "csc"], "dtype": None, "ensure_all_finite": "allow-nan"}
        X = check_array(X, **checks)
    if not (is_pandas(y) or is_polars(y)):
        y = column_or_1d(y, warn=True)
    labels = column_or_1d(y.to_numpy() if not isinstance(y, np.ndarray) else y)
    if labels.dtype.kind in "fO":
        assert_all_finite(labels, input_name="y")
    check_consistent_length(X, labels)
    check_classification_targets(labels)
    return X, y, labels


def _repeated(labels: np.ndarray, targets: dict, rng: np.random.RandomState) -> np.ndarray:
    """All rows, and then draws with replacement from each class that is to grow."""
    drawn = [np.arange(len(labels))]
    for label, wanted in targets.items():
        own = np.flatnonzero(labels == label)
        drawn.append(rng.choice(own, size=wanted - len(own), replace=True))
    return np.concatenate(drawn)


def _kept(labels: np.ndarray, targets: dict, rng: np.random.RandomState) -> np.ndarray:
    """Rows by class, of some classes a part drawn without replacement."""
    kept = []
    for label in np.unique(labels).tolist():
        own = np.flatnonzero(labels == label)
        kept.append(own[rng.choice(len(own), size=targets[label], replace=False)] if label in targets else own)
    return np.concatenate(kept)


def _with_synthetic(
    X: Any, y: Any, labels: np.ndarray, targets: dict, categorical_features: Any, k: Any, random_state: Any
) -> tuple[Any, Any]:
    """The table with new rows of each class that is to grow below it."""
    if not isinstance(k, (int, np.integer)) or isinstance(k, bool) or k < 1:
        raise DataError(f"The 'k_neighbors' parameter must be an integer in the range [1, inf). Got {k!r} instead.")
    categorical = categorical_columns(X, categorical_features)
    if issparse(X) and len(categorical):
        raise DataError("sparse rows with categorical_features are not supported: pass X.toarray() or a data frame.")
    numeric = np.setdiff1d(np.arange(X.shape[1]), categorical)
    numbers, codes = numbers_of(X, numeric), codes_of(X, categorical)
    made, donors, copied = [numbers[:0]], [np.empty((0, len(categorical)), np.int64)], [np.empty(0, np.int64)]
    for label, wanted in targets.items():
        own = np.flatnonzero(labels == label)
        if wanted > len(own):
            rng = check_random_state(random_state)  # a seed starts anew for each class, as in imbalanced-learn
            recipe = synthetic_rows(numbers[own], codes[own], int(k), wanted - len(own), rng, label)
            made.append(mixed(numbers[own], recipe))
            donors.append(own[recipe.donors])
            copied.append(own[recipe.base])
    new = made[0] if len(made) == 1 else _stacked(made[1:])
    resampled = with_new_rows(X, numeric, new, categorical, np.concatenate(donors))
    return resampled, _longer(y, np.concatenate(copied))


def _stacked(parts: list) -> Any:
    if issparse(parts[0]):
        from scipy.sparse import vstack

        return vstack(parts, format="csr")
    return np.concatenate(parts)


def _longer(y: Any, copied: np.ndarray) -> Any:
    """The labels, and below them those of the rows that new ones start from."""
    if is_pandas(y):
        return take(y, np.concatenate([np.arange(len(y)), copied])).reset_index(drop=True)
    return take(y, np.concatenate([np.arange(len(y)), copied]))
