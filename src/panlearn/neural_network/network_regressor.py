"""Networks that predict numbers: one output for each target, the mean through the loss's inverse link.

Course notes: 001 §5, 004 §7.
"""

from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.base import RegressorMixin
from sklearn.utils.validation import _check_y, column_or_1d
from torch import Tensor

from panlearn.core.constraints import validated
from panlearn.core.errors import DataError
from panlearn.neural_network.neural_estimator import NeuralEstimator
from panlearn.neural_network.training.objective import OBJECTIVES, Objective


class NetworkRegressor(RegressorMixin, NeuralEstimator):
    """Base of neural regressors."""

    loss: Any
    _flat: bool = True  # y was (n,), so predictions are
    _parameter_constraints: ClassVar[dict[str, list]] = {**NeuralEstimator._parameter_constraints}

    @validated
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> "NetworkRegressor":
        """Go once through these rows, from where the last call ended.

        Parameters
        ----------
        X : array-like
            Rows.
        y : array-like of shape (n,) or (n, k)
            Targets.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        NetworkRegressor
            The fitted estimator.
        """
        self._partial_fit(X, y, sample_weight)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Means of the targets.

        Parameters
        ----------
        X : array-like
            Rows.

        Returns
        -------
        ndarray of shape (n,) or (n, k)
            As y was in `fit`.
        """
        mean = self._outputs(X)
        return mean.reshape(len(mean)) if self._flat else mean

    def _objective(self) -> Objective:
        return OBJECTIVES[getattr(self, "loss", "squared_error")]

    def _target(self, y: Any, *, reset: bool) -> Tensor:
        """Targets (n, k), in the type of the network."""
        y = _check_y(y, multi_output=True, y_numeric=True, estimator=self)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        n_outputs = 1 if y.ndim == 1 else y.shape[1]
        if reset:
            self._flat, self._n_outputs = y.ndim == 1, n_outputs
        elif n_outputs != self._n_outputs:
            raise DataError(f"y has {n_outputs} columns, {self._n_outputs} were fitted.")
        if self._objective().name == "poisson" and (y < 0).any():
            raise DataError("the poisson loss needs counts: y >= 0.")
        values = np.require(y, np.float64, ["C", "W"]).reshape(len(y), -1)  # torch warns of memory that is read-only
        return torch.from_numpy(values).to(self._float_type())

    def _float_type(self) -> torch.dtype:
        """Type of the targets."""
        return torch.float32

    def _score(self, output: Tensor, target: Tensor, weight: Tensor | None) -> float:
        """R^2, over all outputs at once."""
        mean = self._objective().link(output)
        w = torch.ones(len(target), 1) if weight is None else weight[:, None]
        centre = (w * target).sum(0) / w.sum()
        spread = float((w * (target - centre).square()).sum())
        gap = float((w * (target - mean).square()).sum())
        return 1 - gap / spread if spread > 0 else float(gap == 0)
