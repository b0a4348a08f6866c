"""An objective of the user's own, as a function of gradients or as an object.

- A function `(y, raw) -> (gradient, hessian)`: both of the shape of `raw`, which is (n,) for one raw prediction a row
  and (n, K) for K classes. The trees start from 0. A Hessian that is not positive is taken for a small positive one.
- An object with `gradient_hessian(y_true=, raw_prediction=)`, and as far as they make sense `loss(y_true=,
  raw_prediction=)` (the losses of the rows, for early stopping), `fit_intercept_only(y_true=, sample_weight=)` (the
  start), `link.inverse(raw)` and `predict_proba(raw)`: what scikit-learn's own loss objects have.

Course notes: 000 §4.6.
"""

from typing import Any

import numpy as np
from scipy.special import expit, softmax

from panlearn.core.errors import DataError
from panlearn.ensemble.gradient_boosting.boosted_loss import BoostedLoss, Derivatives

LEAST = 1e-16  # Hessians are at least this


class CustomObjective(BoostedLoss):
    """Adapter of the user's objective."""

    starts_best = False

    def __init__(self, objective: Any, columns: int) -> None:
        super().__init__(columns)
        self.objective = objective

    @property
    def has_values(self) -> bool:
        """Whether the objective can be evaluated, as early stopping on the loss needs."""
        return hasattr(self.objective, "loss")

    def _shaped(self, raw: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(raw[:, 0] if self.columns == 1 else raw)

    def start(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Constant raw prediction of least loss, (k,)."""
        if hasattr(self.objective, "fit_intercept_only"):
            return np.reshape(self.objective.fit_intercept_only(y_true=y, sample_weight=weight), -1).astype(np.float64)
        return np.zeros(self.columns)

    def values(self, raw: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Loss of each row, (n,)."""
        return np.asarray(self.objective.loss(y_true=y, raw_prediction=self._shaped(raw)), dtype=np.float64)

    def derivatives(self, raw: np.ndarray, y: np.ndarray) -> Derivatives:
        """First and second derivatives in z."""
        shaped = self._shaped(raw)
        if hasattr(self.objective, "gradient_hessian"):
            found = self.objective.gradient_hessian(y_true=y, raw_prediction=shaped)
        else:
            found = self.objective(y, shaped)
        g, h = (np.asarray(part, dtype=np.float64) for part in found)
        if g.shape != shaped.shape or h.shape != shaped.shape:
            raise DataError(
                f"The objective must return a gradient and a Hessian of shape {shaped.shape}, as raw has. "
                f"Got {g.shape} and {h.shape}."
            )
        if not (np.isfinite(g).all() and np.isfinite(h).all()):
            raise DataError("The objective returned NaN or infinite derivatives: bound them, or lower learning_rate.")
        return g.reshape(raw.shape), np.maximum(h, LEAST).reshape(raw.shape)

    def inverse(self, raw: np.ndarray) -> np.ndarray:
        """Prediction from raw predictions."""
        link = getattr(self.objective, "link", None)
        return raw if link is None else link.inverse(raw)

    def predict_proba(self, raw: np.ndarray) -> np.ndarray:
        """Probabilities of the classes."""
        if hasattr(self.objective, "predict_proba"):
            return self.objective.predict_proba(self._shaped(raw))
        if self.columns > 1:
            return softmax(raw, axis=1)
        p = expit(raw[:, 0])
        return np.column_stack([1.0 - p, p])
