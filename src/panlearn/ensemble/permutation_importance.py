r"""Importance by permutation, out of bag [breiman2001].

    I_j = 1/T sum_t (1/|O_t| sum_{i in O_t} loss(y_i, f_t(x_i with x_j permuted)) - loss(y_i, f_t(x_i)))

O_t holds the rows that tree t has not seen. Unlike the decrease of impurity, which is measured on the rows that chose
the splits, it does not favour features with many values. Two features that say the same hide one another: permuting
one, the other still answers. Loss: 0/1 or the squared error. Cost: one prediction for each tree and feature it uses.
"""

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import is_classifier
from sklearn.utils import check_random_state

from panlearn.core.errors import DataError
from panlearn.ensemble.bootstrap import rows_left_out
from panlearn.tree.prediction import sum_leaf_values


def oob_permutation_importances(forest: Any, X: Any, y: np.ndarray, random_state: Any) -> np.ndarray:
    """Mean over the trees of the rise of the loss on their out-of-bag rows, (p,)."""
    if not forest.bootstrap:
        raise DataError("Out of bag importances only available if bootstrap=True")
    if len(y) != forest._n_samples or X.shape[0] != len(y):
        raise DataError(f"X and y must be those of fit, with {forest._n_samples} rows. Got {X.shape[0]} and {len(y)}.")
    random, packed = check_random_state(random_state), forest._packed_trees()
    total, judged = np.zeros(X.shape[1]), 0
    for t, sampled in enumerate(forest.estimators_samples_):
        rows = rows_left_out(sampled, len(y))
        if len(rows) == 0:
            continue
        part = np.array(X[rows].toarray() if issparse(X) else X[rows])
        plain, judged = _loss(forest, packed, t, part, y[rows]), judged + 1
        tree = forest.estimators_[t].tree_
        for j in np.unique(tree.feature[tree.children_left >= 0]):
            kept = part[:, j].copy()
            part[:, j] = random.permutation(kept)
            total[j] += _loss(forest, packed, t, part, y[rows]) - plain
            part[:, j] = kept
    return total / max(judged, 1)


def _loss(forest: Any, packed: Any, t: int, X: np.ndarray, y: np.ndarray) -> float:
    found = sum_leaf_values(packed, X, first=t, last=t + 1).reshape(len(X), forest.n_outputs_, -1)
    wrong = found.argmax(axis=2) != y if is_classifier(forest) else (found[:, :, 0] - y) ** 2
    return float(wrong.mean())
