"""Schedules that look at the losses: the rate falls when they no longer do.

What they saw is a plain dictionary, so that a checkpoint can store it: the factor, the best loss, and how many passes
they have waited for a better one.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from panlearn.neural_network.training.time_schedules import Clock

if TYPE_CHECKING:
    from panlearn.neural_network.training.run import Epoch

Memory = dict[str, Any]


class Outcome(NamedTuple):
    """What schedules look at after a pass; `run.Epoch` has these fields too."""

    loss: float
    validation_loss: float | None = None
    validation_score: float | None = None


class Plateau(NamedTuple):
    """The rate is cut when the loss (on the validation rows, if there are any) has stopped falling."""

    factor_each: float = 0.1
    patience: int = 10  # passes without improvement that are borne
    tol: float = 1e-4  # least relative improvement that counts
    least: float = 0.0  # of the first rate

    def init(self) -> Memory:
        """Nothing seen yet."""
        return {"factor": 1.0, "best": math.inf, "waited": 0}

    def factor(self, clock: Clock) -> float:
        """Factor on the learning rate of the next step."""
        return clock.memory["factor"]

    def observe(self, epoch: "Outcome | Epoch", memory: Mapping[str, Any]) -> Memory:
        """See how a pass went."""
        loss = epoch.loss if epoch.validation_loss is None else epoch.validation_loss
        best = memory["best"]
        improved = loss < (best - self.tol * abs(best) if math.isfinite(best) else best)
        waited = 0 if improved else memory["waited"] + 1
        if waited <= self.patience:
            return {"factor": memory["factor"], "best": loss if improved else best, "waited": waited}
        return {"factor": max(self.least, memory["factor"] * self.factor_each), "best": best, "waited": 0}


class Adaptive(NamedTuple):
    """The "adaptive" of scikit-learn: a fifth of the rate whenever `patience` passes brought less than `tol`.

    The training loss decides, or the validation score where there is one. Once the factor is at `least`, the memory
    says `finished`: scikit-learn then stops.
    """

    factor_each: float = 0.2
    patience: int = 10
    tol: float = 1e-4
    least: float = 1e-3

    def init(self) -> Memory:
        """Nothing seen yet."""
        return {"factor": 1.0, "best": math.inf, "waited": 0, "finished": False}

    def factor(self, clock: Clock) -> float:
        """Factor on the learning rate of the next step."""
        return clock.memory["factor"]

    def observe(self, epoch: "Outcome | Epoch", memory: Mapping[str, Any]) -> Memory:
        """See how a pass went."""
        loss = epoch.loss if epoch.validation_score is None else -epoch.validation_score
        waited = memory["waited"] + 1 if loss > memory["best"] - self.tol else 0
        seen = {**memory, "best": min(loss, memory["best"]), "waited": waited}
        if waited <= self.patience:
            return seen
        if memory["factor"] <= self.least:
            return seen | {"finished": True}
        return seen | {"factor": memory["factor"] * self.factor_each, "waited": 0}
