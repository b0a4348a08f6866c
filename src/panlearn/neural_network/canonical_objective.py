"""Losses with the link that belongs to them: their gradient in the outputs is prediction minus target.

    cross_entropy           softmax       -log p_y                        p - onehot(y)
    binary_cross_entropy    sigmoid       log(1 + e^z) - y z              p - y
    squared_error           identity      (z - y)^2 / 2                   z - y
    poisson                 exp           e^z - y z                       e^z - y

All are negative log-likelihoods of exponential families in their natural parameter z, hence the one form of gradient
[mccullagh1989]. A row's loss is the *sum* over its outputs, as in scikit-learn: L labels are L logistic
regressions, and each learns as fast as it would alone. Course notes: 001 §5.4, 000 §1.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from panlearn.neural_network.training.objective import OBJECTIVES, Objective

Pair = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]  # (z, y) to losses (b,) and prediction - target (b, K)


def softmax_pair(z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Of classes; y holds codes."""
    log_p = torch.log_softmax(z, 1)
    losses = F.nll_loss(log_p, y, reduction="none")
    return losses, log_p.exp_().scatter_add_(1, y[:, None], z.new_full((len(z), 1), -1.0))


def sigmoid_pair(z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Of independent labels, 0 or 1."""
    return _sum(F.softplus(z).addcmul_(y, z, value=-1.0)), torch.sigmoid(z).sub_(y)


def squared_pair(z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Of numbers."""
    residual = z - y
    return _sum(residual.square().mul_(0.5)), residual


def poisson_pair(z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Of counts."""
    mean = z.exp()
    return _sum(torch.addcmul(mean, y, z, value=-1.0)), mean.sub_(y)


def _sum(losses: Tensor) -> Tensor:
    """Sums over the outputs, (b,)."""
    return losses[:, 0] if losses.shape[1] == 1 else losses.sum(1)


PAIRS: dict[str, Pair] = {
    "cross_entropy": softmax_pair,
    "binary_cross_entropy": sigmoid_pair,
    "squared_error": squared_pair,
    "poisson": poisson_pair,
}


class CanonicalObjective(Objective):
    """An objective that tells its gradient."""

    def __call__(self, output: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Mean over the rows of a batch."""
        losses = self.rows(output, target)
        return losses.mean() if weight is None else (weight * losses).mean()

    def rows(self, output: Tensor, target: Tensor) -> Tensor:
        """Loss of each row, (b,): the sum over its outputs."""
        if self.name == "cross_entropy":
            return F.cross_entropy(output, target, reduction="none")
        if self.name == "binary_cross_entropy":
            return _sum(F.softplus(output) - target * output)
        return _sum(
            0.5 * (output - target).square() if self.name == "squared_error" else output.exp() - target * output
        )

    def gradient(self, z: Tensor, target: Tensor, weight: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Mean over the rows, and its gradient in the outputs.

        Parameters
        ----------
        z : Tensor of shape (b, K)
            Outputs.
        target : Tensor of shape (b,) or (b, K)
            Codes or values.
        weight : Tensor of shape (b,), optional
            Weights of the rows.

        Returns
        -------
        tuple of Tensor
            A number, and (b, K).
        """
        losses, delta = PAIRS[self.name](z, target)
        if weight is not None:
            losses, delta = losses * weight, delta.mul_(weight[:, None])
        return losses.mean(), delta.div_(len(z))


def canonical(name: str) -> CanonicalObjective:
    """The objective of a name.

    Parameters
    ----------
    name : {"cross_entropy", "binary_cross_entropy", "squared_error", "poisson"}
        A loss with its link.

    Returns
    -------
    CanonicalObjective
        Loss, link and gradient.

    Examples
    --------
    >>> import torch
    >>> loss, gradient = canonical("cross_entropy").gradient(torch.zeros(1, 2), torch.tensor([1]))
    >>> gradient
    tensor([[ 0.5000, -0.5000]])
    """
    return CanonicalObjective(*OBJECTIVES[name])
