"""Optimisers by name, each a single call over the flat parameters (`flat_updates`).

The updates are those of `panlearn.optimize.first_order`, whose docstring states them, and of `torch.optim`. A tuple of
settings of `panlearn.optimize` stands for its rule, with these settings: `optimizer=Adam(beta1=0.8)`.

AdamW is Adam whose L2 penalty is no part of the gradient: the weights shrink by the factor 1 - eta l2 before each step,
so that a weight with large gradients is not spared [loshchilov2019]. `regularization` does that.
"""

from typing import Any

from panlearn.neural_network.training.flat_parameters import Segment
from panlearn.neural_network.training.flat_updates import UPDATES, AdamW, Memory, Update
from panlearn.optimize import NAG, SGD, Adadelta, AdaGrad, Adam, Momentum, RMSProp

OPTIMIZERS = {
    "sgd": SGD(),
    "momentum": Momentum(),
    "nag": NAG(),
    "adagrad": AdaGrad(),
    "rmsprop": RMSProp(),
    "adadelta": Adadelta(),
    "adam": Adam(),
    "adamw": AdamW(),
    "lbfgs": None,  # takes all rows at once: `full_batch.fit_lbfgs`
}


class FlatOptimizer:
    """A rule of update over flat segments."""

    def __init__(self, rule: Any, segments: tuple[Segment, ...]) -> None:
        self.rule = rule
        self.memories: list[Memory] = []
        self.updates: list[tuple[Update, float]] = []
        for segment in segments:
            memory, update = UPDATES[type(rule)](rule, segment.values.detach(), segment.gradient)
            self.memories.append(memory)
            self.updates.append((update, segment.rate))

    def step(self, rate: float) -> None:
        """Update the parameters at a learning rate."""
        for update, factor in self.updates:
            update(rate * factor)

    def state(self) -> dict[str, Any]:
        """Moments and counts of each segment."""
        return {str(k): dict(memory) for k, memory in enumerate(self.memories)}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up `state`; the segments have to be those it was made on."""
        for k, memory in enumerate(self.memories):
            for name, tensor in memory.items():
                tensor.copy_(state[str(k)][name])


class FullBatch:
    """What stands in for an optimiser with "lbfgs", which makes no steps on batches."""

    def step(self, rate: float) -> None:
        """Refuse."""
        raise ValueError("optimizer='lbfgs' takes all rows at once: call fit_lbfgs(run) in place of train(run).")

    def state(self) -> dict[str, Any]:
        """Nothing to keep."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Nothing to take up."""


def find_rule(optimizer: Any) -> Any:
    """Return the settings of an optimiser given by name or as a tuple of settings; None for "lbfgs".

    Raises
    ------
    ValueError
        If there is no optimiser of that name or kind.
    """
    if isinstance(optimizer, str) and optimizer in OPTIMIZERS:
        return OPTIMIZERS[optimizer]
    if type(optimizer) in UPDATES:
        return optimizer
    raise ValueError(
        f"optimizer must be one of {', '.join(map(repr, OPTIMIZERS))} or an instance of panlearn.optimize's SGD, "
        f"Momentum, NAG, AdaGrad, RMSProp, Adadelta or Adam. Got {optimizer!r} instead."
    )


def base_rate(optimizer: Any, learning_rate: float) -> float:
    """Return the rate that counts: one set in a tuple of settings wins, one left at its default there does not."""
    rule = find_rule(optimizer)
    if isinstance(optimizer, str) or rule.learning_rate == type(rule)().learning_rate:
        return learning_rate
    return rule.learning_rate


def make_optimizer(optimizer: Any, segments: tuple[Segment, ...]) -> FlatOptimizer | FullBatch:
    """Return the optimiser of a name or of settings; its steps are given a rate."""
    rule = find_rule(optimizer)
    if rule is None:
        return FullBatch()
    return FlatOptimizer(rule, segments)
