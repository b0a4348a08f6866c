r"""Forests for regression: the mean of the trees, and through the members of the leaves the whole distribution.

    E(y | x) = sum_i w_i(x) y_i,      w_i(x) = 1/T sum_t [i in the leaf of x in tree t] / size of that leaf

A forest's prediction is a weighted mean of the training targets. With the same weights the sum of [y_i <= v] estimates
P(y <= v | x), and its inverse the quantiles [meinshausen2006]. Course notes: 000 §4.3, §4.4.
"""

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted

from panlearn.core.errors import DataError
from panlearn.ensemble.forest import Forest
from panlearn.ensemble.out_of_bag import out_of_bag_means
from panlearn.tree.training_data import TrainingData


class ForestRegressor(RegressorMixin, Forest):
    """Base of the forests that average."""

    keep_members: bool
    oob_prediction_: np.ndarray

    def _fit(self, X: Any, y: Any, sample_weight: Any) -> TrainingData:
        data = super()._fit(X, y, sample_weight)
        self._members = None
        if self.keep_members:
            from panlearn.ensemble.quantile_forest import leaf_members

            self._members = leaf_members(self, data)
        return data

    def _judge_out_of_bag(self, data: TrainingData) -> None:
        means = out_of_bag_means(self, data.X)[:, :, 0]
        self.oob_prediction_ = means[:, 0] if self.n_outputs_ == 1 else means
        score = self.oob_score
        if not callable(score):
            from sklearn.metrics import r2_score as score
        self.oob_score_ = score(data.y, self.oob_prediction_)

    def predict(self, X: Any) -> np.ndarray:
        """Predict the mean of the trees.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n,) or (n, outputs)
            Predictions.
        """
        means = self._mean_values(self._checked(X))[:, :, 0]
        return means[:, 0] if self.n_outputs_ == 1 else means

    def predict_quantiles(self, X: Any, q: Any = 0.5) -> np.ndarray:
        """Predict quantiles of the target given the features [meinshausen2006].

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Features.
        q : float or array-like of shape (m,), default=0.5
            Levels, from 0 to 1.

        Returns
        -------
        ndarray of shape (n,) or (n, m)
            For each level the least training target at which the weights of the targets up to it reach the level.
        """
        check_is_fitted(self)
        if self._members is None:
            raise DataError(
                f"predict_quantiles needs the rows in the leaves: fit {type(self).__name__}(keep_members=True)."
            )
        levels = np.asarray(q, dtype=np.float64)
        if levels.ndim > 1 or not ((levels >= 0) & (levels <= 1)).all():
            raise DataError(f"q must hold levels in the range [0, 1]. Got {q!r}.")
        from panlearn.ensemble.quantile_forest import weighted_quantiles

        found = weighted_quantiles(self._members, self.apply(X), np.atleast_1d(levels))
        return found[:, 0] if levels.ndim == 0 else found
