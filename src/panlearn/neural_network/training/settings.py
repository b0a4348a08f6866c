"""How a network is trained: what every neural estimator hands to `train`."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Settings(NamedTuple):
    """The knobs of a fit; each has the same name and meaning in every neural estimator."""

    optimizer: Any = "adam"  # a name of `optimizers.OPTIMIZERS`, or one of `panlearn.optimize` (Adam(beta1=0.8), ...)
    learning_rate: float = 1e-3
    schedule: Any = "constant"  # a name of `schedules.SCHEDULES`, or an instance of one
    max_epochs: int = 20
    l1: float = 0.0  # factor of |w|_1 in the objective
    l2: float = 0.0  # factor of |w|^2 / 2; with "adamw", decay apart from the gradient
    max_norm: float | None = None  # largest norm of the weights into a neuron
    clipping: Any = None  # a GradientClipping
    precision: str = "float32"  # "bfloat16" or "float16": forward and backward in that, parameters in float32
    compile: bool = False  # torch.compile
    callbacks: tuple = ()
    rate_of: Callable[[str], float] = lambda name: 1.0  # factor on the learning rate, by a parameter's name
    seed: int = 0
    verbose: int = 0
    description: str = "network"  # on the progress bar
