"""Fitting a copy of a method to a resample of the rows: as weights where it takes them, as copies of rows otherwise.

A bootstrap sample holds 63.2 % of the rows, some of them several times. The method that takes weights gets each row
once with its count: less work, no copies, and no copy of a training row among the rows by which the method tunes itself
inside. For a method that minimises a sum over rows the two are the same; a forest that draws rows of its own, or a
tree with a least number of rows in a leaf, counts rows and not weights, and differs a little.
"""

from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import has_fit_parameter

from panlearn.core.errors import DataError


def require_estimator(estimator: Any) -> None:
    """Refuse what cannot be copied and fitted.

    Raises
    ------
    TypeError
        If it is a class, or has no `fit` and `get_params`.

    Examples
    --------
    >>> require_estimator("Ridge")
    Traceback (most recent call last):
    TypeError: estimator must be an object with fit and get_params, as Ridge(). Got 'Ridge' instead.
    """
    if isinstance(estimator, type) or not hasattr(estimator, "fit") or not hasattr(estimator, "get_params"):
        raise TypeError(f"estimator must be an object with fit and get_params, as Ridge(). Got {estimator!r} instead.")


def takes_weights(estimator: Any) -> bool:
    """Tell whether `fit` has a parameter `sample_weight`; that of a pipeline has not.

    Examples
    --------
    >>> from panlearn.linear_model import Ridge
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> takes_weights(Ridge()), takes_weights(KNeighborsClassifier())
    (True, False)
    """
    return has_fit_parameter(estimator, "sample_weight")


def check_weights(estimator: Any, sample_weight: Any, n: int) -> np.ndarray | None:
    """The weights as an array, for an estimator that can use them.

    Raises
    ------
    DataError
        If there is not one non-negative weight a row, all are 0, or the estimator takes none.
    """
    if sample_weight is None:
        return None
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (n,) or not np.isfinite(weight).all() or (weight < 0).any() or not weight.any():
        raise DataError(f"sample_weight must hold {n} finite numbers ≥ 0, not all of them 0.")
    if not takes_weights(estimator):
        raise DataError(f"{type(estimator).__name__}.fit takes no sample_weight: leave it out, or use another method.")
    return weight


def fit_to_counts(
    estimator: Any,
    X: Any,
    y: np.ndarray,
    counts: np.ndarray,
    *,
    seed: int,
    sample_weight: np.ndarray | None = None,
    weighted: bool = False,
) -> Any:
    """Fit a copy of the estimator to the rows, each taken `counts` times.

    Parameters
    ----------
    estimator : estimator
        Not changed.
    X : array_like of shape (n, p)
        Rows.
    y : ndarray of shape (n,)
        Labels or amounts.
    counts : ndarray of shape (n,)
        Whole numbers.
    seed : int
        For every `random_state` of the copy that is None.
    sample_weight : ndarray of shape (n,), optional
        Weights of the rows, which their counts multiply.
    weighted : bool
        Pass the counts as weights.

    Returns
    -------
    estimator
        The copy, fitted.

    Examples
    --------
    >>> from panlearn.linear_model import LinearRegression
    >>> X, y, counts = np.array([[0.0], [1.0], [2.0]]), np.array([0.0, 2.0, 1.0]), np.array([1, 0, 2])
    >>> models = [fit_to_counts(LinearRegression(), X, y, counts, seed=0, weighted=w) for w in (True, False)]
    >>> [model.coef_.round(6).tolist() for model in models]
    [[0.5], [0.5]]
    """
    model = seeded(clone(estimator), seed)
    rows = np.flatnonzero(counts) if weighted else np.repeat(np.arange(counts.size), counts)
    weight = counts[rows].astype(np.float64) if weighted else None
    if sample_weight is not None:
        weight = sample_weight[rows] if weight is None else weight * sample_weight[rows]
    if weight is None:
        return model.fit(_safe_indexing(X, rows), y[rows])
    return model.fit(_safe_indexing(X, rows), y[rows], sample_weight=weight)


def seeded(model: Any, seed: int) -> Any:
    """Set every `random_state` that is None, of the model and of its parts; one that was chosen stays.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> seeded(DecisionTreeClassifier(), 7).random_state, seeded(DecisionTreeClassifier(random_state=1), 7).random_state
    (7, 1)
    """
    parameters = model.get_params(deep=True)
    states = [key for key in parameters if key.split("__")[-1] == "random_state" and parameters[key] is None]
    return model.set_params(**dict.fromkeys(states, int(seed))) if states else model
