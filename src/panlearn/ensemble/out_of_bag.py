"""Out-of-bag means: each row judged by the trees that did not see it [breiman2001].

A row is left out of a bootstrap sample with probability 0.368, so of T trees some T/3 judge it: an estimate of the test
error that costs no data and no second fit. It is a little pessimistic, being that of a forest of T/3 trees.
"""

import warnings
from typing import Any

import numpy as np
from scipy.sparse import issparse

from panlearn.ensemble.bootstrap import rows_left_out
from panlearn.tree.prediction import sum_leaf_values


def out_of_bag_means(forest: Any, X: Any) -> np.ndarray:
    """Mean value of each row's leaves in the trees that did not see it, (n, outputs, classes); 0 where all did."""
    n, packed = X.shape[0], forest._packed_trees()
    X = X.tocsr() if issparse(X) else X
    total, count = np.zeros((n, packed.n_outputs)), np.zeros(n)
    for t, sampled in enumerate(forest.estimators_samples_):
        rows = rows_left_out(sampled, n)
        total[rows] += sum_leaf_values(packed, X[rows], first=t, last=t + 1)
        count[rows] += 1
    if (count == 0).any():
        warnings.warn(
            "Some inputs do not have OOB scores. This probably means too few trees were used to compute any reliable "
            "OOB estimates.",
            UserWarning,
            stacklevel=7,
        )
    return (total / np.maximum(count, 1)[:, None]).reshape(n, forest.n_outputs_, -1)
