"""What a network is trained to make small: the mean over the rows of a loss, each row with its weight.

    cross_entropy           -log softmax(z)_y                     K outputs, one class a row
    binary_cross_entropy    log(1 + e^z) - y z                    one output, or one for each label of a row
    squared_error           |z - y|^2 / 2                         the 1/2 makes its gradient z - y
    absolute_error          |z - y|
    huber                   squared near 0, absolute beyond 1
    poisson                 e^z - y z                             counts; the mean is e^z

z is what the module returns, before any link: losses and their gradients stay finite however sure the network is
(log-sum-exp, never the logarithm of a rounded probability). Weights have mean 1 over the data, and a batch's loss is
the plain mean of weight times loss: an unbiased estimate of the whole, also where a batch holds heavy rows by chance.
"""

import copy
import inspect
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from panlearn.core.errors import DataError

RowLoss = Callable[..., Tensor]  # (z, y, reduction=...)


class Objective(NamedTuple):
    """A loss, and how outputs become predictions."""

    name: str
    loss: RowLoss
    link: Callable[[Tensor], Tensor]  # outputs to probabilities or means

    def __call__(self, output: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Mean over the rows of a batch."""
        if weight is None:
            return self.loss(output, target, reduction="mean")
        return (weight * self.rows(output, target)).mean()

    def rows(self, output: Tensor, target: Tensor) -> Tensor:
        """Loss of each row, (b,): the mean over its outputs."""
        losses = self.loss(output, target, reduction="none")
        return losses if losses.ndim == 1 else losses.flatten(1).mean(1)


def half_squared(z: Tensor, y: Tensor, reduction: str = "mean") -> Tensor:
    """Half the squared error."""
    return 0.5 * F.mse_loss(z, y, reduction=reduction)


def poisson(z: Tensor, y: Tensor, reduction: str = "mean") -> Tensor:
    """Negative log-likelihood of counts with mean e^z, less what does not depend on z."""
    return F.poisson_nll_loss(z, y, log_input=True, reduction=reduction)


def softmax(z: Tensor) -> Tensor:
    """Probabilities of K classes; the classes are the second axis."""
    return torch.softmax(z, 1)


def identity(z: Tensor) -> Tensor:
    """The output itself."""
    return z


OBJECTIVES = {
    objective.name: objective
    for objective in (
        Objective("cross_entropy", F.cross_entropy, softmax),
        Objective("binary_cross_entropy", F.binary_cross_entropy_with_logits, torch.sigmoid),
        Objective("squared_error", half_squared, identity),
        Objective("absolute_error", F.l1_loss, identity),
        Objective("huber", F.smooth_l1_loss, identity),
        Objective("poisson", poisson, torch.exp),
    )
}


def smoothed(share: float) -> Objective:
    """Cross-entropy with a share of each label spread over all classes [szegedy2016]."""

    def loss(z: Tensor, y: Tensor, reduction: str = "mean") -> Tensor:
        return F.cross_entropy(z, y, reduction=reduction, label_smoothing=share)

    return Objective("cross_entropy", loss, softmax)


def custom(loss: Callable[..., Tensor], link: Callable[[Tensor], Tensor]) -> Objective:
    """Objective of a user's loss.

    Parameters
    ----------
    loss : callable
        Of (outputs, targets), as `torch.nn.HuberLoss()` or `torch.nn.functional.l1_loss`; or a function that returns
        one number a row, or their mean.
    link : callable
        Outputs to probabilities or means.

    Returns
    -------
    Objective
        It asks for losses of single rows only where rows have weights.

    Raises
    ------
    ValueError
        In training, if rows have weights and the loss gives a mean alone.
    """
    if hasattr(loss, "reduction"):  # torch.nn's own
        mean, single = copy.copy(loss), copy.copy(loss)
        vars(mean)["reduction"], vars(single)["reduction"] = "mean", "none"
        reductions = {"mean": mean, "none": single}
        return Objective(type(loss).__name__, lambda z, y, reduction="mean": reductions[reduction](z, y), link)
    if _takes_reduction(loss):
        return Objective(getattr(loss, "__name__", "loss"), loss, link)

    def by_row(z: Tensor, y: Tensor, reduction: str = "mean") -> Tensor:
        value = loss(z, y)
        if reduction == "mean":
            return value.mean()
        if value.ndim == 0 and len(z) > 1:
            raise DataError("the loss returns a mean, but rows have weights: let it return one number for each row.")
        return value.reshape(len(z), -1)

    return Objective(getattr(loss, "__name__", type(loss).__name__), by_row, link)


def _takes_reduction(loss: Callable) -> bool:
    """Whether a function reduces as it is told, as torch's do."""
    try:
        return "reduction" in inspect.signature(loss).parameters
    except (TypeError, ValueError):  # a builtin says nothing of its arguments
        return False
