"""The ordered LSTM's pass through all steps, as one node of automatic differentiation over Numba kernels.

    a = G x + b (outside)   →   states h_1 … h_T, last h and c   →   δa, δU = δaᵀ [m ∘ h_{t-1}], δh_0, δc_0

A graph through the steps would hold some thirty operations a step; the node holds the gates after their activations,
and makes the derivative of the recurrent weights by one product over all rows. Mathematics in
`panlearn.nn.ordered_cell`, loops in `panlearn.nn.ordered_kernels`. Second derivatives, and other devices,
go through torch's own operations.
"""

from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import Function

from panlearn.nn.ordered_cell import State, ordered_reference
from panlearn.nn.ordered_kernels import Kept, backward, forward
from panlearn.nn.recurrent_noise import Noise
from panlearn.nn.rnn_scan import differentiated
from panlearn.nn.rnn_walk import Walk, go, masks_of, numbers
from panlearn.nn.steps import Steps, served


def ordered_sizes(hidden_size: int, chunk_size: Any = None) -> tuple[int, int]:
    """Rows of the weights of a layer, and cells that share a master gate.

    Parameters
    ----------
    hidden_size : int
        Cells, H.
    chunk_size : int or None
        Cells a master gate, a divisor of H below it (1 if H is 1); None for the largest up to 10, as in the paper.

    Returns
    -------
    rows, chunk_size : int
        4 H + 2 H / chunk_size, and chunk_size.

    Raises
    ------
    ValueError
        If `chunk_size` does not divide H, or is H itself.

    Examples
    --------
    >>> ordered_sizes(120), ordered_sizes(120, 4)
    ((504, 10), (540, 4))
    """
    H = hidden_size
    divisors = [k for k in range(1, H) if H % k == 0] or [1]
    if chunk_size is None:
        chunk_size = max(k for k in divisors if k <= 10)
    if isinstance(chunk_size, bool) or chunk_size not in divisors:
        raise ValueError(
            f"chunk_size must be one of {divisors}, the divisors of hidden_size={H} that leave several master gates; "
            f"got {chunk_size!r}."
        )
    return 4 * H + 2 * (H // int(chunk_size)), int(chunk_size)


def ordered_scan(
    gates: Tensor, weight_hh: Tensor, state: State, steps: Steps, reverse: bool = False, noise: Noise | None = None
) -> tuple[Tensor, State]:
    """Go through all steps of one layer in one direction.

    Parameters
    ----------
    gates : Tensor of shape (R, 4 H + 2 M)
        What the input gives to the gates, biases included, in the rows of `steps`.
    weight_hh : Tensor of shape (4 H + 2 M, H)
        Recurrent weights U.
    state : (Tensor, Tensor) of shape (B, H)
        h and c before the first step, in the order of `steps`.
    steps : Steps
        How the rows lie.
    reverse : bool
        Whether to go from the last step to the first.
    noise : Noise, optional
        Masks.

    Returns
    -------
    outputs : Tensor of shape (R, H)
        h after each step.
    state : (Tensor, Tensor) of shape (B, H)
        h and c after the last step of each sequence.
    """
    dtype, way = torch.promote_types(gates.dtype, torch.float32), _Pass(steps, reverse, noise or Noise())
    given = tuple(x.to(dtype) for x in (gates, weight_hh, *state))
    outputs, h, c = _OrderedScan.apply(*given, way) if served(given[0]) else _reference(*given, way)  # type: ignore
    return outputs.to(gates.dtype), (h.to(gates.dtype), c.to(gates.dtype))


class _Pass(NamedTuple):
    """How to go."""

    steps: Steps
    reverse: bool
    noise: Noise


class _OrderedScan(Function):
    """All steps of one layer in one direction."""

    @staticmethod
    def forward(ctx: Any, gates, weight, h, c, way: _Pass) -> tuple[Tensor, ...]:
        ctx.save_for_backward(gates, weight, h, c)
        ctx.set_materialize_grads(False)
        ctx.way = way
        outputs, last, ctx.kept = _forward(gates, weight, (h, c), way)
        return outputs, *last

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        given, way = ctx.saved_tensors, ctx.way
        if torch.is_grad_enabled():
            return *differentiated(_reference, given, way, gradients), None
        # a second pass through the same graph: the first has overwritten the gates
        kept = _forward(given[0], given[1], given[2:], way)[2] if ctx.kept is None else ctx.kept
        ctx.kept = None
        return *_backward(given[1:], kept, way, gradients), None


def _forward(gates: Tensor, weight: Tensor, state: Any, way: _Pass) -> tuple[Tensor, tuple[Tensor, ...], list[Tensor]]:
    """Outputs, last states, and what the way back needs."""
    h, c = (x.clone(memory_format=torch.contiguous_format) for x in state)
    outputs, *rest = (gates.new_empty(len(gates), h.shape[1]) for _ in range(4))
    kept = [torch.empty_like(gates, memory_format=torch.contiguous_format), *rest]
    read = numbers(gates, gates), numbers(weight, gates), Kept(*(numbers(x, gates) for x in kept))
    masks, hold_cell = masks_of(way.noise, gates), numbers(way.noise.hold_cell, gates)
    written = numbers(outputs, gates), numbers(h, gates), numbers(c, gates)
    task = partial(_call, forward, (*read, masks, hold_cell, *written))
    go(task, way.steps, way.reverse, gates, 2.0 * weight.numel())
    return outputs, (h, c), kept


def _backward(given: tuple[Tensor, ...], kept: list[Tensor], way: _Pass, gradients: Any) -> tuple[Tensor, ...]:
    """Gradients of the gates, the recurrent weights and the first states; overwrites `kept`."""
    weight, *state = given
    outer, *last = gradients
    dh, dc = (
        torch.zeros_like(x) if g is None else g.clone(memory_format=torch.contiguous_format)
        for x, g in zip(state, last)
    )
    read = numbers(weight, weight), Kept(*(numbers(x, weight) for x in kept))
    masks, hold_cell = masks_of(way.noise, weight), numbers(way.noise.hold_cell, weight)
    written = numbers(outer, weight), numbers(dh, weight), numbers(dc, weight)
    task = partial(_call, backward, (*read, masks, hold_cell, *written))
    go(task, way.steps, not way.reverse, weight, 2.0 * weight.numel())
    return kept[0], kept[0].T @ kept[1], dh, dc


def _call(kernel: Any, arguments: tuple, walk: Walk) -> None:
    kernel(walk, *arguments)


def _reference(gates: Tensor, weight: Tensor, h: Tensor, c: Tensor, way: _Pass) -> tuple[Tensor, ...]:
    outputs, last = ordered_reference(gates, weight, (h, c), *way)
    return outputs, *last
