"""Early stopping: end when rows kept aside get no better, and keep the weights of the best pass [prechelt1998].

A network learns the simple part of the data first and their noise last. The error on rows it has not seen falls, then
rises: the weights at the turn are the answer, and the number of passes acts like a penalty on them (note 001 §7.1.4).
"""

from typing import TYPE_CHECKING, Any

import torch
from sklearn.base import BaseEstimator
from torch import Tensor

from panlearn.core.errors import DataError
from panlearn.neural_network.training.callback import Callback

if TYPE_CHECKING:
    from panlearn.neural_network.training.run import Run

MONITORS = {"validation_loss": -1, "validation_score": 1, "loss": -1}  # and whether more is better


class EarlyStopping(Callback, BaseEstimator):
    """End a fit that no longer improves.

    Parameters
    ----------
    patience : int, default=10
        Passes without improvement that are borne; one more ends the fit.
    minimum_change : float, default=0.0
        What counts as an improvement on the best value so far.
    monitor : {"validation_loss", "validation_score", "loss"}, default="validation_loss"
        What is watched; the loss and score on rows kept aside, or the training loss.
    restore_best : bool, default=True
        Whether to end with the weights of the best pass, and not of the last.

    Attributes
    ----------
    best : float
        Best value met.
    best_epoch : int
        Its pass, from 0.

    Raises
    ------
    DataError
        If what is to be watched is not measured.

    Examples
    --------
    >>> import torch
    >>> from panlearn.neural_network.training.batches import Batches, TensorRows
    >>> from panlearn.neural_network.training.loop import start, train
    >>> from panlearn.neural_network.training.objective import OBJECTIVES
    >>> from panlearn.neural_network.training.settings import Settings
    >>> batches = Batches(TensorRows((torch.ones(8, 1),)), torch.zeros(8, 1), None, 8)
    >>> stop = EarlyStopping(patience=2, monitor="loss", minimum_change=10.0)
    >>> settings = Settings(max_epochs=50, callbacks=(stop,))
    >>> run = train(start(torch.nn.Linear(1, 1), batches, OBJECTIVES["squared_error"], settings))
    >>> run.epoch
    4
    """

    def __init__(
        self,
        patience: int = 10,
        *,
        minimum_change: float = 0.0,
        monitor: str = "validation_loss",
        restore_best: bool = True,
    ) -> None:
        self.patience, self.minimum_change = patience, minimum_change
        self.monitor, self.restore_best = monitor, restore_best

    def on_fit_begin(self, run: "Run") -> None:
        """Forget the fit before.

        Parameters
        ----------
        run : Run
            The fit.
        """
        if self.monitor not in MONITORS:
            raise DataError(f"monitor of EarlyStopping must be one of {sorted(MONITORS)}, got {self.monitor!r}.")
        self.best, self.best_epoch, self.waited = -MONITORS[self.monitor] * float("inf"), -1, 0
        self.weights: dict[str, Tensor] = {}

    def on_epoch_end(self, run: "Run") -> bool:
        """Compare with the best pass.

        Parameters
        ----------
        run : Run
            The fit.

        Returns
        -------
        bool
            Whether the fit ends.
        """
        value = getattr(run.last, self.monitor)
        if value is None:
            raise DataError(
                f"EarlyStopping watches {self.monitor}, which is not measured: set early_stopping (and "
                "validation_fraction > 0) on the estimator, or watch monitor='loss'."
            )
        gain = MONITORS[self.monitor] * (value - self.best)
        self.waited = 0 if gain >= self.minimum_change and gain > 0 else self.waited + 1
        if gain > 0:
            self.best, self.best_epoch = value, run.epoch - 1
            if self.restore_best:
                self.weights = {key: held.clone() for key, held in run.module.state_dict().items()}
        if self.waited > self.patience:
            run.stopped = f"{self.monitor} was best in epoch {self.best_epoch}: {self.best:.4g}"
        return self.waited > self.patience

    @torch.no_grad()
    def on_fit_end(self, run: "Run") -> None:
        """Put back the weights of the best pass.

        Parameters
        ----------
        run : Run
            The fit.
        """
        own = run.module.state_dict() if self.restore_best else {}
        for key, held in getattr(self, "weights", {}).items() if own else ():
            own[key].copy_(held)
        self.weights = {}

    def state(self) -> dict[str, Any]:
        """Best pass and its weights.

        Returns
        -------
        dict
            For `restore`.
        """
        return {"best": self.best, "epoch": self.best_epoch, "waited": self.waited, "weights": self.weights}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up `state`.

        Parameters
        ----------
        state : dict
            What `state` returned.
        """
        self.best, self.best_epoch, self.waited = state["best"], state["epoch"], state["waited"]
        self.weights = state["weights"]
