"""Schedules that look at the clock alone; `schedules` has their formulas."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol


class Clock(NamedTuple):
    """Where a fit stands."""

    step: float  # updates made
    n_batches: float  # updates of a pass
    max_epochs: float  # passes there will be
    rows: int = 0  # rows seen in whole passes
    memory: Mapping[str, Any] = {}  # what `observe` kept; never changed

    @property
    def epochs(self) -> float:
        """Passes made, fractions included."""
        return self.step / self.n_batches

    @property
    def share(self) -> float:
        """Share of all updates made, at most 1."""
        return min(1.0, self.step / max(1.0, self.n_batches * self.max_epochs))


class Schedule(Protocol):
    """What a schedule has to offer; one that learns from the losses has `init` and `observe` as well."""

    def factor(self, clock: Clock) -> float:
        """Factor on the learning rate of the next step."""
        ...


class Constant(NamedTuple):
    """One rate."""

    def factor(self, clock: Clock) -> float:
        """Factor on the learning rate of the next step."""
        return 1.0


class InverseTime(NamedTuple):
    """The rate falls as one over time."""

    decay: float = 1.0  # d: after 1/d passes the rate is half the first

    def factor(self, clock: Clock) -> float:
        """Factor on the learning rate of the next step."""
        return 1.0 / (1.0 + self.decay * clock.epochs)


class InverseSqrt(NamedTuple):
    """The rate falls as one over the root of time."""

    decay: float = 1.0  # d: after 3/d passes the rate is half the first

    def factor(self, clock: Clock) -> float:
        """Factor on the learning rate of the next step."""
        return 1.0 / math.sqrt(1.0 + self.decay * clock.epochs)


class InverseScaling(NamedTuple):
    """The "invscaling" of scikit-learn: falls with a power of the rows seen, after each pass."""

    power: float = 0.5

    def factor(self, clock: Clock) -> float:
        """Factor on the learning rate of the next step."""
        return 1.0 / (1.0 + clock.rows) ** self.power


class Step(NamedTuple):
    """The rate is cut after every so many passes, or after the passes listed."""

    epochs: int | tuple[int, ...] = 10
    factor_each: float = 0.1

    def factor(self, clock: Clock) -> float:
        """Factor on the learning rate of the next step."""
        made = int(clock.epochs + 1e-9)  # a pass of 3 steps ends at 3 / 3, of 49 at 0.999...
        cuts = sum(made >= e for e in self.epochs) if isinstance(self.epochs, tuple) else made // self.epochs
        return self.factor_each**cuts


class Cosine(NamedTuple):
    """The rate falls along half a cosine, to `least` of the first at the last step."""

    least: float = 0.0

    def factor(self, clock: Clock) -> float:
        """Factor on the learning rate of the next step."""
        return self.least + (1 - self.least) * (1 + math.cos(math.pi * clock.share)) / 2


class OneCycle(NamedTuple):
    """Up from `first` to the full rate in a share `up` of the steps, then down to `last`."""

    up: float = 0.3
    first: float = 0.04
    last: float = 4e-6

    def factor(self, clock: Clock) -> float:
        """Factor on the learning rate of the next step."""
        if clock.share < self.up:
            low, way = self.first, clock.share / self.up
            return low + (1 - low) * (1 - math.cos(math.pi * way)) / 2
        way = (clock.share - self.up) / (1 - self.up)
        return self.last + (1 - self.last) * (1 + math.cos(math.pi * way)) / 2
