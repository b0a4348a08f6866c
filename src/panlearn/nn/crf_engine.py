"""Where the sums over taggings are made: the kernels of `panlearn.sequence` on a CPU, tensor operations elsewhere.

Kernels work on float64, with exp of the scores, eight sequences at a time. A sequence in which every way through some
step scores below all floats (transitions of -10,000, say) goes through logarithms.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from panlearn.core.threads import scratch
from panlearn.nn import crf_tensors
from panlearn.nn.crf_batch import Batch
from panlearn.nn.crf_checks import check_numbers, check_possible
from panlearn.nn.crf_covariances import covariances
from panlearn.nn.crf_layout import Layout, Potentials
from panlearn.sequence.decoding import n_best_paths
from panlearn.sequence.expectations import Chain, expectations, log_likelihoods
from panlearn.sequence.frames import shifted_exp


class Scores(NamedTuple):
    """A batch of chains, ready to compute with."""

    frames: Tensor  # (b, t, L) with the scores of first and last tags added
    transitions: Tensor  # (L, L)


class Sums(NamedTuple):
    """What a batch of chains comes to."""

    total: Tensor  # (b,) log Z
    marginals: Tensor  # (b, t, L) p(y_t = i | x) times the sequence's weight, 0 at masked frames
    pairs: Tensor  # (L, L) sums of p(y_t = i, y_{t+1} = j | x) times weights


def serves(device: torch.device) -> bool:
    """Whether the kernels can work there."""
    return device.type == "cpu"


def working_dtype(device: torch.device, dtype: torch.dtype) -> torch.dtype:
    """The type that sums are made in: float64 for kernels, else at least float32."""
    return torch.float64 if serves(device) else torch.promote_types(dtype, torch.float32)


def prepare(potentials: Potentials, layout: Layout) -> Scores:
    """Fold the scores of first and last tags into the frames; differentiable where a graph is wanted."""
    check_numbers(potentials, layout)
    dtype = working_dtype(layout.device, potentials.emissions.dtype)
    return Scores(layout.fold(potentials, dtype), potentials.transitions.to(dtype))


@torch.no_grad()
def sums(scores: Scores, layout: Layout, weight: Tensor | None = None) -> Sums:
    """Forward-backward over a batch."""
    if serves(layout.device):
        work = _Work(scores, layout)
        g = None if weight is None else weight.to(torch.float64).numpy()
        found = expectations(*work.likelihoods, layout.offsets, work.chain, weight=g, **work.logarithms)
        answer = Sums(
            work.total(found.log_likelihood),
            layout.scatter(torch.from_numpy(found.marginals)),
            torch.from_numpy(found.pairs),
        )
    else:
        answer = Sums(*crf_tensors.expectations(*scores, layout, weight))
    check_possible(answer.total)
    return answer


@torch.no_grad()
def log_partition(scores: Scores, layout: Layout) -> Tensor:
    """Log Z (b,): the forward pass alone."""
    if serves(layout.device):
        work = _Work(scores, layout)
        total = work.total(log_likelihoods(*work.likelihoods, layout.offsets, work.chain, **work.logarithms))
    else:
        total = crf_tensors.log_partition(*scores, layout)
    check_possible(total)
    return total


@torch.no_grad()
def curvature(
    scores: Scores, layout: Layout, direction: tuple[Tensor, Tensor], weight: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """E[U(y)] (b,), and the Hessian of Σ g log Z times U: in the frames (b, t, L) and in the transitions (L, L)."""
    if serves(layout.device):
        U, W = (part.to(torch.float64) for part in direction)
        chains = layout.gather(scores.frames).numpy(), scores.transitions.numpy(), layout.offsets
        g = weight.to(torch.float64).numpy()
        found = covariances(*chains, (layout.gather(U).numpy(), W.numpy()), g)
        if found.exact:
            frames = layout.scatter(torch.from_numpy(found.frames))
            return torch.from_numpy(found.mean), frames, torch.from_numpy(found.pairs)
    with torch.enable_grad():
        given = scores.frames.detach().requires_grad_(), scores.transitions.detach().requires_grad_()
        g = weight.detach().to(scores.frames.dtype).requires_grad_()
        total = crf_tensors.log_partition(*given, layout) @ g
        expected = torch.autograd.grad(total, given, create_graph=True, materialize_grads=True)
        along = sum((mean * part.detach().to(mean.dtype)).sum() for mean, part in zip(expected, direction))
        return torch.autograd.grad(along, (g, *given), materialize_grads=True)  # type: ignore[return-value]


@torch.no_grad()
def best(potentials: Potentials, layout: Layout) -> list[list[int]]:
    """Viterbi's tagging of each sequence."""
    if serves(layout.device):
        return Batch(potentials, layout).best()
    tags, found = crf_tensors.best_paths(*prepare(potentials, layout), layout)
    flat = layout.gather(tags).tolist()
    check_possible(torch.where(layout.lengths > 0, found, 0.0))
    return [flat[a:b] for a, b in pairwise(layout.offsets.tolist())]


@torch.no_grad()
def several_best(scores: Scores, layout: Layout, k: int) -> tuple[list[list[list[int]]], Tensor]:
    """The k best taggings of each sequence, best first, and their scores (b, k), -inf where there are fewer."""
    frames, transitions = (x.double().cpu().numpy() for x in (layout.gather(scores.frames), scores.transitions))
    none = np.zeros(len(transitions))
    paths, found = n_best_paths(frames, layout.offsets, none, transitions, none, k)
    found[np.diff(layout.offsets) == 0] = [0.0] + [-np.inf] * (k - 1)  # there is one tagging of nothing
    check_possible(torch.from_numpy(found[:, 0]))
    tags = [
        [paths[m, a:b].tolist() for m in range(k) if found[s, m] > -np.inf]
        for s, (a, b) in enumerate(pairwise(layout.offsets.tolist()))
    ]
    return tags, torch.from_numpy(found).to(layout.device)


class _Work:
    """A batch as the kernels take it: exp of the scores with the largest taken out."""

    def __init__(self, scores: Scores, layout: Layout) -> None:
        frames, transitions = layout.gather(scores.frames).numpy(), scores.transitions.numpy()
        self.top = max(float(transitions.max()), crf_tensors.FLOOR)
        self.steps = np.maximum(np.diff(layout.offsets) - 1, 0)
        shifted, ones = transitions - self.top, np.ones(len(transitions))
        self.chain = Chain(ones, np.exp(shifted), ones)
        self.likelihoods = shifted_exp(frames, scratch("likelihoods of tags", frames.shape))
        self.logarithms = {
            "logs": lambda start, stop: frames[start:stop],
            "log_chain": Chain(np.zeros(len(ones)), shifted, np.zeros(len(ones))),
        }

    def total(self, found: np.ndarray) -> Tensor:
        """Log Z, with what was taken out of the transitions put back."""
        return torch.from_numpy(found + self.top * self.steps)
