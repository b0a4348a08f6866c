"""Which learning rate? Try them all in one short run [smith2017].

The rate grows by a constant factor from batch to batch, from so small that nothing moves to so large that the loss
explodes. Between the two the loss falls; where it falls fastest, per factor of the rate, is a good first choice, and
where it is least the rate is already too large to start with: the curve lags behind the rate.

The run costs `n_steps` batches. It is made on a copy, so the model that is asked about stays as it was. The curve
depends on the optimiser, the batch size and the start, which are those of the model.
"""

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.base import clone

from panlearn.core.errors import DataError
from panlearn.neural_network.training.callback import Callback
from panlearn.neural_network.training.faults import DivergenceError
from panlearn.neural_network.training.schedules import Clock

if TYPE_CHECKING:
    from panlearn.neural_network.training.run import Run

EXPLODED = 4.0  # times the least smoothed loss: there is nothing more to see


class RateSearch(NamedTuple):
    """Losses against learning rates.

    Attributes
    ----------
    rates : ndarray of shape (m,)
        Learning rates tried, ascending; m is less than `n_steps` if the loss exploded.
    losses : ndarray of shape (m,)
        Loss of the batch at each rate, before the step.
    smoothed : ndarray of shape (m,)
        Their fading mean.
    suggestion : float
        Where the smoothed loss falls fastest.
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    suggestion: float


class _Sweep(NamedTuple):
    """Schedule that multiplies the rate by a constant at each step."""

    growth: float

    def factor(self, clock: Clock) -> float:
        """Factor on the lowest rate."""
        return self.growth**clock.step


class _EnoughSeen(Exception):  # noqa: N818 (a signal, not an error)
    """Ends the run from within."""


class _Recorder(Callback):
    """Keeps the losses of the batches."""

    def __init__(self, n_steps: int, smoothing: float) -> None:
        self.n_steps, self.smoothing = n_steps, smoothing
        self.losses: list[float] = []
        self.smoothed: list[float] = []
        self.mean = 0.0

    def on_batch_end(self, run: "Run") -> None:
        """Note the loss; end the run when it has exploded."""
        self.losses.append(run.loss)
        self.mean = self.smoothing * self.mean + (1 - self.smoothing) * run.loss
        self.smoothed.append(self.mean / (1 - self.smoothing ** len(self.losses)))  # the mean started at zero
        exploded = self.smoothed[-1] > EXPLODED * min(self.smoothed) > 0
        if len(self.losses) >= self.n_steps or exploded:
            raise _EnoughSeen


def learning_rate_finder(
    model: Any,
    X: Any,
    y: Any,
    *,
    sample_weight: Any = None,
    lowest: float = 1e-6,
    highest: float = 10.0,
    n_steps: int = 100,
    smoothing: float = 0.8,
) -> RateSearch:
    """Try learning rates from small to large in one short run.

    Parameters
    ----------
    model : estimator
        A neural estimator, fitted or not; a copy of it is trained.
    X, y : array-like
        Data as for `fit`.
    sample_weight : array-like of shape (n,), optional
        Weights of the rows.
    lowest, highest : float
        Range of the rates.
    n_steps : int
        Batches, at least 10; the data are gone through again if there are fewer.
    smoothing : float
        Share of the old mean kept at each step, in [0, 1).

    Returns
    -------
    RateSearch
        Rates, losses, and a suggestion.

    Raises
    ------
    DataError
        If the range is empty, the model is none of this package's neural estimators, or the loss is not finite from
        the start.

    References
    ----------
    [smith2017]

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from panlearn.neural_network import NeuralClassifier, learning_rate_finder
    >>> from torch import nn
    >>> X, y = load_digits(return_X_y=True)
    >>> net = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    >>> found = learning_rate_finder(NeuralClassifier(net, random_state=0), X / 16, y)
    >>> 1e-3 < found.suggestion < 1e-1  # Adam
    True
    """
    _check(lowest, highest, n_steps, smoothing)
    recorder = _Recorder(n_steps, smoothing)
    growth = (highest / lowest) ** (1 / (n_steps - 1))
    copy: Any = clone(model)
    copy.set_params(**_parameters(model, lowest, _Sweep(growth), n_steps))
    copy._callbacks = lambda: (recorder,)  # nothing else may stop the run, or write its checkpoints
    try:
        copy.fit(X, y, **({} if sample_weight is None else {"sample_weight": sample_weight}))
    except _EnoughSeen:
        pass
    except DivergenceError:
        if len(recorder.losses) < 10:
            raise
    if not recorder.losses:
        raise DataError("the optimizer takes no steps on batches (lbfgs) and has no learning rate: use another one.")
    rates = lowest * growth ** np.arange(len(recorder.losses))
    losses, smoothed = np.array(recorder.losses), np.array(recorder.smoothed)
    return RateSearch(rates, losses, smoothed, _steepest(rates, smoothed))


def _check(lowest: float, highest: float, n_steps: int, smoothing: float) -> None:
    """Refuse an empty range."""
    if not 0 < lowest < highest < math.inf:
        raise DataError(f"lowest and highest must satisfy 0 < lowest < highest. Got {lowest!r} and {highest!r}.")
    if n_steps < 10:
        raise DataError(f"n_steps must be an int in the range [10, inf). Got {n_steps!r} instead.")
    if not 0 <= smoothing < 1:
        raise DataError(f"smoothing must be a float in the range [0.0, 1.0). Got {smoothing!r} instead.")


def _parameters(model: Any, rate: float, schedule: Any, n_steps: int) -> dict[str, Any]:
    """Parameters of the copy, by the names the model has for them."""
    from panlearn.neural_network.neural_estimator import NeuralEstimator  # here, because it imports this folder

    if not isinstance(model, NeuralEstimator):
        raise DataError(f"model must be one of panlearn's neural estimators, as NeuralClassifier(net). Got {model!r}.")
    has = model.get_params(deep=False)
    wanted: dict[str, Any] = {"early_stopping": False, "warm_start": False, "verbose": 0}
    if "learning_rate_init" in has:  # scikit-learn's names
        wanted |= {"learning_rate_init": rate, "learning_rate": schedule, "max_iter": n_steps}
    else:
        wanted |= {"learning_rate": rate, "learning_rate_schedule": schedule, "max_epochs": n_steps}
    return {name: value for name, value in wanted.items() if name in has}


def _steepest(rates: np.ndarray, smoothed: np.ndarray) -> float:
    """Rate at which the loss falls fastest with the logarithm of the rate, before it is least."""
    least = int(smoothed.argmin())
    if least < 2:
        return float(rates[0])
    slopes = np.gradient(smoothed[: least + 1])  # the rates are spaced evenly in the logarithm
    return float(rates[int(slopes.argmin())])
