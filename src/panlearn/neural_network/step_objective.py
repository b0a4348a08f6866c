"""Losses of networks with an answer at each step: each by itself, or whole chains of them.

    softmax     - sum over steps of log p(y_t | x) / steps               tags, or the next token
    crf         - sum over sequences of log p(y | x) / steps             `panlearn.nn.CRF` on the scores

Both are divided by the steps of the batch, so that a learning rate means the same in both. Where sequences have
weights, w_i multiplies all of sequence i. Label -1 stands behind the end of a sequence. Course note: 004 §11.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from panlearn.neural_network.training.objective import Objective, identity
from panlearn.nn.crf import CRF

BEHIND = -1  # stands where there is no label


class Scored(NamedTuple):
    """What a network says of a batch."""

    emissions: Tensor  # (b, t, L) scores of the labels
    lengths: Tensor  # (b,) steps of each sequence
    chain: CRF | None  # scores of neighbours

    @property
    def mask(self) -> Tensor:
        """Which places hold a step, (b, t)."""
        steps = torch.arange(self.emissions.shape[1], device=self.emissions.device)
        return steps < self.lengths.to(self.emissions.device)[:, None]

    def float(self) -> "Scored":
        """The same, in single precision."""
        return self._replace(emissions=self.emissions.float())


def losses(scored: Scored, tags: Tensor) -> Tensor:
    """Negative log-likelihood of each sequence, in nats.

    Parameters
    ----------
    scored : Scored
        Scores.
    tags : Tensor of shape (b, T), T >= t
        Right labels, -1 behind the end of a sequence.

    Returns
    -------
    Tensor
        (b,).
    """
    b, t, _ = scored.emissions.shape
    tags = tags[:, :t].long()
    if scored.chain is not None:
        return -scored.chain(scored.emissions, tags, scored.mask, reduction="none")
    each = F.cross_entropy(scored.emissions.flatten(0, 1), tags.flatten(), ignore_index=BEHIND, reduction="none")
    return each.view(b, t).sum(1)


def step_loss(scored: Scored, tags: Tensor, reduction: str = "mean") -> Tensor:
    """Loss of a batch, a step.

    Parameters
    ----------
    scored : Scored
        Scores.
    tags : Tensor of shape (b, T), T >= t
        Right labels, -1 behind the end of a sequence.
    reduction : {"mean", "none"}
        Over all steps; or a number a sequence, whose mean is that.

    Returns
    -------
    Tensor
        () or (b,).
    """
    each, n_steps = losses(scored, tags), scored.lengths.sum().clamp_min(1)
    return each.sum() / n_steps if reduction == "mean" else each * (len(each) / n_steps)


STEP_OBJECTIVE = Objective("step_loss", step_loss, identity)
