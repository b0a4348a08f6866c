"""What both kinds of gradient boosting are once they are fitted: a constant and a sum of scaled trees.

    z(x) = z_0 + sum over rounds t of s_t f_t(x)         s_t the learning rate (with dart: less)

A prediction is the inverse link of z: z itself, exp z, or probabilities. K classes, or K targets, have K trees a round.

Course notes: 000 §4.6.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from panlearn.core.base import Estimator
from panlearn.ensemble.gradient_boosting.boosted_loss import BoostedLoss
from panlearn.tree.tree_structure import Tree


class BoostedTrees(Estimator):
    """Base of the four estimators."""

    n_trees_per_iteration_: int
    _trees: list[list[Tree]]  # by round and column
    _scales: list[float]  # factor of each round
    _start: np.ndarray  # (k,) constant raw prediction

    @property
    def _loss(self) -> BoostedLoss:
        """The loss that the parameters name."""
        raise NotImplementedError

    def _checked(self, X: Any) -> Any:
        """X as the trees read it."""
        raise NotImplementedError

    @cached_property
    def _packed(self) -> Any:
        """All trees laid out for prediction, with their scales in the leaf values."""
        from panlearn.ensemble.gradient_boosting.tree_sums import pack_rounds

        return pack_rounds(self._trees, self._scales)

    def _forget_packed(self) -> None:
        self.__dict__.pop("_packed", None)

    def _pack(self) -> None:
        """Lay the trees out now, so that predicting leaves the model as it is."""
        self._forget_packed()
        if self._trees:
            self.__dict__["_packed"] = self._packed

    def __getstate__(self) -> dict:
        state: Any = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_packed"}

    def _starting(self, X: Any) -> np.ndarray:
        """Raw predictions before the first tree, (n, k)."""
        return np.tile(self._start, (X.shape[0], 1))

    def _raw_predict(self, X: Any) -> np.ndarray:
        """Sum of the trees for rows as the user gives them, (n, k)."""
        check_is_fitted(self)
        return self._raw_of_checked(self._checked(X))

    def _raw_of_checked(self, X: Any) -> np.ndarray:
        from panlearn.tree.prediction import sum_leaf_values

        raw = self._starting(X)
        return sum_leaf_values(self._packed, X, raw) if self._trees else raw

    def _staged_raw_predict(self, X: Any) -> Iterator[np.ndarray]:
        """The same after each round."""
        from panlearn.tree.prediction import sum_leaf_values

        check_is_fitted(self)
        X = self._checked(X)
        raw, k = self._starting(X), self.n_trees_per_iteration_
        for t in range(len(self._trees)):
            sum_leaf_values(self._packed, X, raw, first=t * k, last=(t + 1) * k)
            yield raw.copy()

    def _shap_trees(self) -> tuple[list[Tree], np.ndarray, np.ndarray, np.ndarray]:
        """Trees, the column and the factor of each, and the constant, for `panlearn.tree.tree_shap`."""
        k = self.n_trees_per_iteration_
        trees = [tree for stage in self._trees for tree in stage]
        return trees, np.tile(np.arange(k), len(self._trees)), np.repeat(self._scales, k), self._start

    def shap_values(self, X: Any) -> np.ndarray:
        """Exact Shapley values of the raw prediction (TreeSHAP) [lundberg2020].

        Parameters
        ----------
        X : array-like of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, p) or (n, p, K)
            What each feature adds to the raw prediction, against the mean over the training rows.
        """
        from panlearn.tree.tree_shap import shap_values

        check_is_fitted(self)
        return shap_values(self, X)
