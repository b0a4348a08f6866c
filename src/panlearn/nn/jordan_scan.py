"""A layer of Jordan's network in one direction, as one node of automatic differentiation.

    h_t = f(u_t + W_yh y_{t-1}),    y_t = g(W_hy h_t + b_hy),     u_t = W_ih x_t + b_ih made for all steps before

On the way back, with ε_t = ∂L/∂(W_hy h_t + b_hy) and δ_t = ∂L/∂(u_t + W_yh y_{t-1}):

    ε_t = g' (∂L_t/∂y_t + W_yh' δ_{t+1}),     δ_t = f'(h_t) ∘ (W_hy' ε_t)
    ∂L/∂W_hy = Σ_t ε_t h_t',   ∂L/∂W_yh = Σ_t δ_t y_{t-1}',   ∂L/∂u_t = δ_t

g' is diagonal, but for softmax: there g' v = y ∘ (v - y'v).
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn.functional import linear

from panlearn.core.gemm import gemm
from panlearn.core.jit import kernel
from panlearn.nn.recurrent_noise import Noise, hold
from panlearn.nn.rnn_functions import NONLINEARITIES, activate, multiply_by_slope
from panlearn.nn.rnn_scan import FUNCTIONS, Inputs, differentiated, product, product_back, walked
from panlearn.nn.rnn_walk import enter, enter_back, go, leave, leave_back, masks_of, numbers, rows_at
from panlearn.nn.steps import Steps, served


class JordanWeights(NamedTuple):
    """Of one layer and direction."""

    feedback: Tensor  # (H, O) W_yh
    output: Tensor  # (O, H) W_hy
    bias: Tensor  # (O,) b_hy


class JordanScan(NamedTuple):
    """What a pass needs beside tensors with gradients."""

    steps: Steps
    reverse: bool
    noise: Noise
    hidden: str  # f
    output: str  # g


def jordan_scan(inputs: Inputs, weights: JordanWeights, first: Tensor, scan: JordanScan) -> tuple[Tensor, Tensor]:
    """Outputs of all rows and last output of each sequence.

    Parameters
    ----------
    inputs : Inputs
        Rows, and what makes u_t of them.
    weights : JordanWeights
        The rest of the parameters.
    first : Tensor of shape (B, O)
        Output before the first step, in the order of the steps.
    scan : JordanScan
        How to go.

    Returns
    -------
    output : Tensor of shape (R, O)
        y_t.
    last : Tensor of shape (B, O)
        Output at the last step of each sequence.
    """
    if not served(inputs.rows):
        return jordan_reference(linear(*inputs), *weights, first, scan)
    output, last, *_ = _Node.apply(*inputs, *weights, first, scan)
    return output, last


def _reference(rows, weight_ih, bias, *rest):
    return jordan_reference(linear(rows, weight_ih, bias), *rest)


def jordan_reference(
    gates: Tensor, feedback: Tensor, weight: Tensor, bias: Tensor, first: Tensor, scan: JordanScan
) -> tuple[Tensor, Tensor]:
    """The same in tensor operations, differentiable as often as one likes, on any device."""
    f, g, noise, state = FUNCTIONS[scan.hidden], FUNCTIONS[scan.output], scan.noise, first
    outputs: list[Tensor] = []
    for rows, n in walked(scan.steps, scan.reverse):
        before = state[:n]
        entered = before if noise.drop is None else before * noise.drop[:n]
        hidden = f(gates[rows] + entered @ feedback.T)
        new = g(hidden @ weight.T + bias)
        new = hold(before, new, None if noise.hold_hidden is None else noise.hold_hidden[rows])
        outputs.append(new)
        state = torch.cat([new, state[n:]])
    return torch.cat(outputs[::-1] if scan.reverse else outputs), state


class _Arrays(NamedTuple):
    """What the kernels read and write."""

    hidden: np.ndarray  # (R, H) u before, h after
    feedback: np.ndarray  # (H, O)
    weight: np.ndarray  # (O, H)
    entered: np.ndarray  # (R, O) y_{t-1} as it entered the product
    values: np.ndarray  # (R, O) biases before, values of g after
    state: np.ndarray  # (B, O) handed from step to step


@kernel
def _forward(walk, x, masks, codes, output):
    O, H = x.weight.shape
    for s in range(len(walk.sizes)):
        row, n = rows_at(walk, s)
        if n == 0:
            continue
        enter(walk, masks, x.state, row, n, x.entered, x.entered)
        gemm(walk.routine, True, n, H, O, x.entered[row:], x.feedback, 1.0, x.hidden[row:])
        activate(x.hidden[row : row + n], codes[0])
        gemm(walk.routine, True, n, O, H, x.hidden[row:], x.weight, 1.0, x.values[row:])
        activate(x.values[row : row + n], codes[1])
        if len(masks.hold):
            for i in range(row, row + n):
                for k in range(O):
                    output[i, k] = x.values[i, k]
        leave(walk, masks, x.state, row, n, output)


@kernel
def _backward(walk, x, masks, codes, outer, delta, epsilon):
    O, H = x.weight.shape
    product = np.empty((walk.stop - walk.first, O), x.hidden.dtype)
    for s in range(len(walk.sizes)):
        row, n = rows_at(walk, s)
        if n == 0:
            continue
        leave_back(walk, masks, x.state, row, n, outer, epsilon[row:])
        multiply_by_slope(epsilon[row : row + n], x.values[row : row + n], codes[1])
        gemm(walk.routine, False, n, H, O, epsilon[row:], x.weight, 0.0, delta[row:])
        multiply_by_slope(delta[row : row + n], x.hidden[row : row + n], codes[0])
        gemm(walk.routine, False, n, O, H, delta[row:], x.feedback, 0.0, product)
        enter_back(walk, masks, n, product, x.state)


class _Node(Function):
    """The layer; beside its results it gives what the way back needs."""

    @staticmethod
    def forward(rows, weight_ih, bias_ih, feedback, weight, bias, first, scan: JordanScan):
        held = scan.noise.hold_hidden is not None
        hidden, state = product(rows, weight_ih, bias_ih), first.clone(memory_format=torch.contiguous_format)
        values = bias.repeat(len(rows), 1)
        output, entered = torch.empty_like(values) if held else values, torch.empty_like(values)
        x = _Arrays(*(numbers(x, rows) for x in (hidden, feedback, weight, entered, values, state)))
        masks, codes = masks_of(scan.noise, rows), _codes(scan)
        work = 2.0 * (feedback.numel() + weight.numel())
        go(lambda walk: _forward(walk, x, masks, codes, output.numpy()), scan.steps, scan.reverse, rows, work)
        return output, state, hidden, entered, values if held else None

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        *given, ctx.scan = inputs
        states, _, hidden, entered, values = output
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(hidden, entered, *(() if values is None else (values,)))
        ctx.save_for_backward(*given, hidden, entered, states if values is None else values)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        *given, hidden, entered, values = ctx.saved_tensors
        (rows, _, _, feedback, weight, _, first), scan, (outer, last) = given, ctx.scan, gradients[:2]
        if torch.is_grad_enabled():
            return *differentiated(_reference, tuple(given), scan, (outer, last)), None
        carry = torch.zeros_like(first) if last is None else last.clone(memory_format=torch.contiguous_format)
        x = _Arrays(*(numbers(x, rows) for x in (hidden, feedback, weight, entered, values, carry)))
        delta, epsilon, read = torch.empty_like(hidden), torch.empty_like(values), numbers(outer, rows)
        masks, codes, targets = masks_of(scan.noise, rows), _codes(scan), (delta.numpy(), epsilon.numpy())
        work = 2.0 * (feedback.numel() + weight.numel())
        go(lambda walk: _backward(walk, x, masks, codes, read, *targets), scan.steps, not scan.reverse, rows, work)
        below = product_back(delta, given, ctx.needs_input_grad)
        return *below, delta.T @ entered, epsilon.T @ hidden, epsilon.sum(0), carry, None


def _codes(scan: JordanScan) -> tuple[int, int]:
    return NONLINEARITIES[scan.hidden], NONLINEARITIES[scan.output]
