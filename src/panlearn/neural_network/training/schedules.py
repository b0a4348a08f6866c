"""Learning rates that change as training goes on: factors on the first rate.

With s steps made, S in all, t = s / (steps of a pass) passes made, fractions included:

    constant       1
    inverse_time   1 / (1 + d t)                                  1/t: what convergence proofs ask for [robbins1951]
    inverse_sqrt   1 / sqrt(1 + d t)                              note 001 §3.1
    invscaling     1 / (1 + rows seen in whole passes)^power      scikit-learn's networks
    step           f^(number of the given passes made)
    cosine         l + (1 - l) (1 + cos(pi s / S)) / 2            [loshchilov2017]
    one_cycle      up along a cosine, then down along another     [smith2019]
    plateau        times f when the loss has not fallen for a while
    adaptive       scikit-learn's form of plateau: times 1/5, patience 10, absolute tolerance
    WarmUp         (s + 1) / w for the first w steps, then any other [goyal2017]

A schedule is a tuple of settings, and never changes. `factor(clock)` answers for a moment; those that look at the
losses keep what they saw in `clock.memory`, which `observe` renews after each pass. `RunningSchedule` holds the memory
for a run, and a checkpoint stores it.

The rate may be large while far from a minimum and has to be small near it, where the noise of the batches otherwise
keeps the parameters moving about it (note 001 §3.1). Adaptive optimisers (Adam) set the rates of the coordinates
*relative* to each other; a schedule for them all still pays. Warm-up is for the first steps, when their moments are
estimates of a few gradients.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from panlearn.neural_network.training.loss_schedules import Adaptive, Memory, Outcome, Plateau
from panlearn.neural_network.training.time_schedules import (
    Clock,
    Constant,
    Cosine,
    InverseScaling,
    InverseSqrt,
    InverseTime,
    OneCycle,
    Step,
)

if TYPE_CHECKING:
    from panlearn.neural_network.training.run import Epoch, Run


class WarmUp(NamedTuple):
    """The rate rises in equal steps over the first passes; another schedule takes over from there."""

    epochs: float = 1.0
    then: Any = "constant"  # a name or a schedule, whose time starts when the warm-up is over

    def init(self) -> Memory:
        """Memory of the schedule that follows."""
        return begin(find_schedule(self.then))

    def factor(self, clock: Clock) -> float:
        """Factor on the learning rate of the next step."""
        warm = max(1.0, round(self.epochs * clock.n_batches))
        if clock.step < warm:
            return (clock.step + 1) / warm
        later = clock._replace(step=clock.step - warm, max_epochs=clock.max_epochs - warm / clock.n_batches)
        return find_schedule(self.then).factor(later)

    def observe(self, epoch: "Outcome | Epoch", memory: Mapping[str, Any]) -> Memory:
        """Let the schedule that follows see how a pass went."""
        return seen(find_schedule(self.then), epoch, memory)


__all__ = [
    "SCHEDULES",
    "Adaptive",
    "Clock",
    "Constant",
    "Cosine",
    "InverseScaling",
    "InverseSqrt",
    "InverseTime",
    "OneCycle",
    "Plateau",
    "RunningSchedule",
    "Step",
    "WarmUp",
    "begin",
    "find_schedule",
    "make_schedule",
    "schedule_factors",
    "seen",
]

SCHEDULES: dict[str, Any] = {
    "constant": Constant(),
    "inverse_time": InverseTime(),
    "inverse_sqrt": InverseSqrt(),
    "invscaling": InverseScaling(),
    "step": Step(),
    "cosine": Cosine(),
    "one_cycle": OneCycle(),
    "plateau": Plateau(),
    "adaptive": Adaptive(),
    "warm_up": WarmUp(),
}


def find_schedule(schedule: Any) -> Any:
    """Return the schedule of a name; anything with a method `factor` is one already.

    Raises
    ------
    ValueError
        If there is no schedule of that name.
    """
    if isinstance(schedule, str) and schedule in SCHEDULES:
        return SCHEDULES[schedule]
    if hasattr(schedule, "factor") and not isinstance(schedule, type):
        return schedule
    raise ValueError(
        f"learning_rate_schedule must be one of {', '.join(map(repr, SCHEDULES))}, or a schedule such as "
        f"Cosine() or WarmUp(2, then='cosine'). Got {schedule!r} instead."
    )


def begin(schedule: Any) -> Memory:
    """Memory before the first pass."""
    return schedule.init() if hasattr(schedule, "init") else {}


def seen(schedule: Any, epoch: "Outcome | Epoch", memory: Mapping[str, Any]) -> Memory:
    """Memory after a pass."""
    return schedule.observe(epoch, memory) if hasattr(schedule, "observe") else dict(memory)


class RunningSchedule:
    """A schedule in use: settings, and what they saw."""

    def __init__(self, schedule: Any, n_batches: int, max_epochs: int) -> None:
        self.schedule, self.n_batches, self.max_epochs = schedule, n_batches, max_epochs
        self.memory = begin(schedule)
        self.constant = isinstance(schedule, Constant)

    def rate(self, run: "Run") -> float:
        """Factor on the learning rate for the next step."""
        if self.constant:
            return 1.0
        rows = run.epoch * len(run.batches.rows)
        return self.schedule.factor(Clock(run.step, self.n_batches, self.max_epochs, rows, self.memory))

    def observe(self, run: "Run") -> None:
        """See how an epoch went."""
        self.memory = seen(self.schedule, run.last, self.memory)

    @property
    def finished(self) -> bool:
        """Whether the schedule sees no use in going on."""
        return bool(self.memory.get("finished", False))

    def state(self) -> Memory:
        """What was seen."""
        return dict(self.memory)

    def restore(self, state: Memory) -> None:
        """Take up `state`."""
        self.memory = dict(state)


def schedule_factors(
    schedule: Any, n_batches: int, max_epochs: int, *, losses: Sequence[float] = (), n_rows: int = 0
) -> list[float]:
    """Factors on the learning rate at each step of a fit, without the fit.

    Parameters
    ----------
    schedule : str or Schedule
        A name, or settings.
    n_batches : int
        Steps of a pass over the data.
    max_epochs : int
        Passes.
    losses : sequence of float, optional
        Loss of each pass, for schedules that look at it; passes without one are not shown to them.
    n_rows : int
        Rows of the data, for "invscaling".

    Returns
    -------
    list of float
        One for each of the n_batches * max_epochs steps.

    Examples
    --------
    >>> schedule_factors(WarmUp(1, then="step"), n_batches=4, max_epochs=2)
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 1.0, 1.0]
    >>> schedule_factors(Plateau(patience=1), 1, 5, losses=[3.0, 2.0, 2.0, 2.0])  # two passes brought nothing
    [1.0, 1.0, 1.0, 1.0, 0.1]
    """
    chosen, factors = find_schedule(schedule), []
    memory = begin(chosen)
    for epoch in range(max_epochs):
        for batch in range(n_batches):
            clock = Clock(epoch * n_batches + batch, n_batches, max_epochs, epoch * n_rows, memory)
            factors.append(chosen.factor(clock))
        if epoch < len(losses):
            memory = seen(chosen, Outcome(losses[epoch]), memory)
    return factors


def make_schedule(schedule: Any, n_batches: int, max_epochs: int) -> RunningSchedule:
    """Return the schedule of a name or of settings, ready to run."""
    return RunningSchedule(find_schedule(schedule), n_batches, max_epochs)
