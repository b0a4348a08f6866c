"""One step of each optimiser on a flat vector, in place.

Where torch has a fused kernel (SGD with momentum, AdaGrad, Adam) it is called on the vector directly: an object of
`torch.optim` spends 50 to 100 microseconds a step on hooks and bookkeeping, the kernel 10 to 30 on 50,000 numbers.
RMSProp and Adadelta have none on the CPU; theirs are in `flat_kernels`. On other devices and in 16 bits torch's plain
operations do the same.

A rule's function takes (settings, values, gradient) and returns the memory it keeps between steps, zero at the start,
with the function that takes a step.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from panlearn.neural_network.training import flat_kernels
from panlearn.optimize import NAG, SGD, Adadelta, AdaGrad, Adam, Momentum, RMSProp

FUSED: Any = torch  # its fused kernels have no public name
Memory = dict[str, Tensor]
Update = Callable[[float], None]  # learning rate to an update in place


class AdamW(NamedTuple):
    """Adam with the L2 penalty apart from the gradient [loshchilov2019].

    Attributes
    ----------
    learning_rate, beta1, beta2, eps : float
        As those of `panlearn.optimize.Adam`.

    Examples
    --------
    >>> AdamW(beta2=0.99).beta1
    0.9
    """

    learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8


def _momentum(rule: Any, values: Tensor, gradient: Tensor) -> tuple[Memory, Update]:
    velocity, nesterov = torch.zeros_like(values), isinstance(rule, NAG)

    def update(rate: float) -> None:
        FUSED._fused_sgd_(
            [values],
            [gradient],
            [velocity],
            weight_decay=0.0,
            momentum=rule.momentum,
            lr=rate,
            dampening=0.0,
            nesterov=nesterov,
            maximize=False,
            is_first_step=False,  # a velocity of zero makes the first step like all others
        )

    return {"velocity": velocity}, update


def _sgd(rule: SGD, values: Tensor, gradient: Tensor) -> tuple[Memory, Update]:
    def update(rate: float) -> None:
        values.add_(gradient, alpha=-rate)

    return {}, update


def _adagrad(rule: AdaGrad, values: Tensor, gradient: Tensor) -> tuple[Memory, Update]:
    squares = torch.zeros_like(values)

    def update(rate: float) -> None:
        squares.addcmul_(gradient, gradient)
        values.addcdiv_(gradient, squares.sqrt().add_(rule.eps), value=-rate)

    count = torch.ones((), device=values.device)  # only a decay of the rate would look at it

    def fused(rate: float) -> None:
        FUSED._fused_adagrad_(
            [values],
            [gradient],
            [squares],
            [count],
            lr=rate,
            lr_decay=0.0,
            weight_decay=0.0,
            eps=rule.eps,
            maximize=False,
        )

    return {"squares": squares}, fused if values.device.type == "cpu" else update


def _adam(rule: Adam | AdamW, values: Tensor, gradient: Tensor) -> tuple[Memory, Update]:
    mean, squares = torch.zeros_like(values), torch.zeros_like(values)
    count = torch.zeros((), device=values.device)  # float32, as the fused kernel wants it

    def update(rate: float) -> None:
        count.add_(1)
        FUSED._fused_adam_(
            [values],
            [gradient],
            [mean],
            [squares],
            [],
            [count],
            lr=rate,
            beta1=rule.beta1,
            beta2=rule.beta2,
            weight_decay=0.0,
            eps=rule.eps,
            amsgrad=False,
            maximize=False,
        )

    return {"mean": mean, "squares": squares, "count": count}, update


def _scalars(rule: RMSProp | Adadelta, values: Tensor) -> np.ndarray:
    """Scalars of the kernels, in the type of the values; the rate is filled in at each step."""
    return np.array([0.0, rule.rho, 1 - rule.rho, rule.eps], dtype=values.numpy().dtype)


def _rmsprop(rule: RMSProp, values: Tensor, gradient: Tensor) -> tuple[Memory, Update]:
    squares = torch.zeros_like(values)

    def update(rate: float) -> None:
        squares.mul_(rule.rho).addcmul_(gradient, gradient, value=1 - rule.rho)
        values.addcdiv_(gradient, squares.sqrt().add_(rule.eps), value=-rate)

    if not _has_kernel(values):
        return {"squares": squares}, update
    arrays, scalars = (values.numpy(), gradient.numpy(), squares.numpy()), _scalars(rule, values)

    def fused(rate: float) -> None:
        scalars[flat_kernels.RATE] = rate
        flat_kernels.rmsprop(*arrays, scalars)

    return {"squares": squares}, fused


def _adadelta(rule: Adadelta, values: Tensor, gradient: Tensor) -> tuple[Memory, Update]:
    squares, steps = torch.zeros_like(values), torch.zeros_like(values)
    memory = {"squares": squares, "steps": steps}

    def update(rate: float) -> None:
        squares.mul_(rule.rho).addcmul_(gradient, gradient, value=1 - rule.rho)
        step = (steps + rule.eps).div_(squares + rule.eps).sqrt_().mul_(gradient)
        steps.mul_(rule.rho).addcmul_(step, step, value=1 - rule.rho)
        values.add_(step, alpha=-rate)

    if not _has_kernel(values):
        return memory, update
    arrays = (values.numpy(), gradient.numpy(), squares.numpy(), steps.numpy())
    scalars = _scalars(rule, values)

    def fused(rate: float) -> None:
        scalars[flat_kernels.RATE] = rate
        flat_kernels.adadelta(*arrays, scalars)

    return memory, fused


def _has_kernel(values: Tensor) -> bool:
    """Whether the kernels run on these tensors."""
    return values.device.type == "cpu" and values.dtype in (torch.float32, torch.float64)


UPDATES: dict[type, Callable[..., tuple[Memory, Update]]] = {
    SGD: _sgd,
    Momentum: _momentum,
    NAG: _momentum,
    AdaGrad: _adagrad,
    RMSProp: _rmsprop,
    Adadelta: _adadelta,
    Adam: _adam,
    AdamW: _adam,
}
