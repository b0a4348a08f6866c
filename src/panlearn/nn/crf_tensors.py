"""A chain of tags by batched tensor operations, on any device and to any order of derivative.

All scores are logarithms. With α_t(j) the log of the summed weight of all beginnings that end in tag j at frame t, and
β_t(i) that of all continuations after tag i [rabiner1989],

    α_t(j) = s_t(j) + log Σ_i exp(α_{t-1}(i) + A_ij),       β_t(i) = log Σ_j exp(A_ij + s_{t+1}(j) + β_{t+1}(j)),
    log Z = log Σ_j exp α_T(j),                             p(y_t = i | x) = exp(α_t(i) + β_t(i) − log Z).

A frame that is masked hands α and β on, so that holes cost nothing. Each of the t steps is a handful of operations on
(b, L, L) numbers: right for a GPU, and where the kernels' scaled recursion (`panlearn.sequence`) underflows, but ten
times and more slower than that on a CPU. What is forbidden scores `FLOOR`, which stands for -inf: differences of two
infinities would be NaN.

Course notes: 004 §11.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from panlearn.nn.crf_checks import check_size
from panlearn.nn.crf_layout import Layout

FLOOR = -1e30  # t such scores can be added in float32, and no sum of scores that are allowed comes near


def forward_scores(scores: Tensor, transitions: Tensor, layout: Layout) -> list[Tensor]:
    """α (b, L) of each frame; differentiable.

    Parameters
    ----------
    scores : Tensor of shape (b, t, L)
        Scores of the frames, those of first and last tags added (`Layout.fold`).
    transitions : Tensor of shape (L, L)
        Scores A.
    layout : Layout
        Frames that count.

    Returns
    -------
    list of Tensor
        t of them; before its first frame a sequence has that frame's own scores, whatever they are.
    """
    scores, transitions = _bounded(scores, transitions, layout)
    inner, first = _inner(layout)
    found = [scores[:, 0]]
    for t in range(1, scores.shape[1]):
        step = torch.logsumexp(found[-1].unsqueeze(2) + transitions, 1) + scores[:, t]  # (b, L, L) -> (b, L)
        if inner is not None and first is not None:
            step = torch.where(inner[:, t, None], step, torch.where(first[:, t, None], scores[:, t], found[-1]))
        found.append(step)
    return found


def log_partition(scores: Tensor, transitions: Tensor, layout: Layout) -> Tensor:
    """Log Z (b,), differentiable as often as wanted; 0 for a sequence without frames.

    Parameters
    ----------
    scores : Tensor of shape (b, t, L)
        As in `forward_scores`.
    transitions : Tensor of shape (L, L)
        As there.
    layout : Layout
        As there.

    Returns
    -------
    Tensor
        -inf where no tagging is allowed.
    """
    total = _infinite(torch.logsumexp(forward_scores(scores, transitions, layout)[-1], 1))
    return total if layout.mask is None else torch.where(layout.lengths > 0, total, 0.0)


@torch.no_grad()
def expectations(
    scores: Tensor, transitions: Tensor, layout: Layout, weight: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Log Z (b,), marginals (b, t, L) and summed pairs (L, L); the last two times the sequences' weights.

    Parameters
    ----------
    scores : Tensor of shape (b, t, L)
        As in `forward_scores`.
    transitions : Tensor of shape (L, L)
        As there.
    layout : Layout
        As there.
    weight : Tensor of shape (b,), optional
        Weights of the sequences; by default 1.

    Returns
    -------
    tuple of Tensor
        Without a graph.
    """
    alpha = forward_scores(scores, transitions, layout)
    total = torch.logsumexp(alpha[-1], 1)
    scores, transitions = scores.clamp(min=FLOOR), transitions.clamp(min=FLOOR)
    weight = torch.ones_like(total) if weight is None else weight.to(total.dtype)
    inner, _ = _inner(layout)
    beta, pairs = torch.zeros_like(alpha[0]), torch.zeros_like(transitions)
    marginals = torch.empty_like(scores)
    for t in range(len(alpha) - 1, -1, -1):
        marginals[:, t] = (alpha[t] + beta - total[:, None]).exp() * weight[:, None]
        if t:
            ahead = transitions + (scores[:, t] + beta).unsqueeze(1)  # (b, L, L)
            both = (ahead + (alpha[t - 1] - total[:, None]).unsqueeze(2)).exp() * weight[:, None, None]
            step = torch.logsumexp(ahead, 2)
            if inner is None:
                beta = step
            else:
                both = torch.where(inner[:, t, None, None], both, 0.0)
                beta = torch.where(inner[:, t, None], step, beta)
            pairs += both.sum(0)
    if layout.mask is not None:
        marginals = torch.where(layout.mask[..., None], marginals, 0.0)
        total = torch.where(layout.lengths > 0, total, 0.0)
    return _infinite(total), marginals, pairs


def best_paths(scores: Tensor, transitions: Tensor, layout: Layout) -> tuple[Tensor, Tensor]:
    """Viterbi's taggings (b, t) and their scores (b,); ties go to the lowest tag [viterbi1967].

    Parameters
    ----------
    scores : Tensor of shape (b, t, L)
        As in `forward_scores`.
    transitions : Tensor of shape (L, L)
        As there.
    layout : Layout
        As there.

    Returns
    -------
    tuple of Tensor
        Tags at masked frames mean nothing.
    """
    scores, transitions = _bounded(scores, transitions, layout)
    inner, first = _inner(layout)
    same = torch.arange(scores.shape[2], device=scores.device).expand(len(scores), -1)
    best, back = scores[:, 0], []
    for t in range(1, scores.shape[1]):
        value, origin = (best.unsqueeze(2) + transitions).max(1)
        value = value + scores[:, t]
        if inner is not None and first is not None:
            value = torch.where(inner[:, t, None], value, torch.where(first[:, t, None], scores[:, t], best))
            origin = torch.where(inner[:, t, None], origin, same)
        best = value
        back.append(origin)
    score, tag = best.max(1)
    tags = [tag]
    for origin in reversed(back):
        tags.append(origin.gather(1, tags[-1][:, None])[:, 0])
    return torch.stack(tags[::-1], 1), _infinite(score)


@torch.no_grad()
def draw_paths(
    scores: Tensor, transitions: Tensor, layout: Layout, size: int, noise: Callable[[tuple[int, ...]], Tensor]
) -> Tensor:
    """Taggings drawn from p(y | x), (size, b, t): the last tag from α, each other given the one after it.

    Parameters
    ----------
    scores : Tensor of shape (b, t, L)
        As in `forward_scores`.
    transitions : Tensor of shape (L, L)
        As there.
    layout : Layout
        As there.
    size : int
        Taggings of each sequence.
    noise : callable
        Gives Gumbel noise of a shape: the largest of logits plus noise is a draw [maddison2014].

    Returns
    -------
    Tensor
        Tags at masked frames mean nothing.
    """
    alpha, transitions = forward_scores(scores, transitions, layout), transitions.clamp(min=FLOOR)
    inner, _ = _inner(layout)
    shape = (size, *alpha[0].shape)
    tags = [(alpha[-1] + noise(shape)).argmax(2)]
    for t in range(len(alpha) - 2, -1, -1):
        logits = alpha[t] + transitions.T[tags[-1]]  # (size, b, L)
        drawn = (logits + noise(shape)).argmax(2)
        tags.append(drawn if inner is None else torch.where(inner[:, t + 1], drawn, tags[-1]))
    return torch.stack(tags[::-1], 2)


def _bounded(scores: Tensor, transitions: Tensor, layout: Layout) -> tuple[Tensor, Tensor]:
    """Scores with `FLOOR` for -inf."""
    check_size(scores if layout.mask is None else scores.masked_fill(~layout.mask[..., None], 0.0))
    check_size(transitions)
    return scores.clamp(min=FLOOR), transitions.clamp(min=FLOOR)


def _infinite(total: Tensor) -> Tensor:
    """A sum that `FLOOR` is part of is -inf."""
    return total.masked_fill(total.detach() < FLOOR / 2, -torch.inf)


def _inner(layout: Layout) -> tuple[Tensor | None, Tensor | None]:
    """Frames (b, t) that follow another of their sequence, and those that are the first; None where all do."""
    if layout.mask is None:
        return None, None
    first = layout.mask & (layout.mask.cumsum(1) == 1)
    return layout.mask & ~first, first
