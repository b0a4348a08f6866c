"""Networks that classify: labels to codes, outputs to probabilities.

    one class a row      K outputs z, P(k) = e^{z_k} / sum_j e^{z_j}, loss -log P(y): softmax and cross-entropy
    two classes          where the estimator says so, one output z, P(1) = 1 / (1 + e^{-z}): the same model
    labels (n, L) of 0/1 L outputs, each its own logistic regression: binary cross-entropy

The gradient of the loss in z is P - onehot(y) in all three. Weights of classes multiply those of the rows. Label
smoothing spreads a share of each label over all classes. Course notes: 001 §5, 002.
"""

from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d
from torch import Tensor

from panlearn.core.base import Classifier
from panlearn.core.constraints import options, validated
from panlearn.core.errors import DataError
from panlearn.neural_network.neural_estimator import Interval, NeuralEstimator, Real
from panlearn.neural_network.training.batches import Rows
from panlearn.neural_network.training.objective import OBJECTIVES, Objective, smoothed


class NetworkClassifier(Classifier, NeuralEstimator):
    """Base of neural classifiers."""

    class_weight: Any
    label_smoothing: float
    _one_logit: ClassVar[bool] = False  # two classes: one output rather than two
    _multilabel_allowed: ClassVar[bool] = False  # y may be (n, L) of 0 and 1
    _multilabel: bool = False

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **NeuralEstimator._parameter_constraints,
        "class_weight": [dict, options("balanced"), None],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
    }

    @validated
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> "NetworkClassifier":
        """Go once through these rows, from where the last call ended.

        Parameters
        ----------
        X : array-like
            Rows.
        y : array-like of shape (n,)
            Labels.
        classes : array-like of shape (K,), optional
            All labels that will ever come; needed in the first call.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        NetworkClassifier
            The fitted estimator.
        """
        if isinstance(self.class_weight, str):
            raise DataError(
                'class_weight="balanced" needs all labels at once, which partial_fit does not see: pass a dict.'
            )
        if not hasattr(self, "module_"):
            if classes is None:
                raise DataError("classes must be passed on the first call to partial_fit: all labels that will come.")
            self._announced = np.unique(np.asarray(classes))
        elif classes is not None and not np.array_equal(self.classes_, np.unique(np.asarray(classes))):
            raise DataError(f"classes={classes!r} is not the same as on the last call: {self.classes_.tolist()}.")
        try:
            self._partial_fit(X, y, sample_weight)
        finally:
            self.__dict__.pop("_announced", None)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Most probable labels.

        Parameters
        ----------
        X : array-like
            Rows.

        Returns
        -------
        ndarray of shape (n,), or (n, L) of 0 and 1
            Labels.
        """
        z = self._outputs(X, link=False)
        if self._multilabel:
            return (z > 0).astype(np.int64)
        return self.classes_[(z[:, 0] > 0).astype(np.intp) if z.shape[1] == 1 else z.argmax(1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes.

        Parameters
        ----------
        X : array-like
            Rows.

        Returns
        -------
        ndarray of shape (n, K)
            Each row sums to 1, but for independent labels.
        """
        p = self._outputs(X)
        return np.concatenate([1 - p, p], axis=1) if p.shape[1] == 1 and not self._multilabel else p

    def _objective(self) -> Objective:
        """Cross-entropy, of one class a row or of each label."""
        if self._multilabel or self._n_outputs == 1:
            return OBJECTIVES["binary_cross_entropy"]
        return smoothed(self.label_smoothing) if self.label_smoothing else OBJECTIVES["cross_entropy"]

    def _target(self, y: Any, *, reset: bool) -> Tensor:
        """Codes (n,) of the labels; zeros and ones (n, 1) or (n, L) where outputs are independent."""
        y = y.toarray() if hasattr(y, "toarray") else np.asarray(y)
        if self._multilabel_allowed and y.ndim == 2 and y.shape[1] > 1:
            return self._indicators(y, reset)
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        if reset:
            codes = self._announced_codes(y) if hasattr(self, "_announced") else self._encode(y)
            self._multilabel = False
            self._n_outputs = self._width(len(self.classes_))
        else:
            codes = self._known_codes(y)
        codes = torch.from_numpy(np.require(codes, np.int64, "W"))  # torch warns of memory that is read-only
        return codes[:, None].to(self._float_type()) if self._n_outputs == 1 else codes

    def _width(self, n_classes: int) -> int:
        """Outputs of the network."""
        return 1 if self._one_logit and n_classes == 2 else n_classes

    def _float_type(self) -> torch.dtype:
        """Type of zeros and ones."""
        return torch.float32

    def _announced_codes(self, y: np.ndarray) -> np.ndarray:
        """Codes in the first call of `partial_fit`."""
        if len(self._announced) < 2:
            raise DataError(f"classes must hold at least 2 labels, got {self._announced.tolist()}.")
        self.classes_ = self._announced
        return self._known_codes(y)

    def _known_codes(self, y: np.ndarray) -> np.ndarray:
        """Codes of labels among `classes_`."""
        check_classification_targets(y)
        codes = np.minimum(np.searchsorted(self.classes_, y), len(self.classes_) - 1)
        odd = self.classes_[codes] != y
        if odd.any():
            raise DataError(
                f"y holds the label {y[odd].tolist()[0]!r}, which is none of the classes {self.classes_.tolist()}: "
                "with partial_fit name all labels in the first call, with warm_start fit anew."
            )
        return codes

    def _indicators(self, y: np.ndarray, reset: bool) -> Tensor:
        """Zeros and ones of independent labels."""
        if not np.isin(y, (0, 1)).all():
            raise DataError("y of shape (n, L) must hold 0 and 1, one column a label.")
        if reset:
            self._multilabel, self._n_outputs, self.classes_ = True, y.shape[1], np.arange(y.shape[1])
        elif y.shape[1] != self._n_outputs:
            raise DataError(f"y has {y.shape[1]} labels a row, {self._n_outputs} were fitted.")
        return torch.from_numpy(y.astype(np.int64)).to(self._float_type())

    def _row_weights(self, rows: Rows, y: Any, sample_weight: Any) -> np.ndarray | None:
        weight = super()._row_weights(rows, y, sample_weight)
        return weight if self._multilabel else self._class_weighted(self.class_weight, np.asarray(y).ravel(), weight)

    def _strata(self, target: Tensor) -> np.ndarray | None:
        return None if self._multilabel else target.flatten().numpy()

    def _score(self, output: Tensor, target: Tensor, weight: Tensor | None) -> float:
        """Share of rows that are right."""
        if target.ndim == 2:
            right = ((output > 0) == (target > 0.5)).all(1).float()
        else:
            right = (output.argmax(1) == target).float()
        return float(right.mean() if weight is None else (weight * right).sum() / weight.sum())
