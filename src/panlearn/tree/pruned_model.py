"""A fitted estimator with another tree, and rows in the form its tree knows: what all public pruning functions need."""

import copy
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import is_classifier
from sklearn.utils.validation import _check_sample_weight, check_array, check_is_fitted

from panlearn.core.errors import DataError
from panlearn.tree.tree_structure import Tree

ANY_TYPE: Any = {"dtype": None}


def with_tree(model: Any, tree: Tree) -> Any:
    """A copy of a fitted estimator that holds another tree.

    Parameters
    ----------
    model : estimator
        A fitted decision tree; it stays as it is.
    tree : Tree
        The tree of the copy.

    Returns
    -------
    estimator
        The copy.
    """
    pruned = copy.copy(model)
    pruned.tree_ = tree
    pruned.certificate_ = model._certificate(tree)
    return pruned


def is_fractional(model: Any) -> bool:
    """Whether the model sends missing values down all branches.

    Parameters
    ----------
    model : estimator
        A decision tree.

    Returns
    -------
    bool
        True for ID3 and C4.5.
    """
    return getattr(model, "_fractional_missing", False)


def dense(X: Any) -> np.ndarray:
    """The rows as an array: a sparse matrix is written out.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n, p)
        Rows.

    Returns
    -------
    ndarray of shape (n, p)
        The same numbers.
    """
    return X.toarray() if issparse(X) else X


def hold_out_rows(model: Any, X: Any, y: Any, sample_weight: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Rows as the model's tree knows them.

    Parameters
    ----------
    model : estimator
        A fitted decision tree.
    X : array-like or frame of shape (n, p)
        Features.
    y : array-like of shape (n,) or (n, outputs)
        Targets; a class that the model does not know gets the code -1, and is an error wherever it ends.
    sample_weight : array-like of shape (n,), optional
        Weights of the rows.

    Returns
    -------
    tuple
        X (n, p), y (n, outputs) as codes or numbers, weight (n,) or None.

    Raises
    ------
    ValueError
        If X and y do not fit the model.
    """
    check_is_fitted(model)
    rows = dense(model._checked(X, True))
    targets = check_array(y, ensure_2d=False, **ANY_TYPE, input_name="y")
    targets = targets.reshape(-1, 1) if targets.ndim == 1 else targets
    if targets.shape != (len(rows), len(model.tree_.n_classes)):
        raise DataError(
            f"y must have {len(rows)} rows and {len(model.tree_.n_classes)} outputs, as X and the model have. "
            f"Got {targets.shape}."
        )
    if sample_weight is not None:
        sample_weight = _check_sample_weight(sample_weight, rows, dtype=np.float64, ensure_non_negative=True)
    if not is_classifier(model):
        return rows, targets.astype(np.float64), sample_weight
    labels = [model.classes_] if targets.shape[1] == 1 else model.classes_
    codes = [_codes(column, classes) for column, classes in zip(targets.T, labels)]
    return rows, np.column_stack(codes), sample_weight


def _codes(y: np.ndarray, classes: np.ndarray) -> np.ndarray:
    if (y.dtype.kind in "OUS") != (np.asarray(classes).dtype.kind in "OUS"):
        raise DataError(f"y holds labels of another kind than in fit: {y[:1].tolist()} against {classes[:1].tolist()}.")
    place = np.minimum(np.searchsorted(classes, y), len(classes) - 1)
    return np.where(np.asarray(classes)[place] == y, place, -1)
