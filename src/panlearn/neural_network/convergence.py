"""When a perceptron has learnt enough: scikit-learn's rule.

    stop when the objective (with early stopping, the score on rows kept aside) has not improved on its best by `tol` in
    more than `patience` passes one after the other

With early stopping the weights of the best pass come back. The rate's schedule "adaptive" takes the same measure and
lowers the rate instead, until that is tiny. Course notes: 001 §7.2.4, 004 §4.
"""

import math
from typing import Any

from torch import Tensor

from panlearn.neural_network.training.callback import Callback
from panlearn.neural_network.training.run import Run
from panlearn.neural_network.training.schedules import Adaptive


class Convergence(Callback):
    """Ends a fit that no longer improves.

    Parameters
    ----------
    tol : float
        Least improvement that counts.
    patience : float
        Passes without one that are borne.
    by_score : bool
        Judge by the validation score, and keep the best weights.
    lines : bool
        Print a line a pass, as scikit-learn does.

    Attributes
    ----------
    best : float
        Least objective, or greatest score with its sign turned.
    waited : int
        Passes since the last improvement by `tol`.
    """

    def __init__(self, tol: float, patience: float, by_score: bool, lines: bool = False) -> None:
        self.tol, self.patience, self.by_score, self.lines = tol, patience, by_score, lines
        self.best, self.waited = math.inf, 0
        self.weights: dict[str, Tensor] = {}

    def on_epoch_end(self, run: Run) -> bool:
        """See how a pass went."""
        epoch = run.last
        value = -epoch.validation_score if self.by_score and epoch.validation_score is not None else _objective(run)
        if self.lines:
            print(f"Iteration {run.epoch}, loss = {epoch.loss:.8f}")  # noqa: T201
        self.waited = 0 if value <= self.best - self.tol else self.waited + 1
        if value < self.best:
            self.best = value
            if self.by_score:
                self.weights = {name: t.detach().clone() for name, t in run.module.state_dict().items()}
        if isinstance(getattr(run.schedule, "schedule", None), Adaptive):
            run.stopped = "the learning rate is too small to go on" if run.schedule.finished else ""
        elif self.waited > self.patience:
            what = "validation score" if self.by_score else "training loss"
            run.stopped = f"the {what} did not improve by tol={self.tol:g} in {self.patience:g} epochs"
        return bool(run.stopped)

    def on_fit_end(self, run: Run) -> None:
        """Go back to the best weights."""
        if self.weights:
            run.module.load_state_dict(self.weights)

    def state(self) -> dict[str, Any]:
        """Best value, epochs waited, best weights."""
        return {"best": self.best, "waited": self.waited, "weights": dict(self.weights)}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up `state`."""
        self.best, self.waited, self.weights = state["best"], state["waited"], dict(state["weights"])


def _objective(run: Run) -> float:
    """Training loss of the last pass, with the penalty on the weights as they now are."""
    l2 = run.settings.l2
    if not l2:
        return run.last.loss
    squares = sum(float(s.values.detach()[: s.n_weights].square().sum()) for s in run.segments)
    return run.last.loss + 0.5 * l2 * squares
