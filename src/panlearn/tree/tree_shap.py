"""Shapley values of a fitted model whose prediction is a sum of trees: one tree, a forest, boosting.

A model takes part by what it already has, `tree_` (one tree) or `estimators_` that hold one each and are averaged, or
by a method `_shap_trees()` that returns (trees, outputs, factors, constant): the prediction is the constant plus the
factors times the trees' values, each added to its output (-1: a tree has a value for every output). Shapley values are
linear in the prediction, so those of the trees add up [lundberg2020].
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import check_is_fitted

from panlearn.core.errors import DataError
from panlearn.tree.tree_structure import Tree

DENSE = 1 << 22  # entries of a block of sparse rows made dense


class TreeSum(NamedTuple):
    """A prediction as a sum of trees."""

    trees: Sequence[Tree]
    outputs: Sequence[int]  # which output a tree is added to; -1: its values are for all of them
    factors: Sequence[float]
    constant: np.ndarray  # (k,)


def shap_values(model: Any, X: Any, *, background: Any = None, return_base: bool = False) -> Any:
    """What each feature of a row adds to its prediction: exact Shapley values.

    Explained are probabilities of trees and forests that classify, means of those that regress, and the raw scores of
    boosting. For each row, base value + sum over the features = prediction.

    Parameters
    ----------
    model : estimator
        A fitted tree, forest or boosting of trees.
    X : array-like, frame or sparse matrix of shape (n, p)
        Rows to explain.
    background : array-like or frame of shape (m, p), optional
        Rows that stand for the features left out ("interventional"); time grows with m. By default the branches are
        taken as the training rows took them ("path-dependent").
    return_base : bool, default=False
        Return the base value as well.

    Returns
    -------
    values : ndarray of shape (n, p), or (n, p, K) for several classes or targets
        Shapley values.
    base : float, or ndarray of shape (K,)
        Mean prediction over the background; only if asked for.

    Raises
    ------
    ValueError
        If the model is no sum of trees.

    References
    ----------
    [lundberg2020], [owen1972]

    Examples
    --------
    The values add up to the prediction, and a feature that no tree asks about gets nothing:

    >>> import numpy as np
    >>> from panlearn.tree import DecisionTreeRegressor, shap_values
    >>> X = np.array([[0.0, 1.0, 5.0], [1.0, 0.0, 5.0], [2.0, 1.0, 5.0], [3.0, 0.0, 5.0]])
    >>> model = DecisionTreeRegressor().fit(X, X[:, 0] + 10 * X[:, 1])
    >>> values, base = shap_values(model, X[:1], return_base=True)
    >>> values.round(2), base, model.predict(X[:1])
    (array([[-1. ,  4.5,  0. ]]), 6.5, array([10.]))
    """
    check_is_fitted(model)
    known = _tree_sum(model)
    rows, others = _rows(model, X), None if background is None else _rows(model, background)
    if others is not None:
        others = _columns(others)
        if not others.shape[1]:
            raise DataError("background must hold at least one row, got none.")
    n, p = rows.shape
    out = np.zeros((n, p, len(known.constant)))
    step = max(1, DENSE // p) if issparse(rows) else max(1, n)
    base = known.constant.copy()
    for first in range(0, max(n, 1), step):
        part = slice(first, first + step)
        base = _add_up(known, _columns(rows[part]), others, getattr(model, "_fractional_missing", False), out[part])
    single = len(known.constant) == 1
    values = out[:, :, 0] if single else out
    return (values, float(base[0]) if single else base) if return_base else values


def _add_up(
    known: TreeSum, columns: np.ndarray, background: np.ndarray | None, fractional: bool, out: np.ndarray
) -> np.ndarray:
    """Add the values of all trees to `out`; returns the base value."""
    from panlearn.tree.path_shapley import tree_shap

    base = np.array(known.constant, dtype=np.float64)
    for tree, output, factor in zip(known.trees, known.outputs, known.factors, strict=True):
        values = tree.value.reshape(tree.node_count, -1) * factor
        first = max(output, 0)
        own = tree_shap(tree, columns, values, out, first=first, background=background, fractional=fractional)
        base[first : first + len(own)] += own
    return base


def _tree_sum(model: Any) -> TreeSum:
    if hasattr(model, "_shap_trees"):
        return TreeSum(*model._shap_trees())
    found = [model] if hasattr(model, "tree_") else getattr(model, "estimators_", ())
    trees: list[Any] = [getattr(each, "tree_", None) for each in found]
    if not trees or not all(isinstance(tree, Tree) for tree in trees):
        raise DataError(
            f"Shapley values need a model of panlearn whose prediction is a sum of its trees: a tree, a forest or "
            f"boosting. Got {type(model).__name__}."
        )
    k = trees[0].value[0].size
    return TreeSum(trees, [-1] * len(trees), [1 / len(trees)] * len(trees), np.zeros(k))


def _rows(model: Any, X: Any) -> Any:
    """Rows as the trees read them."""
    return model._checked(X, True) if hasattr(model, "tree_") else model._checked(X)


def _columns(rows: Any) -> np.ndarray:
    return np.ascontiguousarray((rows.toarray() if issparse(rows) else rows).T, dtype=np.float64)
