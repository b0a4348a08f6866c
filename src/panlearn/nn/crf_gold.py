"""Given tags as features of a chain: their score, and their share in the gradient of the log-likelihood.

    s(y) = Σ_t s_t(y_t) + Σ_t A(y_{t-1}, y_t)          ds/ds_t(i) = 1[y_t = i]          ds/dA_ij = steps from i to j

First and last scores are in the frames already (`panlearn.nn.crf_layout`). Tensor operations, for any device
and for derivatives; the first ones on a CPU are made by loops (`panlearn.nn.crf_kernels`).

Course notes: 004 §11.
"""

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from panlearn.nn.crf_layout import Layout


def score(scores: Tensor, transitions: Tensor, tags: Tensor, layout: Layout) -> Tensor:
    """Scores (b,) of the taggings.

    Parameters
    ----------
    scores : Tensor of shape (b, t, L)
        Of the frames, without a graph.
    transitions : Tensor of shape (L, L)
        Of the steps, without a graph.
    tags : Tensor of shape (n,)
        Of the frames that count, sequence after sequence.
    layout : Layout
        Frames that count.

    Returns
    -------
    Tensor
        In the type of the scores; 0 for a sequence without frames.
    """
    frames, total = layout.gather(scores), scores.new_zeros(layout.shape[0])
    place, owner = _steps(tags, scores.shape[2], layout)
    total.index_add_(0, layout.owner, frames.gather(1, tags[:, None])[:, 0])
    return total.index_add_(0, owner, transitions.reshape(-1)[place])


def less_observed(frames: Tensor, pairs: Tensor, tags: Tensor, layout: Layout, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Expected features less those of the taggings times the sequences' weights; differentiable in the weights."""
    seen = layout.scatter(one_hot(tags, frames.shape[2]).to(frames.dtype))
    place, owner = _steps(tags, len(pairs), layout)
    steps = torch.zeros_like(pairs).view(-1).index_add(0, place, weight.to(pairs.dtype)[owner])
    return frames - seen * weight[:, None, None], pairs - steps.view_as(pairs)


def _steps(tags: Tensor, n_tags: int, layout: Layout) -> tuple[Tensor, Tensor]:
    """Of each step, i L + j and its sequence."""
    within = layout.owner[1:] == layout.owner[:-1]
    return (tags[:-1] * n_tags + tags[1:])[within], layout.owner[1:][within]
