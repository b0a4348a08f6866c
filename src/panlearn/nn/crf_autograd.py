"""log Z and its derivatives as nodes of automatic differentiation: each backward pass is a known expectation.

    log Z_s(θ)              d/dθ Σ g_s log Z_s = Σ g_s E_s[counts]          marginals of tags and of pairs
    M(θ, g) = that          d/dθ <M, U> = Σ g_s Cov_s(counts, U(y))         `panlearn.nn.crf_covariances`
    E_s[U(y)]               d/dU = M(θ, g),  d/dθ as for M                  what entropies are made of

A graph through the recursion would keep t L² numbers and walk back through t steps; a node keeps the marginals. The
first two derivatives are exact and cost two to four passes. Higher ones go through the tensor recursion, which can be
differentiated as often as one likes.

The log-likelihood of given tags is one node as well: its gradient is what was observed less what was expected.

Course notes: 004 §11.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from panlearn.nn import crf_engine, crf_gold, crf_tensors
from panlearn.nn.crf_layout import Layout, Potentials
from panlearn.nn.crf_likelihood import Evaluation


def log_partition(potentials: Potentials, layout: Layout) -> Tensor:
    """Log Z (b,), differentiable."""
    if not torch.is_grad_enabled():
        return crf_engine.log_partition(crf_engine.prepare(potentials, layout), layout).to(_dtype(potentials))
    return _Energy.apply(*potentials, Evaluation(layout, None))  # type: ignore[return-value]


def log_likelihood(potentials: Potentials, layout: Layout, tags: Tensor) -> Tensor:
    """Log p(tags | x) (b,) of tags (b, t), differentiable."""
    return _Energy.apply(*potentials, Evaluation(layout, tags))  # type: ignore[return-value]


def marginals(potentials: Potentials, layout: Layout, weight: Tensor) -> tuple[Tensor, Tensor]:
    """p(y_t = i | x) times the sequence's weight (b, t, L), and summed pairs (L, L); differentiable."""
    return _Marginals.apply(*potentials, weight, layout)  # type: ignore[return-value]


def mean_score(potentials: Potentials, layout: Layout, frames: Tensor, steps: Tensor) -> Tensor:
    """E[Σ_t U_t(y_t) + Σ_t W(y_{t-1}, y_t)] (b,) of scores U (b, t, L) and W (L, L); differentiable in all."""
    return _MeanScore.apply(*potentials, frames, steps, layout)  # type: ignore[return-value]


class _Energy(Function):
    """Log Z, or the log-likelihood of given tags: their score less log Z."""

    @staticmethod
    def forward(emissions, start, transitions, end, evaluation: Evaluation) -> Tensor:
        return evaluation.value(Potentials(emissions, start, transitions, end))

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        *potentials, ctx.evaluation = inputs
        ctx.save_for_backward(*potentials)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        g, evaluation, potentials = gradients[0], ctx.evaluation, Potentials(*ctx.saved_tensors)
        if not torch.is_grad_enabled():
            return *evaluation.gradients(potentials, g), None
        layout, tags = evaluation.layout, evaluation.tags  # second derivatives are to come
        frames, pairs = marginals(potentials, layout, g)
        if tags is not None:
            right = layout.gather(tags).long()
            frames, pairs = (-x for x in crf_gold.less_observed(frames, pairs, right, layout, g))
        return *_in_potentials(frames, pairs, potentials, layout), None


class _Marginals(Function):
    """Gradient of Σ g log Z."""

    @staticmethod
    def forward(emissions, start, transitions, end, weight, layout: Layout) -> tuple[Tensor, Tensor]:
        potentials = Potentials(emissions, start, transitions, end)
        _, frames, pairs = crf_engine.sums(crf_engine.prepare(potentials, layout), layout, weight)
        return frames.to(_dtype(potentials)), pairs.to(_dtype(potentials))

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        *given, ctx.layout = inputs
        ctx.save_for_backward(*given)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        *given, weight = ctx.saved_tensors
        potentials = Potentials(*given)
        if torch.is_grad_enabled():
            return *_differentiable(potentials, ctx.layout, gradients, weight), None
        mean, frames, pairs = crf_engine.curvature(
            crf_engine.prepare(potentials, ctx.layout), ctx.layout, gradients, weight
        )
        return *_in_potentials(frames, pairs, potentials, ctx.layout), mean.to(weight.dtype), None


class _MeanScore(Function):
    """Mean of a score under the chain's distribution."""

    @staticmethod
    def forward(emissions, start, transitions, end, frames, steps, layout: Layout) -> Tensor:
        potentials = Potentials(emissions, start, transitions, end)
        ones = frames.new_ones(layout.shape[0])
        scores = crf_engine.prepare(potentials, layout)
        return crf_engine.curvature(scores, layout, (frames, steps), ones)[0].to(_dtype(potentials))

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        *given, ctx.layout = inputs
        ctx.save_for_backward(*given)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        *given, frames, steps = ctx.saved_tensors
        g, layout, potentials = gradients[0], ctx.layout, Potentials(*given)
        in_frames, in_steps = marginals(potentials, layout, g)
        if torch.is_grad_enabled():
            *own, _ = _differentiable(potentials, layout, (frames, steps), g)
        else:
            _, in_emissions, in_pairs = crf_engine.curvature(
                crf_engine.prepare(potentials, layout), layout, (frames, steps), g
            )
            own = _in_potentials(in_emissions, in_pairs, potentials, layout)
        return *own, in_frames, in_steps, None


def _differentiable(potentials: Potentials, layout: Layout, direction: Any, weight: Tensor) -> tuple[Tensor, ...]:
    """Gradient of <U, M(θ, g)> in θ and g that has a graph itself."""
    chain = [x if x.requires_grad else x.detach().requires_grad_() for x in (*potentials, weight)]
    scores, transitions = crf_engine.prepare(Potentials(chain[0], chain[1], chain[2], chain[3]), layout)
    total = crf_tensors.log_partition(scores, transitions, layout) @ chain[4].to(scores.dtype)
    expected = torch.autograd.grad(total, (scores, transitions), create_graph=True, materialize_grads=True)
    along = sum((mean * part).sum() for mean, part in zip(expected, direction))
    return torch.autograd.grad(along, chain, create_graph=True, materialize_grads=True)  # type: ignore[arg-type]


def _in_potentials(frames: Tensor, pairs: Tensor, potentials: Potentials, layout: Layout) -> tuple[Tensor, ...]:
    """Gradients of the four potentials, each in its own type."""
    start, end = (x.sum(0) for x in layout.outermost(frames))  # zero where a sequence has none
    return tuple(g.to(x.dtype) for g, x in zip((frames, start, pairs, end), potentials))


def _dtype(potentials: Potentials) -> torch.dtype:
    return torch.promote_types(potentials.emissions.dtype, potentials.transitions.dtype)
