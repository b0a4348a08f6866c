"""Torch's recurrent modules, one step at a time: slow, but each state is a tensor whose gradient can be seen.

`torch.nn.RNN`, `LSTM` and `GRU` run all time steps in one call, and the gradient of their outputs is only what the
later layers send back: what flows back through time stays inside. Here the same maths runs step by step on the same
parameters,

    RNN    h_t = f(W x_t + b + U h_{t-1} + c)
    LSTM   c_t = f * c_{t-1} + i * g,  h_t = o * tanh(c_t)        (projected by W_hr where the module says so)
    GRU    h_t = (1 - z) * n + z * h_{t-1}

so that dL/dh_t, the sum over both ways out of h_t (upwards, and on to h_{t+1}), can be read off. Several layers, both
directions and packed sequences of unequal length work as in torch. Course notes: 002, 003 §2.1.4.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, linear
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

Watch = Callable[[str, int, Tensor], None]  # state ("h", "c"), time step, its value

CELLS: dict[str, Any] = {"RNN_TANH": torch.rnn_tanh_cell, "RNN_RELU": torch.rnn_relu_cell, "GRU": torch.gru_cell}


def unrolled(module: nn.RNNBase, inputs: Any, state: Any, watch: Callable[[str], Watch]) -> tuple[Any, Any]:
    """Run a recurrent module step by step.

    Parameters
    ----------
    module : RNN, LSTM or GRU
        Whose parameters and settings are used.
    inputs : Tensor or PackedSequence
        As the module takes them.
    state : Tensor, pair of them, or None
        First states, as the module takes them.
    watch : callable
        Maps the name of a layer ("layer 0", "layer 0 reversed") to a function that sees each state.

    Returns
    -------
    outputs : Tensor or PackedSequence
        As the module returns them.
    state : Tensor or pair of them
        Last states.
    """
    packed = isinstance(inputs, PackedSequence)
    x, lengths = pad_packed_sequence(inputs) if packed else (inputs, None)  # (t, b, i)
    alone = x.ndim == 2
    if alone:
        x = x[:, None]
        state = (
            None if state is None else tuple(s[:, None] for s in state) if isinstance(state, tuple) else state[:, None]
        )
    elif module.batch_first and not packed:
        x = x.transpose(0, 1)
    states = [] if state is None else list(state) if isinstance(state, tuple) else [state]
    sides = 2 if module.bidirectional else 1
    last: list[tuple[Tensor, ...]] = []
    for layer in range(module.num_layers):
        outputs = []
        for side in range(sides):
            row = layer * sides + side
            first = tuple(s[row] for s in states)
            name = f"layer {layer}" + (" reversed" if side else "")
            output, end = _layer(module, x, (layer, side), first, (lengths, watch(name)))
            outputs.append(output)
            last.append(end)
        x = torch.cat(outputs, -1)
        if layer < module.num_layers - 1:
            x = dropout(x, module.dropout, module.training)
    ends = tuple(torch.stack(part) for part in zip(*last))
    return _as_torch(module, inputs, x, ends, alone)


def _as_torch(module: nn.RNNBase, inputs: Any, x: Tensor, ends: tuple[Tensor, ...], alone: bool) -> tuple[Any, Any]:
    """Outputs and last states in the module's own layout."""
    if alone:
        x, ends = x[:, 0], tuple(s[:, 0] for s in ends)
    state = ends if module.mode == "LSTM" else ends[0]
    if not isinstance(inputs, PackedSequence):
        return (x.transpose(0, 1) if module.batch_first and not alone else x), state
    lengths = pad_packed_sequence(inputs)[1]
    packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
    return PackedSequence(packed.data, inputs.batch_sizes, inputs.sorted_indices, inputs.unsorted_indices), state


def _layer(
    module: nn.RNNBase, x: Tensor, place: tuple[int, int], first: tuple[Tensor, ...], seen: tuple[Tensor | None, Watch]
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """One direction of one layer: outputs (t, b, h) and the last state."""
    (layer, side), (lengths, watch) = place, seen
    suffix = f"_l{layer}" + ("_reverse" if side else "")
    weights = [getattr(module, f"{kind}{suffix}", None) for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    project = getattr(module, f"weight_hr{suffix}", None)
    cell: Any = CELLS.get(module.mode)
    steps, b = x.shape[:2]
    state: tuple[Tensor, ...] = first or _zeros(module, x, b)
    outputs: list[Tensor] = [x.new_empty(0)] * steps
    for t in reversed(range(steps)) if side else range(steps):
        new = _lstm(x[t], state, weights, project) if module.mode == "LSTM" else (cell(x[t], state[0], *weights),)
        for name, value in zip("hc", new):
            watch(name, t, value)
        if lengths is None:
            state, outputs[t] = new, new[0]
        else:  # a row that has ended, or not begun, keeps its state
            alive = (t < lengths)[:, None].to(x.device)
            state = tuple(torch.where(alive, value, old) for value, old in zip(new, state))
            outputs[t] = torch.where(alive, new[0], 0)
    return torch.stack(outputs), state


def _lstm(x: Tensor, state: tuple[Tensor, ...], weights: list[Any], project: Tensor | None) -> tuple[Tensor, Tensor]:
    """One step of an LSTM: torch's own cell knows no projection."""
    (h, c), (w, u, b, d) = state, weights
    i, f, g, o = (linear(x, w, b) + linear(h, u, d)).chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    h = o.sigmoid() * c.tanh()
    return h if project is None else linear(h, project), c


def _zeros(module: nn.RNNBase, x: Tensor, b: int) -> tuple[Tensor, ...]:
    """First states."""
    h = x.new_zeros(b, module.proj_size or module.hidden_size)
    return (h, x.new_zeros(b, module.hidden_size)) if module.mode == "LSTM" else (h,)
