"""L-BFGS: all rows at once, a curvature estimate from the last steps, a line search [liu1989], [byrd1995].

    minimise  (1/n) sum_i w_i loss(z_i, y_i) + (l2 / 2) |w|^2

On some thousand rows it reaches a smaller objective than steps on batches ever do, and has no learning rate to choose.
An iteration costs a pass over the data or two, where a pass of Adam makes n / batch size updates: for large data it
loses. The loop is SciPy's L-BFGS-B, as in scikit-learn's networks, on all parameters in one vector. Rows go through the
network in chunks; their losses and gradients are added up in float64, since the line search compares objectives that
differ in their last digits.

The objective must not change between evaluations: dropout draws the same units each time. Nor may it have kinks of its
own: there is no L1 penalty here. The kinks of ReLU do no harm in practice.
"""

import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.optimize import OptimizeResult, minimize
from torch import nn

from panlearn.core.errors import DataError
from panlearn.core.progress import progress
from panlearn.neural_network.training.faults import DivergenceError
from panlearn.neural_network.training.run import Epoch, Run

CHUNK = 4096  # rows that go through the network together
Validate = Callable[[nn.Module], tuple[float, float]]


class FullBatchFit(NamedTuple):
    """Where L-BFGS stopped, with its certificate."""

    objective: float  # mean loss plus penalty
    gradient_norm: float  # largest |component| of its gradient
    n_iter: int
    n_evaluations: int
    converged: bool
    message: str  # SciPy's words on why it stopped


class _LeftFinite(Exception):  # noqa: N818 (a signal, not an error)
    """The line search tried a point whose loss is not finite."""


def fit_lbfgs(run: Run, max_fun: int = 15_000, tol: float = 1e-4, validate: Validate | None = None) -> FullBatchFit:
    """Train a network on all rows at once, in place of `train`.

    Parameters
    ----------
    run : Run
        From `start` with optimizer "lbfgs"; `settings.max_epochs` bounds the iterations. Changed in place: its history
        gets an entry for each iteration, and callbacks see the end of one as the end of an epoch.
    max_fun : int
        Most evaluations of the objective.
    tol : float
        Stop when the largest component of the gradient is below it; as in scikit-learn, an iteration that lowers the
        objective by less than 2e-9 of itself ends the fit as well.
    validate : callable, optional
        Loss and score on rows kept aside, asked after each iteration.

    Returns
    -------
    FullBatchFit
        Objective, gradient norm, counts.

    Raises
    ------
    DataError
        If a setting does not go with L-BFGS, or (DivergenceError) the loss at the start is not finite.
    """
    _check(run.settings)
    settings, objective = run.settings, _Objective(run)
    for callback in settings.callbacks:
        callback.on_fit_begin(run)
    bar: Any = progress(
        settings.max_epochs, settings.description, enabled=settings.verbose, certificate=lambda: run.loss
    )
    next(bar, None)

    def on_iteration(intermediate_result: OptimizeResult) -> None:
        objective.accept(intermediate_result.x)
        _close_iteration(run, objective, validate)
        next(bar, None)
        if any([callback.on_epoch_end(run) for callback in settings.callbacks]):  # noqa: C419 (each is asked)
            raise StopIteration

    limits = {"maxfun": max_fun, "maxiter": settings.max_epochs, "gtol": tol}
    theta = objective.theta()
    objective.accept(theta)
    try:
        found = minimize(objective, theta, method="L-BFGS-B", jac=True, callback=on_iteration, options=limits)
        objective.accept(found.x)
        return _result(found.fun, found.jac, found.nit, found.nfev, found.status == 0, str(found.message))
    except _LeftFinite:
        return objective.result("a trial point gave a loss that is not finite; the last good point is kept")
    except KeyboardInterrupt:
        run.stopped = "interrupted by Ctrl-C"
        warnings.warn("Training interrupted by user.", stacklevel=2)  # the words of scikit-learn's networks
        return objective.result(run.stopped)
    finally:
        objective.put(objective.accepted)  # the last point accepted, also after Ctrl-C in mid-search
        bar.close()
        for callback in settings.callbacks:
            callback.on_fit_end(run)
        run.module.eval()


class _Objective:
    """Mean loss and penalty with their gradient, as functions of one float64 vector."""

    def __init__(self, run: Run) -> None:
        self.run, self.evaluations = run, 0
        self.value = self.loss = self.norm = math.nan
        self.accepted = np.empty(0)
        self.sizes = [segment.values.numel() for segment in run.segments]
        size = max(run.batches.size, CHUNK)
        self.batches = replace(run.batches, shuffle=False, size=size, transform=None, share=(0, 1))
        module: Any = torch.compile(run.module) if run.settings.compile else run.module
        by_hand = None if run.settings.compile else getattr(run.module, "backpropagate", None)

        def with_autograd(batch: Any, objective: Any) -> torch.Tensor:
            loss = objective(module(*batch.inputs), batch.target, batch.weight)
            loss.backward()
            return loss.detach()

        self.backpropagate = by_hand or with_autograd

    def theta(self) -> np.ndarray:
        """Parameters as they are."""
        return np.concatenate([s.values.detach().cpu().double().numpy() for s in self.run.segments])

    def put(self, theta: np.ndarray) -> None:
        """Write the parameters into the network."""
        for segment, part in zip(self.run.segments, torch.from_numpy(theta).split(self.sizes)):
            segment.values.detach().copy_(part)

    def accept(self, theta: np.ndarray) -> None:
        """Remember the point of an iteration."""
        self.accepted = theta.copy()

    def result(self, message: str) -> FullBatchFit:
        """Where the last iteration ended, if the search did not end by itself."""
        value, gradient = self(self.accepted)
        return _result(value, gradient, len(self.run.history), self.evaluations, False, message)

    def __call__(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Value and gradient."""
        run, l2 = self.run, self.run.settings.l2
        self.put(theta)
        self.evaluations += 1
        self.loss, gradient = self._passes(len(theta))
        self.value, at = self.loss, 0
        for segment, size in zip(run.segments, self.sizes):
            weights = theta[at : at + segment.n_weights]
            self.value += 0.5 * l2 * float(weights @ weights)
            gradient[at : at + segment.n_weights] += l2 * weights
            at += size
        self.norm = float(np.linalg.norm(gradient))
        if not (math.isfinite(self.value) and math.isfinite(self.norm)):
            if self.evaluations > 1:
                raise _LeftFinite
            raise DivergenceError(
                "Solver produced non-finite parameter weights: the loss is not finite before the first step. "
                "The input data may contain large values and need to be preprocessed: standardise them."
            )
        return self.value, gradient

    def _passes(self, size: int) -> tuple[float, np.ndarray]:
        """Mean loss and gradient over all rows, added up in float64."""
        run, total, gradient = self.run, 0.0, np.zeros(size)
        n = len(run.batches.rows)
        run.module.train()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(run.settings.seed)  # the same units dropped at each evaluation
            for batch in self.batches.epoch(0):
                for segment in run.segments:
                    segment.gradient.zero_()
                share = len(batch.target) / n
                total += share * float(self.backpropagate(batch, run.objective))
                gradient += share * np.concatenate([s.gradient.cpu().double().numpy() for s in run.segments])
        return total, gradient


def _result(value: float, gradient: np.ndarray, n_iter: int, n: int, converged: bool, message: str) -> FullBatchFit:
    return FullBatchFit(float(value), float(np.abs(gradient).max(initial=0.0)), int(n_iter), int(n), converged, message)


def _check(settings: Any) -> None:
    """Refuse what the objective of L-BFGS cannot hold."""
    for name, needed in (("l1", 0), ("clipping", None), ("max_norm", None), ("precision", "float32")):
        got = getattr(settings, name)
        if got != needed:
            raise DataError(
                f"optimizer='lbfgs' needs a smooth objective in full precision: {name} must be {needed!r}. "
                f"Got {got!r} instead; use another optimizer, as 'adam'."
            )


def _close_iteration(run: Run, objective: _Objective, validate: Validate | None) -> None:
    """Write the history of an iteration."""
    run.module.eval()
    validation = validate(run.module) if validate else (None, None)
    run.history.append(Epoch(objective.loss, objective.norm, 1.0, *validation))
    run.latest = objective.loss
    run.epoch, run.step = run.epoch + 1, run.step + 1
