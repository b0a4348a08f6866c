"""What gradient boosting asks of a loss L(y, z), z the sum of the trees [friedman2001], [chen2016].

| asked         | squared | absolute, quantile    | Huber        | Poisson, gamma, Tweedie | classes           |
|---------------|---------|-----------------------|--------------|-------------------------|-------------------|
| gradient      | z - y   | 1 - q or -q           | cut residual | by the log link         | p_k - y_k         |
| curvature     | 1       | 1 (it is 0: no help)  | 1            | exact                   | p_k (1 - p_k)     |
| start         | mean    | q-quantile            | median       | log of the mean         | log-odds, log p_k |
| leaves anew   | no      | quantile of residuals | cut mean     | no                      | no                |

The losses themselves are those of `panlearn.losses`; here stands only what boosting adds: the constant to start from,
the value of a leaf, the inverse link. Raw predictions are arrays (n, k), one column a tree of the round. The losses of
one raw prediction take y of several columns as well, (n, k): several targets, each with trees of its own.

Course notes: 000 §4.6.
"""

from typing import Any

import numpy as np
from scipy.special import expit, softmax

from panlearn.ensemble.gradient_boosting.leaf_values import huber_steps, quantiles, weighted_quantile
from panlearn.losses.cross_entropy import BinaryCrossEntropy, SoftmaxCrossEntropy
from panlearn.losses.exponential import Exponential
from panlearn.losses.exponential_family import ExponentialFamilyLoss, PowerVariance
from panlearn.losses.huber import Huber
from panlearn.losses.links import Log
from panlearn.losses.pinball import Pinball
from panlearn.losses.squared_error import SquaredError

EDGE = float(np.finfo(np.float64).eps)  # probabilities stay this far from 0 and 1, where log-odds are infinite
Derivatives = tuple[np.ndarray, np.ndarray | None]


class BoostedLoss:
    """Base: a loss of one raw prediction a target; `inner` is the loss itself."""

    inner: Any
    fused = ""  # name of the engine's kernel that computes gradients and quantises them in one pass
    constant_hessian = False  # the second derivative is 1
    refines = False  # leaf values come from `leaf_values`
    starts_best = True  # `start` is the best constant: a tree without a split has nothing to add
    step = 1.0  # factor on Newton steps of leaves in classical boosting

    def __init__(self, columns: int = 1) -> None:
        self.columns = columns

    def begin(self, raw: np.ndarray, y: np.ndarray, weight: np.ndarray | None) -> None:
        """Adapt to the residuals before a round."""

    def start(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Constant raw prediction of least loss, (k,)."""
        return np.array([self._constant(target, weight) for target in _matrix(y).T], dtype=np.float64)

    def _constant(self, y: np.ndarray, weight: np.ndarray | None) -> float:
        return float(np.average(y, weights=weight))

    def values(self, raw: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Loss of each row, (n,); the mean over several targets."""
        return self.inner.values(raw, _matrix(y)).mean(axis=1)

    def derivatives(self, raw: np.ndarray, y: np.ndarray) -> Derivatives:
        """First and second derivatives in z, (n, k) each; None where the second is 1."""
        if self.constant_hessian:
            return self.inner.slopes(raw, _matrix(y)), None
        return self.inner.derivatives(raw, _matrix(y))[1:]

    def leaf_values(
        self, residual: np.ndarray, weight: np.ndarray | None, order: np.ndarray, starts: np.ndarray
    ) -> np.ndarray:
        """Best constant of each leaf, from y - z; only where `refines`."""
        raise NotImplementedError

    def inverse(self, raw: np.ndarray) -> np.ndarray:
        """Prediction from raw predictions."""
        return raw

    def predict_proba(self, raw: np.ndarray) -> np.ndarray:
        """Probabilities of the classes from raw predictions, for the losses that have them."""
        raise NotImplementedError

    def mean(self, raw: np.ndarray, y: np.ndarray, weight: np.ndarray | None) -> float:
        """Weighted mean loss."""
        return float(np.average(self.values(raw, y), weights=weight))

    def __call__(self, y_true: Any, raw_prediction: Any, sample_weight: Any = None) -> float:
        """Weighted mean loss, as scikit-learn's losses are called."""
        return self.mean(_matrix(np.asarray(raw_prediction)), np.asarray(y_true), sample_weight)


class Squared(BoostedLoss):
    """1/2 (z - y)^2."""

    inner = SquaredError()
    fused = "squared_error"
    constant_hessian = True


class Quantile(BoostedLoss):
    """Pinball loss, times `scale`: 2 makes the absolute error of q = 1/2."""

    constant_hessian = True
    refines = True

    def __init__(self, q: float, columns: int = 1, scale: float = 1.0) -> None:
        super().__init__(columns)
        self.inner, self.scale = Pinball(q), scale

    def _constant(self, y: np.ndarray, weight: np.ndarray | None) -> float:
        return weighted_quantile(y, weight, self.inner.parameter)

    def values(self, raw: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Loss of each row, (n,)."""
        return self.scale * super().values(raw, y)

    def derivatives(self, raw: np.ndarray, y: np.ndarray) -> Derivatives:
        """First and second derivatives in z."""
        return self.scale * self.inner.slopes(raw, _matrix(y)), None

    def leaf_values(self, residual, weight, order, starts):
        """Best constant of each leaf, from y - z."""
        return quantiles(residual, weight, self.inner.parameter, order, starts)


class HuberQuantile(BoostedLoss):
    """Huber's loss whose threshold is, each round, the `alpha`-quantile of the absolute residuals."""

    constant_hessian = True
    refines = True

    def __init__(self, alpha: float, columns: int = 1) -> None:
        super().__init__(columns)
        self.alpha, self.inner = alpha, Huber(0.5)

    def begin(self, raw: np.ndarray, y: np.ndarray, weight: np.ndarray | None) -> None:
        """Set the threshold."""
        size = np.abs(_matrix(y) - raw)
        repeated = None if weight is None else np.repeat(weight, size.shape[1])
        self.inner = Huber(weighted_quantile(size.ravel(), repeated, self.alpha))

    def _constant(self, y: np.ndarray, weight: np.ndarray | None) -> float:
        return weighted_quantile(y, weight, 0.5)

    def leaf_values(self, residual, weight, order, starts):
        """Best constant of each leaf, from y - z."""
        return huber_steps(residual, weight, self.inner.parameter, order, starts)


class LogLink(BoostedLoss):
    """Half the deviance of a family with variance mu^p, mean exp z: Poisson p = 1, gamma p = 2, Tweedie between."""

    def __init__(self, power: float, columns: int = 1) -> None:
        super().__init__(columns)
        self.inner = ExponentialFamilyLoss(PowerVariance(power), Log())

    def _constant(self, y: np.ndarray, weight: np.ndarray | None) -> float:
        return float(np.log(max(super()._constant(y, weight), 10 * EDGE)))

    def inverse(self, raw: np.ndarray) -> np.ndarray:
        """Prediction from raw predictions."""
        return np.exp(raw)


class TwoClasses(BoostedLoss):
    """Cross-entropy of two classes."""

    inner = BinaryCrossEntropy()
    fused = "log_loss"

    def _constant(self, y: np.ndarray, weight: np.ndarray | None) -> float:
        p = np.clip(super()._constant(y, weight), 10 * EDGE, 1.0 - 10 * EDGE)
        return float(np.log(p / (1.0 - p)))

    def values(self, raw: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Loss of each row, (n,)."""
        return self.inner.values(raw, y)

    def derivatives(self, raw: np.ndarray, y: np.ndarray) -> Derivatives:
        """First and second derivatives in z."""
        _, first, second = self.inner.derivatives(raw, y)
        return first[:, None], second[:, None]

    def inverse(self, raw: np.ndarray) -> np.ndarray:
        """Prediction from raw predictions."""
        return expit(raw)

    def predict_proba(self, raw: np.ndarray) -> np.ndarray:
        """Probabilities of the classes."""
        p = expit(raw.ravel())
        return np.column_stack([1.0 - p, p])


class ManyClasses(BoostedLoss):
    """Cross-entropy of K classes; y holds codes 0..K-1."""

    fused = "softmax"

    def __init__(self, columns: int) -> None:
        super().__init__(columns)
        self.inner = SoftmaxCrossEntropy(columns)
        self.step = (columns - 1) / columns  # of [friedman2001] Algorithm 6

    def start(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Constant raw prediction of least loss, (k,)."""
        share = np.bincount(y.astype(np.intp), weight, minlength=self.columns) / (
            len(y) if weight is None else weight.sum()
        )
        log_share = np.log(np.clip(share, EDGE, 1.0 - EDGE))
        return log_share - log_share.mean()

    def values(self, raw: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Loss of each row, (n,)."""
        return self.inner.values(raw, y.astype(np.intp))

    def derivatives(self, raw: np.ndarray, y: np.ndarray) -> Derivatives:
        """First and second derivatives in z."""
        p = self.inner.probabilities(raw)
        return self.inner.residuals(p, y.astype(np.intp)), p * (1.0 - p)

    def inverse(self, raw: np.ndarray) -> np.ndarray:
        """Prediction from raw predictions."""
        return softmax(raw, axis=1)

    predict_proba = inverse


class ExponentialClasses(BoostedLoss):
    """Exponential loss of two classes: AdaBoost as gradient boosting."""

    inner = Exponential()

    def _constant(self, y: np.ndarray, weight: np.ndarray | None) -> float:
        p = np.clip(super()._constant(y, weight), EDGE, 1.0 - EDGE)
        return float(0.5 * np.log(p / (1.0 - p)))

    def inverse(self, raw: np.ndarray) -> np.ndarray:
        """Prediction from raw predictions."""
        return expit(2.0 * raw)

    def predict_proba(self, raw: np.ndarray) -> np.ndarray:
        """Probabilities of the classes."""
        p = expit(2.0 * raw.ravel())
        return np.column_stack([1.0 - p, p])


def _matrix(y: np.ndarray) -> np.ndarray:
    """Targets as columns."""
    return y[:, None] if y.ndim == 1 else y
