"""Recurrent layers on a GPU as nodes of automatic differentiation over Triton kernels.

Up to H = 512 a layer's whole time loop is one launch (`panlearn.nn.recurrent_triton_kernels`); beyond, a step is a
product by the vendor's library and one launch for all that is pointwise. Gradients of the weights are one product over
all rows after the loop, second derivatives go through torch's own operations.

Signatures are those of the references on the processor: `rnn_scan`, `gru_scan`, `lstm_scan`. Triton is imported at the
first call.
"""

import os
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn.functional import linear

from panlearn.nn.lstm_reference import LSTMWeights, Scan, lstm_cell
from panlearn.nn.recurrent_noise import hold
from panlearn.nn.rnn_scan import differentiated, rnn_reference, walked
from panlearn.nn.steps import Steps

WIDEST = 512  # units of a layer whose loop is one launch: wider tiles of U no longer stay close to the processors
TILES = {"BB": 16, "BN": 32, "BK": 32}  # 16 is the least that the matrix units take


class _Way(NamedTuple):
    """What a pass needs beside tensors with gradients."""

    kind: str
    function: str
    scan: Any  # steps, reverse, noise
    reference: Any


def serves(x: Tensor) -> bool:
    """Whether the kernels can work on this tensor: float32 or float64 on a CUDA device, or Triton's interpreter."""
    if not x.is_cuda and os.environ.get("TRITON_INTERPRET") != "1":
        return False
    from panlearn.nn.triton_language import installed

    return installed and x.dtype in (torch.float32, torch.float64)


def rnn_scan(gates: Tensor, weight: Tensor, first: Tensor, scan: Any) -> tuple[Tensor, Tensor]:
    """As `panlearn.nn.rnn_scan.rnn_reference`."""
    way = _Way("rnn", scan.nonlinearity, scan, _rnn)
    output, last, _ = _Node.apply(gates, weight, None, first, None, way)  # type: ignore[misc]
    return output, last


def gru_scan(gates: Tensor, weight: Tensor, bias: Tensor, first: Tensor, scan: Any) -> tuple[Tensor, Tensor]:
    """As `panlearn.nn.gru_scan.gru_reference` with `reset_after`."""
    output, last, _ = _Node.apply(gates, weight, bias, first, None, _Way("gru", "identity", scan, _gru))  # type: ignore[misc]
    return output, last


def lstm_scan(
    rows: Tensor, state: tuple[Tensor, Tensor], weights: LSTMWeights, scan: Scan
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """As `panlearn.nn.lstm_reference.lstm_reference`, without normalisation and projection."""
    bias = None if weights.bias_ih is None else weights.bias_ih + weights.bias_hh  # type: ignore[operator]
    gates, kind = linear(rows, weights.weight_ih, bias), "coupled" if weights.coupled else "lstm"
    given = gates, weights.weight_hh, weights.peephole, *state
    output, h, c = _Node.apply(*given, _Way(kind, "identity", scan, _lstm))  # type: ignore[misc]
    return output, (h, c)


class _Node(Function):
    """One layer in one direction."""

    @staticmethod
    def forward(ctx: Any, gates, weight, extra, h, c, way: _Way) -> tuple[Tensor, ...]:
        ctx.save_for_backward(gates, weight, extra, h, c)
        ctx.set_materialize_grads(False)
        ctx.way = way
        output, last, ctx.kept = _forward(gates, weight, extra, h, c, way)
        return output, *last

    @staticmethod
    def backward(ctx: Any, *outer: Any) -> Any:
        given, way = ctx.saved_tensors, ctx.way
        if torch.is_grad_enabled():
            return *_differentiated(given, way, outer), None
        # a second pass through the same graph finds the gates overwritten
        gates, weight, extra, h, c = given
        kept = _forward(gates, weight, extra, h, c, way)[2] if ctx.kept is None else ctx.kept
        ctx.kept = None
        return *_backward(given, kept, way, outer), None


def _forward(gates, weight, extra, h, c, way: _Way) -> tuple[Tensor, tuple[Any, Any], dict[str, Tensor]]:
    """Outputs, last states, and what the way back needs."""
    R, H, steps = len(gates), weight.shape[1], way.scan.steps
    kept = {name: gates.new_empty(R, H) for name in ("inner", "before", "entered")}
    kept["gates"] = torch.empty_like(gates, memory_format=torch.contiguous_format)
    output, hidden = gates.new_empty(R, H), torch.stack([h, h] if H <= WIDEST else [h])
    cell = gates.new_empty(0) if c is None else c.clone(memory_format=torch.contiguous_format)
    arrays = {"given": gates.contiguous(), "output": output, "hidden": hidden, "cell": cell, **kept}
    _launch("forward", weight, extra, way, arrays)
    ends = _last_rows(steps, way.scan.reverse).to(gates.device)
    return output, (output[ends], None if c is None else cell), kept


def _backward(given: tuple[Any, ...], kept: dict[str, Tensor], way: _Way, outer: Any) -> tuple[Any, ...]:
    """Gradients; overwrites `kept`."""
    _, weight, extra, h, c = given
    d_output, d_h, d_c = outer
    like = weight.new_zeros
    d_output = like(len(kept["gates"]), len(weight[0])) if d_output is None else d_output.contiguous()
    hidden = (like(h.shape) if d_h is None else d_h.clone(memory_format=torch.contiguous_format))[None]
    cell = weight.new_empty(0)
    if c is not None:
        cell = like(c.shape) if d_c is None else d_c.clone(memory_format=torch.contiguous_format)
    arrays = {"given": d_output, "output": d_output, "hidden": hidden, "cell": cell, **kept}
    _launch("backward", weight, extra, way, arrays)
    d_gates, H = kept["gates"], weight.shape[1]
    d_product = _products_derivative(d_gates, kept["inner"], way.kind)
    d_extra = None
    if way.kind == "gru":
        d_extra = kept["inner"].sum(0)
    elif extra is not None:
        seen = {"lstm": ("before", "before", None, "inner"), "coupled": ("before", None, "inner")}[way.kind]
        parts = [(d * kept[name]).sum(0) for d, name in zip(d_gates.split(H, 1), seen) if name]
        d_extra = torch.stack(parts if way.kind == "lstm" else [like(H), *parts])
    return d_gates, d_product.T @ kept["entered"], d_extra, hidden[0], cell if c is not None else None


def _launch(name: str, weight: Tensor, extra: Any, way: _Way, arrays: dict[str, Tensor]) -> None:
    """Go through all steps: in one launch, or in one a step with the product before (or after) it."""
    from panlearn.nn import recurrent_triton_kernels as kernels
    from panlearn.nn.recurrent_triton_cells import Arrays

    steps, B, H, back = way.scan.steps, way.scan.steps.n_sequences, weight.shape[1], name == "backward"
    weight, none = weight.contiguous(), weight.new_empty(0)
    settings = _settings(way, weight, extra is not None, way.scan.reverse != back)
    drop, *held = (none if mask is None else mask.to(weight).contiguous() for mask in way.scan.noise)
    x = Arrays(
        starts=steps.starts.to(weight.device),
        weight=weight,
        extra=none if extra is None else extra.contiguous(),
        product=none if settings.WHOLE else weight.new_empty(B, len(weight)),
        drop=drop,
        hold_hidden=held[0],
        hold_cell=held[1],
        B=B,
        H=H,
        T=len(steps.sizes),
        **arrays,
    )
    tiles = -(-B // settings.BB), 1 if settings.WHOLE else -(-H // settings.BN)
    with torch.cuda.device_of(weight):
        launch = getattr(kernels, name)[tiles]
        if settings.WHOLE:
            launch(x, settings)
            return
        for t in range(x.T)[:: -1 if settings.FALLING else 1]:
            rows, n = slice(int(steps.starts[t]), int(steps.starts[t + 1])), int(steps.sizes[t])
            if not back:
                h = x.hidden[0, :n]
                torch.mm(h * drop[:n] if settings.DROP else h, weight.T, out=x.product[:n])
            launch(x._replace(starts=x.starts[t : t + 2], T=1), settings._replace(FALLING=False))
            if back:
                d = _products_derivative(x.gates[rows], x.inner[rows], way.kind) @ weight
                x.hidden[0, :n] += d * drop[:n] if settings.DROP else d


def _settings(way: _Way, weight: Tensor, extra: bool, falling: bool) -> Any:
    """What a kernel is compiled for."""
    from panlearn.nn import recurrent_triton_cells as cells

    noise, (GH, H) = way.scan.noise, weight.shape
    exact = torch.get_float32_matmul_precision() == "highest" or weight.dtype == torch.float64
    return cells.Settings(
        KIND=cells.KINDS[way.kind],
        GATES=GH // H,
        FUNCTION=cells.FUNCTIONS[way.function],
        FALLING=falling,
        PEEPHOLE=extra and way.kind != "gru",
        DROP=noise.drop is not None,
        HOLD_HIDDEN=noise.hold_hidden is not None,
        HOLD_CELL=noise.hold_cell is not None and way.kind in ("lstm", "coupled"),
        WHOLE=H <= WIDEST,
        PRECISION="ieee" if exact else "tf32",
        **TILES,
    )


def _products_derivative(gates: Tensor, inner: Tensor, kind: str) -> Tensor:
    """Derivatives of P from those of the gates: they differ where the reset gate comes between."""
    return torch.cat([gates[:, : 2 * inner.shape[1]], inner], 1) if kind == "gru" else gates


def _last_rows(steps: Steps, reverse: bool) -> Tensor:
    """The row of each sequence's last step on the way, (B,)."""
    places = torch.arange(steps.n_sequences)
    if reverse:
        return places
    lengths = (steps.sizes[None] > places[:, None]).sum(1)
    return steps.starts[lengths - 1] + places


def _rnn(gates, weight, extra, h, c, scan: Any) -> tuple[Any, ...]:
    return *rnn_reference(gates, weight, h, scan), None


def _gru(gates, weight, bias, h, c, scan: Any) -> tuple[Any, ...]:
    from panlearn.nn.gru_scan import gru_reference

    return *gru_reference(gates, weight, bias, h, scan), None


def _lstm(gates, weight, peephole, h, c, scan: Any) -> tuple[Tensor, Tensor, Tensor]:
    noise, weights = scan.noise, LSTMWeights(weight, weight, peephole=peephole)
    outputs: list[Tensor] = []
    for rows, n in walked(scan.steps, scan.reverse):
        entered = h[:n] if noise.drop is None else h[:n] * noise.drop[:n]
        new_h, new_c = lstm_cell(gates[rows], entered, c[:n], weights)
        new_h = hold(h[:n], new_h, None if noise.hold_hidden is None else noise.hold_hidden[rows])
        new_c = hold(c[:n], new_c, None if noise.hold_cell is None else noise.hold_cell[rows])
        outputs.append(new_h)
        h, c = torch.cat([new_h, h[n:]]), torch.cat([new_c, c[n:]])
    return torch.cat(outputs[::-1] if scan.reverse else outputs), h, c


def _differentiated(given: tuple[Any, ...], way: _Way, outer: Any) -> list[Any]:
    """Gradients that have a graph themselves; None for what is not there."""
    there = [k for k, x in enumerate(given) if x is not None]

    def reference(*tensors: Tensor) -> tuple[Any, ...]:
        full: list[Any] = [None] * len(given)
        for k, x in zip(there, tensors[:-1]):
            full[k] = x
        return way.reference(*full, way.scan)

    found = iter(differentiated(reference, tuple(given[k] for k in there), way.scan, outer))
    return [next(found) if k in there else None for k in range(len(given))]
