"""Training loss, out-of-bag loss and early stopping of classical gradient boosting.

With `subsample` below 1 the rows that a round did not see tell how much it improved: an estimate of the test loss for
nothing, though a pessimistic one [friedman2002]. The loss of squared error and of two classes is counted twice (the
deviance), as scikit-learn does.

Course notes: 000 §4.6.
"""

from typing import Any

import numpy as np

from panlearn.ensemble.gradient_boosting.boosted_loss import BoostedLoss, Squared, TwoClasses
from panlearn.ensemble.gradient_boosting.early_stopping import Rows

OUT_OF_BAG = ("oob_improvement_", "oob_scores_", "oob_score_")


class StageScores:
    """Keeps the scores of a model in training; its attributes hold them after each round."""

    def __init__(self, model: Any, loss: BoostedLoss, training: Rows, validation: Rows | None, ensemble: Any) -> None:
        self.model, self.loss, self.training, self.validation = model, loss, training, validation
        self.factor = 2.0 if isinstance(loss, (Squared, TwoClasses)) else 1.0
        self.first_raw = ensemble.raw.copy() if model.subsample < 1.0 else None
        self.history = np.full(model.n_iter_no_change or 0, np.inf)
        self.measures = getattr(loss, "has_values", True)

    def clear(self) -> None:
        """Forget the scores of an earlier fit."""
        self.model.train_score_ = np.empty(0)
        for name in OUT_OF_BAG:
            self.model.__dict__.pop(name, None)

    def _mean(self, rows: Rows, raw: np.ndarray, index: Any = slice(None)) -> float:
        if not self.measures:
            return np.nan
        weight = None if rows.weight is None else rows.weight[index]
        if weight is not None and not weight.any():
            return 0.0
        return self.factor * self.loss.mean(raw[index], rows.y[index], weight)

    def record(self, t: int, ensemble: Any) -> None:
        """Measure after round t."""
        model, sample = self.model, ensemble.sample
        seen = slice(None) if sample.rows is None else sample.rows
        model.train_score_ = np.append(model.train_score_, self._mean(self.training, ensemble.raw, seen))
        if model.subsample < 1.0 and sample.left_out is not None:
            self._record_out_of_bag(t, ensemble)

    def _record_out_of_bag(self, t: int, ensemble: Any) -> None:
        model, left_out = self.model, ensemble.sample.left_out
        for name in OUT_OF_BAG[:2]:  # rounds before `subsample` was set count 0
            known = getattr(model, name, np.zeros(t))
            setattr(model, name, np.append(known, np.zeros(t + 1 - len(known))))
        score = self._mean(self.training, ensemble.raw, left_out)
        before = model.oob_scores_[t - 1] if t else self._mean(self.training, self.first_raw, left_out)  # type: ignore[arg-type]
        model.oob_scores_[t], model.oob_improvement_[t] = score, before - score
        model.oob_score_ = model.oob_scores_[-1]

    def should_stop(self, ensemble: Any) -> bool:
        """Whether the validation loss is better than none of the last `n_iter_no_change`."""
        if self.validation is None:
            return False
        found = self._mean(self.validation, ensemble.raw_validation)
        if np.any(found + self.model.tol < self.history):
            self.history[(len(ensemble.trees) - 1) % len(self.history)] = found
            return False
        return True
