"""A layer of gated recurrent units in one direction, as one node of automatic differentiation.

The loop over time runs in a kernel (`panlearn.nn.gru_kernels`), the gradients of weights are one product over all rows
after it, and second derivatives go through the reference in tensor operations, which also serves other devices.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn.functional import linear

from panlearn.nn.gru_kernels import Arrays, backward_after, backward_before, forward_after, forward_before
from panlearn.nn.recurrent_noise import Noise, hold
from panlearn.nn.rnn_scan import Inputs, differentiated, product, product_back, walked
from panlearn.nn.rnn_walk import go, masks_of, numbers
from panlearn.nn.steps import Steps, served


class GRUScan(NamedTuple):
    """What a pass needs beside tensors with gradients."""

    steps: Steps
    reverse: bool
    noise: Noise
    reset_after: bool


def gru_scan(inputs: Inputs, weight: Tensor, bias: Tensor, first: Tensor, scan: GRUScan) -> tuple[Tensor, Tensor]:
    """Outputs of all rows and last state of each sequence.

    Parameters
    ----------
    inputs : Inputs
        Rows, and what they give to r, z, n, biases with it.
    weight : Tensor of shape (3H, H)
        W_hh.
    bias : Tensor of shape (H,)
        b_hn, which the reset gate multiplies too; read only with `reset_after`.
    first : Tensor of shape (B, H)
        State before the first step, in the order of the steps.
    scan : GRUScan
        How to go.

    Returns
    -------
    output : Tensor of shape (R, H)
        States.
    last : Tensor of shape (B, H)
        State after the last step of each sequence.
    """
    if served(inputs.rows):
        output, last, *_ = _Node.apply(*inputs, weight, bias, first, scan)
        return output, last
    from panlearn.nn import recurrent_triton

    by_triton = scan.reset_after and recurrent_triton.serves(inputs.rows)
    return (recurrent_triton.gru_scan if by_triton else gru_reference)(linear(*inputs), weight, bias, first, scan)


def _reference(rows, weight_ih, bias_ih, weight, bias, first, scan):
    return gru_reference(linear(rows, weight_ih, bias_ih), weight, bias, first, scan)


def gru_reference(gates: Tensor, weight: Tensor, bias: Tensor, first: Tensor, scan: GRUScan) -> tuple[Tensor, Tensor]:
    """The same in tensor operations, differentiable as often as one likes, on any device."""
    noise, state, H = scan.noise, first, weight.shape[1]
    outputs: list[Tensor] = []
    for rows, n in walked(scan.steps, scan.reverse):
        before = state[:n]
        entered = before if noise.drop is None else before * noise.drop[:n]
        r, z = torch.sigmoid(gates[rows, : 2 * H] + entered @ weight[: 2 * H].T).chunk(2, 1)
        W = weight[2 * H :]
        inner = r * (entered @ W.T + bias) if scan.reset_after else (r * entered) @ W.T
        candidate = torch.tanh(gates[rows, 2 * H :] + inner)
        new = before + (1 - z) * (candidate - before)
        new = hold(before, new, None if noise.hold_hidden is None else noise.hold_hidden[rows])
        outputs.append(new)
        state = torch.cat([new, state[n:]])
    return torch.cat(outputs[::-1] if scan.reverse else outputs), state


class _Node(Function):
    """The layer; beside its results it gives what the way back needs."""

    @staticmethod
    def forward(rows, weight_ih, bias_ih, weight, bias, first, scan: GRUScan):
        values, state = product(rows, weight_ih, bias_ih), first.clone(memory_format=torch.contiguous_format)
        output, before, inner = (rows.new_empty(len(rows), weight.shape[1]) for _ in range(3))
        entered = before if scan.noise.drop is None else torch.empty_like(before)
        x = Arrays(*(numbers(x, rows) for x in (values, weight, before, entered, inner, state)))
        masks, out, b = masks_of(scan.noise, rows), output.numpy(), numbers(bias, rows)

        def task(walk):
            forward_after(walk, x, masks, b, out) if scan.reset_after else forward_before(walk, x, masks, out)

        go(task, scan.steps, scan.reverse, rows, 2.0 * weight.numel())
        return output, state, values, before, entered if scan.noise.drop is not None else None, inner

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        *given, ctx.scan = inputs
        kept = output[2:]
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(*(x for x in kept if x is not None))
        ctx.save_for_backward(*given, *kept)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        *given, values, before, dropped, inner = ctx.saved_tensors
        (rows, _, _, weight, _, first), scan, (outer, last) = given, ctx.scan, gradients[:2]
        if torch.is_grad_enabled():
            return *differentiated(_reference, tuple(given), scan, (outer, last)), None
        H, entered = weight.shape[1], before if dropped is None else dropped
        carry = torch.zeros_like(first) if last is None else last.clone(memory_format=torch.contiguous_format)
        x = Arrays(*(numbers(x, rows) for x in (values, weight, before, entered, inner, carry)))
        delta, masks, read = torch.empty_like(values), masks_of(scan.noise, rows), numbers(outer, rows)
        delta_inner = torch.empty_like(inner) if scan.reset_after else delta[:, 2 * H :]

        def task(walk):
            if scan.reset_after:
                backward_after(walk, x, masks, read, delta.numpy(), delta_inner.numpy())
            else:
                backward_before(walk, x, masks, read, delta.numpy())

        go(task, scan.steps, not scan.reverse, rows, 2.0 * weight.numel())
        last_block = delta_inner.T @ (entered if scan.reset_after else inner)
        in_weight = torch.cat([delta[:, : 2 * H].T @ entered, last_block])
        below, in_bias = (
            product_back(delta, given, ctx.needs_input_grad),
            delta_inner.sum(0) if scan.reset_after else None,
        )
        return *below, in_weight, in_bias, carry, None
