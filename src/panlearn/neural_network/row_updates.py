"""Updates of a table of word vectors, row by row, that give what updates of the whole table give.

A batch of 50 sentences uses 500 of 20,000 words, yet the gradient of the table is as large as the table: to clear it,
fill it, and run an optimiser over it costs more than the rest of the network. Rows that were not used have gradient 0.
What then happens to them is known beforehand for optimisers without a velocity:

    sgd, adagrad   nothing
    rmsprop        s <- rho s, the row stays
    adadelta       s <- rho s, u <- rho u, the row stays

So the decay of the steps a row slept through is made up for, rho^m at once, when it is used again: the same numbers as
those of the whole table, up to rounding. (Adam and momentum move a row on without a gradient; they keep the whole table
among the parameters, and so do penalties and clipping.)

Cost: u d for the u words of a batch, instead of n d. Course notes: 004 §6-§7.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from panlearn.neural_network.training.loop import start
from panlearn.neural_network.training.optimizers import OPTIMIZERS
from panlearn.neural_network.training.run import Run
from panlearn.neural_network.training.settings import Settings
from panlearn.nn.blocks.text_convolution import TextConvolution
from panlearn.optimize import SGD, Adadelta, AdaGrad, RMSProp


def row_method(settings: Settings) -> Any:
    """Return the optimiser as one of `panlearn.optimize`, or None where rows cannot be updated apart.

    Parameters
    ----------
    settings : Settings
        Of the fit.

    Returns
    -------
    SGD, AdaGrad, RMSProp, Adadelta or None
        Its learning rate is not read.

    Examples
    --------
    >>> row_method(Settings(optimizer="adadelta")), row_method(Settings(optimizer="adam"))
    (Adadelta(learning_rate=1.0, rho=0.9, eps=1e-06), None)
    """
    if settings.l1 or settings.l2 or settings.clipping is not None or settings.precision == "float16":
        return None
    named = isinstance(settings.optimizer, str)
    chosen = OPTIMIZERS.get(settings.optimizer) if named else settings.optimizer
    return chosen if isinstance(chosen, SGD | AdaGrad | RMSProp | Adadelta) else None


def divide(run: Run, max_norm: float | None) -> None:
    """Take the table out of a run's parameters, where its rows can be updated apart.

    Parameters
    ----------
    run : Run
        Of a `TextConvolution`, from `start`; changed in place.
    max_norm : float or None
        Largest norm of the weights into an output.
    """
    module: Any = run.module
    method = row_method(run.settings) if run.batches.device.type == "cpu" and run.group.size == 1 else None
    apart = method is not None and module.trained
    if apart:  # begin again without it
        module.update_rows(True)
        again = start(module, run.batches, run.objective, run.settings)
        run.segments, run.optimizer = again.segments, again.optimizer
    run.optimizer = RowOptimizer(run.optimizer, module, method if apart else None, max_norm)


class Memory(NamedTuple):
    """What the optimiser remembers of each row."""

    moments: tuple[np.ndarray, ...]  # (n, d) each, as of the row's last update
    last: np.ndarray  # (n,) step of that update


class RowOptimizer:
    """An optimiser of the parameters, the same for the rows a batch touched, and a bound on the outputs' weights."""

    def __init__(self, parameters: Any, module: TextConvolution, method: Any, max_norm: float | None) -> None:
        self.parameters, self.module, self.method, self.max_norm = parameters, module, method, max_norm
        self.steps, self.memory = 0, None
        if method is not None:
            shape = tuple(module.table.shape)
            moments = tuple(np.zeros(shape, np.float32) for _ in _as_tuple(method.init(np.zeros(1))))
            self.memory = Memory(moments, np.zeros(len(module.table), np.int64))

    @contextmanager
    def apart(self) -> Iterator[None]:
        """While a network is trained its table is no parameter; before and after, it is."""
        if self.memory is None:
            yield
            return
        self.module.update_rows(True)
        try:
            yield
        finally:
            self.module.update_rows(False)

    def step(self, rate: float) -> None:
        """Update parameters and rows at a learning rate."""
        self.parameters.step(rate)
        self.steps += 1
        touched, self.module.touched = self.module.touched, None
        if self.memory is not None and touched is not None and touched.vectors.grad is not None:
            self._update(self.memory, touched.rows.numpy(), touched.vectors, rate)
        if self.max_norm is not None:
            weight = self.module.head.weight.detach()
            torch.renorm(weight, 2, 0, self.max_norm, out=weight)

    def _update(self, memory: Memory, rows: np.ndarray, vectors: Tensor, rate: float) -> None:
        assert vectors.grad is not None
        slept = (self.steps - 1 - memory.last[rows]).astype(np.float32)[:, None]
        decay = getattr(self.method, "rho", 1.0) ** slept
        state = tuple(m[rows] * decay for m in memory.moments)
        state = state[0] if len(state) == 1 else state
        method = self.method._replace(learning_rate=rate)
        new, state = method.update(vectors.grad.numpy(), state, vectors.detach().numpy())
        for moment, value in zip(memory.moments, _as_tuple(state)):
            moment[rows] = value
        memory.last[rows] = self.steps
        self.module.table.detach().numpy()[rows] = new

    def state(self) -> dict[str, Any]:
        """Moments of the parameters and of the rows."""
        rows = {} if self.memory is None else {str(i): torch.from_numpy(m) for i, m in enumerate(self.memory.moments)}
        last = {} if self.memory is None else {"last": torch.from_numpy(self.memory.last)}
        return {"parameters": self.parameters.state(), "steps": self.steps, "rows": rows | last}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up `state`."""
        self.parameters.restore(state["parameters"])
        self.steps = state["steps"]
        if self.memory is not None:
            for i, moment in enumerate(self.memory.moments):
                moment[:] = state["rows"][str(i)].numpy()
            self.memory.last[:] = state["rows"]["last"].numpy()


def _as_tuple(state: Any) -> tuple:
    return state if isinstance(state, tuple) else (state,)
