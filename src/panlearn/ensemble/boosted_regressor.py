"""What a boosted regressor predicts: the inverse link of the sum of its trees, at the end and after each round.

Course notes: 000 §4.6.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin

from panlearn.core.errors import DataError
from panlearn.ensemble.boosted_trees import BoostedTrees


class BoostedRegressor(RegressorMixin, BoostedTrees):
    """Base of the regressors."""

    loss: Any

    def _encode_targets(self, y: np.ndarray) -> np.ndarray:
        """Targets as floats; sets `n_trees_per_iteration_`, one tree a target.

        Raises
        ------
        ValueError
            If the loss has no meaning for some y.
        """
        self.n_trees_per_iteration_ = 1 if y.ndim == 1 else y.shape[1]
        y = y.astype(np.float64, copy=False)
        if isinstance(self.loss, str) and self.loss == "gamma" and not np.all(y > 0):
            raise DataError("loss='gamma' requires strictly positive y.")
        counts = isinstance(self.loss, str) and self.loss in ("poisson", "tweedie")
        if counts and not (np.all(y >= 0) and np.all(np.sum(y, axis=0) > 0)):
            raise DataError(f"loss='{self.loss}' requires non-negative y and sum(y) > 0.")
        return y

    def _predicted(self, raw: np.ndarray) -> np.ndarray:
        found = self._loss.inverse(raw)
        return found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found

    def predict(self, X: Any) -> np.ndarray:
        """Predict targets.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n,) or (n, targets)
        """
        raw = self._raw_predict(X)
        return self._predicted(raw)

    def staged_predict(self, X: Any) -> Iterator[np.ndarray]:
        """Predictions after each round.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Features.

        Yields
        ------
        ndarray of shape (n,) or (n, targets)
        """
        for raw in self._staged_raw_predict(X):
            yield self._predicted(raw)
