"""The state of a fit: what the loop changes, callbacks read, and a checkpoint stores.

Losses are looked at in every batch on the CPU, where that is free. On an accelerator each look would make the program
wait until the device has caught up, so they stay there and are read `LOOK` at a time; the first batch whose loss is not
a number is still found exactly.
"""

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from panlearn.neural_network.training.batches import Batches
from panlearn.neural_network.training.distributed import ALONE, Group
from panlearn.neural_network.training.faults import explain
from panlearn.neural_network.training.flat_parameters import Segment
from panlearn.neural_network.training.objective import Objective
from panlearn.neural_network.training.precision import Precision
from panlearn.neural_network.training.settings import Settings

LOOK = 50  # losses left on an accelerator before they are read


class Epoch(NamedTuple):
    """What one pass over the data came to."""

    loss: float  # mean training loss, penalties left out, as the weights moved
    gradient_norm: float  # of the last batch
    learning_rate: float  # of the last step
    validation_loss: float | None = None
    validation_score: float | None = None  # accuracy or R^2


@dataclass
class Run:
    """A fit under way; `epoch` and `batch` say where it stands."""

    module: nn.Module
    batches: Batches
    objective: Objective
    settings: Settings
    segments: tuple[Segment, ...]
    optimizer: Any  # has step(rate), state(), restore(state)
    schedule: Any  # has rate(run) -> factor on the learning rate, observe(run), state(), restore(state)
    precision: Precision = field(default_factory=lambda: Precision("float32", torch.device("cpu")))
    group: Group = ALONE  # the processes that train together
    epoch: int = 0  # passes completed
    batch: int = 0  # batches of this pass completed
    step: int = 0  # updates made
    total: float = 0.0  # sum over the rows of this pass of their losses
    seen: int = 0  # rows of this pass
    rate: float = float("nan")  # learning rate of the last step
    history: list[Epoch] = field(default_factory=list)
    stopped: str = ""  # why, if the fit ended before its last epoch
    latest: float = float("nan")  # last loss read
    waiting: list[tuple[Tensor, int, int]] = field(default_factory=list)  # losses not yet read, rows, batch number

    @property
    def last(self) -> Epoch:
        """The last pass completed."""
        return self.history[-1]

    @property
    def loss(self) -> float:
        """Loss of the last batch."""
        self.read()
        return self.latest

    def record(self, loss: Tensor, n_rows: int) -> None:
        """Take note of the loss of batch number `batch`.

        Raises
        ------
        DivergenceError
            If it, or one that waited to be read, is not finite.
        """
        self.waiting.append((loss, n_rows, self.batch))
        if len(self.waiting) >= LOOK or loss.device.type == "cpu":
            self.read()

    def read(self) -> None:
        """Read the losses that wait."""
        waiting, self.waiting = self.waiting, []
        if not waiting:
            return
        values = [waiting[0][0].item()] if len(waiting) == 1 else torch.stack([w[0] for w in waiting]).tolist()
        for value, (_, n_rows, number) in zip(values, waiting):
            if not math.isfinite(value):
                raise explain(self, number)
            self.total += value * n_rows
            self.seen += n_rows
        self.latest = values[-1]
