"""A plain recurrent layer in one direction, and back-propagation through time.

    h_t = f(u_t + W_hh h_{t-1}),     u_t = W_ih x_t + b   for all steps at once, before

With the loss L, δ_t = ∂L/∂(u_t + W_hh h_{t-1}) is found from the last step to the first:

    δ_t = f'(h_t) ∘ (∂L_t/∂h_t + W_hh' δ_{t+1})
    ∂L/∂W_hh = Σ_t δ_t h_{t-1}',   ∂L/∂W_ih = Σ_t δ_t x_t',   ∂L/∂x_t = W_ih' δ_t

The last line is three products over all rows, after the loop.

The notes write δ_{t,k} for the part of the loss of step t alone that has come back to step k; sums over t of δ_{t,k}
are the δ_k here, for gradients add. Course notes: 003 §2.1.4, 002 (BPTT).

One node of automatic differentiation does the whole layer: the time loop runs in a kernel. With noise
(`panlearn.nn.recurrent_noise`) the state enters the product with its dropout, and the output is held.
"""

from itertools import pairwise
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
from panlearn.nn.rnn_walk import enter, enter_back, go, leave, leave_back, masks_of, numbers, rows_at
from panlearn.nn.steps import Steps, served

FUNCTIONS = {
    "identity": lambda x: x,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "softmax": lambda x: torch.softmax(x, -1),
}


class Scan(NamedTuple):
    """What a pass needs beside tensors with gradients."""

    steps: Steps
    reverse: bool
    noise: Noise
    nonlinearity: str


class Inputs(NamedTuple):
    """What comes from below: u = W_ih x + b."""

    rows: Tensor  # (R, I) x
    weight: Tensor  # (G, I) W_ih; G is H times the number of gates
    bias: Tensor  # (G,) b


def rnn_scan(inputs: Inputs, weight: Tensor, first: Tensor, scan: Scan) -> tuple[Tensor, Tensor]:
    """Outputs of all rows and last state of each sequence.

    Parameters
    ----------
    inputs : Inputs
        Rows, and what makes u_t of them.
    weight : Tensor of shape (H, H)
        W_hh.
    first : Tensor of shape (B, H)
        State before the first step, in the order of the steps.
    scan : Scan
        How to go.

    Returns
    -------
    output : Tensor of shape (R, H)
        States.
    last : Tensor of shape (B, H)
        State after the last step of each sequence.
    """
    if served(inputs.rows):
        output, last, *_ = _Node.apply(*inputs, weight, first, scan)
        return output, last
    from panlearn.nn import recurrent_triton

    scanned = recurrent_triton.rnn_scan if recurrent_triton.serves(inputs.rows) else rnn_reference
    return scanned(linear(*inputs), weight, first, scan)


def _reference(rows, weight_ih, bias, weight, first, scan):
    return rnn_reference(linear(rows, weight_ih, bias), weight, first, scan)


def rnn_reference(gates: Tensor, weight: Tensor, first: Tensor, scan: Scan) -> tuple[Tensor, Tensor]:
    """The same in tensor operations, differentiable as often as one likes, on any device."""
    f, noise, state = FUNCTIONS[scan.nonlinearity], scan.noise, first
    outputs: list[Tensor] = []
    for rows, n in walked(scan.steps, scan.reverse):
        before = state[:n]
        entered = before if noise.drop is None else before * noise.drop[:n]
        new = f(gates[rows] + entered @ weight.T)
        new = hold(before, new, None if noise.hold_hidden is None else noise.hold_hidden[rows])
        outputs.append(new)
        state = torch.cat([new, state[n:]])
    return torch.cat(outputs[::-1] if scan.reverse else outputs), state


def walked(steps: Steps, reverse: bool) -> list[tuple[slice, int]]:
    """Rows of each step and how many they are, in the order of the way."""
    starts = steps.starts.tolist()
    found = [(slice(a, z), z - a) for a, z in pairwise(starts)]
    return found[::-1] if reverse else found


class _Arrays(NamedTuple):
    """What the kernels read and write."""

    gates: np.ndarray  # (R, H) u, overwritten by f's values on the way there; gradients on the way back
    weight: np.ndarray  # (H, H)
    entered: np.ndarray  # (R, H) states as they entered the product
    output: np.ndarray  # (R, H) states; the same array as `gates` unless they are held
    state: np.ndarray  # (B, H) handed from step to step


@kernel
def _forward(walk, x, masks, code):
    H = x.weight.shape[0]
    for s in range(len(walk.sizes)):
        row, n = rows_at(walk, s)
        if n == 0:
            continue
        enter(walk, masks, x.state, row, n, x.entered, x.entered)
        gemm(walk.routine, True, n, H, H, x.entered[row:], x.weight, 1.0, x.gates[row:])
        activate(x.gates[row : row + n], code)
        if len(masks.hold):
            for i in range(row, row + n):
                for k in range(H):
                    x.output[i, k] = x.gates[i, k]
        leave(walk, masks, x.state, row, n, x.output)


@kernel
def _backward(walk, x, masks, code, values, outer):
    H = x.weight.shape[0]
    product = np.empty((walk.stop - walk.first, H), x.gates.dtype)
    for s in range(len(walk.sizes)):
        row, n = rows_at(walk, s)
        if n == 0:
            continue
        delta = x.gates[row : row + n]
        leave_back(walk, masks, x.state, row, n, outer, delta)
        multiply_by_slope(delta, values[row : row + n], code)
        gemm(walk.routine, False, n, H, H, delta, x.weight, 0.0, product)
        enter_back(walk, masks, n, product, x.state)


class _Node(Function):
    """The layer; beside its results it gives what the way back needs."""

    @staticmethod
    def forward(rows, weight_ih, bias, weight, first, scan: Scan):
        held = scan.noise.hold_hidden is not None
        values, state = product(rows, weight_ih, bias), first.clone(memory_format=torch.contiguous_format)
        output, entered = torch.empty_like(values) if held else values, torch.empty_like(values)
        masks, code = masks_of(scan.noise, rows), NONLINEARITIES[scan.nonlinearity]
        arrays = _Arrays(*(numbers(x, rows) for x in (values, weight, entered, output, state)))
        go(lambda walk: _forward(walk, arrays, masks, code), scan.steps, scan.reverse, rows, 2.0 * weight.numel())
        return output, state, entered, values if held else None

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        *given, ctx.scan = inputs
        states, _, entered, values = output
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(entered, *(() if values is None else (values,)))
        ctx.save_for_backward(*given, entered, states if values is None else values)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        *given, entered, values = ctx.saved_tensors
        (rows, _, _, weight, first), scan, (outer, last) = given, ctx.scan, gradients[:2]
        if torch.is_grad_enabled():
            return *differentiated(_reference, tuple(given), scan, (outer, last)), None
        carry = torch.zeros_like(first) if last is None else last.clone(memory_format=torch.contiguous_format)
        delta, masks = torch.empty_like(values), masks_of(scan.noise, rows)
        arrays = _Arrays(*(numbers(x, rows) for x in (delta, weight, None, None, carry)))
        read, code = (numbers(values, rows), numbers(outer, rows)), NONLINEARITIES[scan.nonlinearity]
        go(
            lambda walk: _backward(walk, arrays, masks, code, *read),
            scan.steps,
            not scan.reverse,
            rows,
            2.0 * weight.numel(),
        )
        return *product_back(delta, given, ctx.needs_input_grad), delta.T @ entered, carry, None


def product(rows: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Make u of all rows, in a tensor of its own and in the type of the rows, whatever `autocast` says."""
    return torch.addmm(bias, rows, weight.T, out=rows.new_empty(len(rows), len(weight)))


def product_back(delta: Tensor, given: list[Tensor], wanted: tuple[bool, ...]) -> tuple[Any, Any, Any]:
    """Gradients in rows, W_ih and b; rows that are data need none."""
    rows, weight, _, *_ = given
    return delta @ weight if wanted[0] else None, delta.T @ rows if wanted[1] else None, delta.sum(0)


def differentiated(reference: Any, given: tuple[Tensor, ...], scan: Any, outer: tuple[Any, ...]) -> tuple[Any, ...]:
    """Gradients that have a graph themselves, through the reference."""
    given = tuple(x if x.requires_grad else x.detach().requires_grad_() for x in given)
    results = reference(*given, scan)
    pairs = [(result, g) for result, g in zip(results, outer) if g is not None]
    return torch.autograd.grad(
        [result for result, _ in pairs], given, [g for _, g in pairs], create_graph=True, materialize_grads=True
    )
