"""An LSTM layer in one direction as one node of automatic differentiation over the kernels.

A graph of torch operations has a dozen nodes a step and keeps what each of them read. The node keeps the activated
gates, h_{t-1} and c_{t-1} of all rows: G + 2 numbers a row and unit. Its way back is `panlearn.nn.lstm_kernels`; where
that shall be differentiated itself (gradient penalties, Hessian products), it goes through `lstm_reference`.

Course notes: 003 §2.1.4.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function

from panlearn.core.gemm import routine, single_threaded_products
from panlearn.core.threads import run, thread_count
from panlearn.nn import lstm_kernels
from panlearn.nn.lstm_kernels import Gradients, Kept, Masks, Piece, States
from panlearn.nn.lstm_reference import LSTMWeights, Scan, lstm_reference
from panlearn.nn.lstm_rows import Cell, Sums
from panlearn.nn.rnn_pool import pooled
from panlearn.nn.rnn_walk import Walk, numbers, slices
from panlearn.nn.steps import served

GATE = 60_000_000  # multiplications, about two milliseconds on one core: below, a second thread does not pay


def lstm_scan(
    rows: Tensor, state: tuple[Tensor, Tensor], weights: LSTMWeights, scan: Scan
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Carry the cell along all rows: as `lstm_reference`, by kernels where there are any."""
    if not served(rows) or weights.weight_hr is not None:
        from panlearn.nn import recurrent_triton

        plain = weights.weight_hr is None and weights.norm_hh is None
        scanned = recurrent_triton.lstm_scan if plain and recurrent_triton.serves(rows) else lstm_reference
        return scanned(rows, state, weights, scan)
    given = rows, *state, *weights
    if torch.is_grad_enabled() and any(x is not None and x.requires_grad for x in given):
        output, h, c = _Layer.apply(scan, *given)  # type: ignore[misc]
    else:
        output, h, c, _ = _forward(scan, rows, *state, weights, saving=False)
    return output, (h, c)


class _Layer(Function):
    """The layer."""

    @staticmethod
    def forward(ctx: Any, scan: Scan, rows: Tensor, h: Tensor, c: Tensor, *weights: Any) -> Any:
        output, *last, kept = _forward(scan, rows, h, c, LSTMWeights(*weights), saving=True)
        ctx.scan = scan
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(rows, h, c, *weights, *kept)
        return output, *last

    @staticmethod
    def backward(ctx: Any, *outer: Any) -> Any:
        rows, h, c, *rest = ctx.saved_tensors
        weights, kept = LSTMWeights(*rest[: len(LSTMWeights._fields)]), rest[len(LSTMWeights._fields) :]
        if torch.is_grad_enabled():
            return None, *_differentiable((rows, h, c, *weights), ctx.scan, outer)
        return None, *_backward(ctx.scan, weights, kept, outer, ctx.needs_input_grad[1:])


def _forward(scan: Scan, rows: Tensor, h: Tensor, c: Tensor, weights: LSTMWeights, saving: bool) -> Any:
    """Outputs, last h and c, and what the way back needs, piece by piece."""
    rows = rows.detach().contiguous()
    GH, H = weights.weight_hh.shape
    output, state = (
        rows.new_empty(len(rows), H),
        [x.detach().clone(memory_format=torch.contiguous_format) for x in (h, c)],
    )
    arrays = States(*(x.numpy() for x in state)), output.numpy()
    cell, masks, kept, tasks = _cell(weights, rows), _masks(scan, rows), [], []
    for piece in pieces(scan, rows, weights):
        r = int(piece.own[-1])
        n = r if saving else piece.walk.stop - piece.walk.first
        normed = r if weights.norm_hh is not None else 0
        shapes = (r, GH), (n, H), (n, H), (normed, GH), (normed, GH), (normed, H), (normed, 3)
        own = pooled([(0 if r == len(rows) else r, rows.shape[1]), *shapes], rows)
        own[0] = rows if r == len(rows) else own[0]
        kept += own
        tasks.append((piece, cell, masks, rows.numpy(), Kept(*(x.numpy() for x in own)), *arrays))
    _run(lstm_kernels.forward, tasks)
    return output, *state, kept


def _backward(scan: Scan, weights: LSTMWeights, kept: Any, outer: Any, wanted: Any) -> Any:
    """Gradients in rows, h, c and the weights."""
    output, last, like = outer[0], outer[1:], kept[0]
    R, H, B = scan.steps.n_rows, weights.weight_hh.shape[1], scan.steps.n_sequences
    output = like.new_zeros(R, H) if output is None else output.contiguous()
    state = [like.new_zeros(B, H) if x is None else x.clone(memory_format=torch.contiguous_format) for x in last]
    d_rows = like.new_empty(R if wanted[0] else 0, like.shape[1])
    cell, masks = _cell(weights, like), _masks(scan, like)
    arrays, parts, tasks = States(*(x.numpy() for x in state)), [], []
    parted = [kept[k : k + len(Kept._fields)] for k in range(0, len(kept), len(Kept._fields))]
    for piece, own in zip(pieces(scan, like, weights, len(parted), back=True), parted):
        parts.append(_space(weights, d_rows, own, wanted))
        found = Gradients(*(x.numpy() for x in parts[-1][:-4]), sums=Sums(*(x.numpy() for x in parts[-1][-4:])))
        own = Kept(*(x.numpy() for x in own))
        tasks.append((piece, cell, masks, own, arrays, output.numpy(), found, d_rows.numpy()))
    _run(lstm_kernels.backward, tasks)
    d_ih, d_hh, bias, peephole, norms, norm_c = (_added(x) for x in zip(*([*part[1:3], *part[-4:]] for part in parts)))
    named = {"weight_ih": d_ih, "weight_hh": d_hh, "bias_ih": bias, "bias_hh": bias, "peephole": peephole.view(-1, H)}
    named |= {"norm_ih": norms[0], "norm_hh": norms[1], "norm_c": norm_c.view(-1, H)} if len(norms) else {}
    answer = [d_rows, *state, *(named.get(name) for name in LSTMWeights._fields)]
    return [g if want else None for g, want in zip(answer, wanted)]


def _added(parts: tuple[Tensor, ...]) -> Tensor:
    """Sum of what pieces found, in the first of them; torch would wake threads that then spin beside ours."""
    total = parts[0].numpy()
    for other in parts[1:]:
        np.add(total, other.numpy(), out=total)
    return parts[0]


def _space(weights: LSTMWeights, d_rows: Tensor, own: Any, wanted: Any) -> list[Tensor]:
    """What the way back of a piece writes: the fields of `Gradients`, then those of `Sums`."""
    rows, gates = own[:2]
    GH, H = weights.weight_hh.shape
    all_rows, normed = len(d_rows) in (0, len(rows)), weights.norm_hh is not None
    below, inputs, products = pooled(
        [(0, 1) if all_rows else rows.shape, gates.shape, gates.shape if normed else (0, 1)], rows
    )
    below, products = d_rows if all_rows else below, products if normed else inputs
    pair = [torch.empty_like(x) if w else x.new_empty(0, x.shape[1]) for x, w in zip(weights[:2], wanted[3:5])]
    sizes = (GH,), (3 * H * (weights.peephole is not None),), (2 * normed, GH)
    sums = [rows.new_zeros(size) for size in (*sizes, (2 * H * (weights.norm_c is not None),))]
    return [below, *pair, inputs, products, *sums]


def _differentiable(given: tuple[Any, ...], scan: Scan, outer: Any) -> list[Any]:
    """Gradients that have a graph themselves."""
    given = tuple(x if x is None or x.requires_grad else x.detach().requires_grad_() for x in given)
    rows, h, c, *weights = given
    output, last = lstm_reference(rows, (h, c), LSTMWeights(*weights), scan)
    pairs = [(x, g) for x, g in zip((output, *last), outer) if g is not None]
    there = [x for x in given if x is not None]
    results, gradients = zip(*pairs)
    found = iter(torch.autograd.grad(results, there, gradients, create_graph=True, materialize_grads=True))
    return [None if x is None else next(found) for x in given]


def _run(kernel: Any, tasks: list[Any]) -> None:
    """Each piece on a thread of its own."""

    def task(given: Any) -> None:
        with single_threaded_products():
            kernel(*given)

    if len(tasks) == 1:
        task(tasks[0])
    else:
        run([lambda given=given: task(given) for given in tasks])


def _cell(weights: LSTMWeights, like: Tensor) -> Cell:
    """Weights for kernels."""
    if weights.bias_ih is None or weights.bias_hh is None:
        bias = np.zeros(len(weights.weight_hh), like.numpy().dtype)
    else:
        bias = numbers(weights.bias_ih, like) + numbers(weights.bias_hh, like)
    norms = [] if weights.norm_ih is None else [numbers(x, like) for x in (weights.norm_ih, weights.norm_hh)]
    return Cell(
        numbers(weights.weight_ih, like),
        numbers(weights.weight_hh, like),
        bias,
        np.zeros(3 * weights.weight_hh.shape[1], like.numpy().dtype)
        if weights.peephole is None
        else numbers(weights.peephole, like).ravel(),
        np.stack(norms) if norms else numbers(None, like),
        numbers(weights.norm_c, like).ravel(),
    )


def _masks(scan: Scan, like: Tensor) -> Masks:
    """Noise for kernels."""
    noise = scan.noise
    return Masks(numbers(noise.drop, like), numbers(noise.hold_hidden, like), numbers(noise.hold_cell, like))


def pieces(scan: Scan, like: Tensor, weights: LSTMWeights, count: int | None = None, back: bool = False) -> list[Piece]:
    """Sequences in as many pieces as there are threads that pay, or in `count`; each has about as many rows."""
    steps, work = scan.steps, scan.steps.n_rows * (weights.weight_ih.numel() + weights.weight_hh.numel())
    if count is None:
        count = min(thread_count(), torch.get_num_threads(), steps.n_sequences) if work >= GATE else 1
    sizes, starts, address = steps.sizes.numpy(), steps.starts.numpy(), routine(like.numpy().dtype)
    found = []
    for first, stop in slices(steps, count):
        alive = np.maximum(np.minimum(sizes, stop) - first, 0)
        own = np.concatenate([[0], np.cumsum(alive)]) if stop - first < steps.n_sequences else starts
        found.append(Piece(Walk(sizes, starts, scan.reverse != back, first, stop, address), own))
    return found
