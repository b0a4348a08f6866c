"""The LSTM and its variants step by step in operations of torch: the meaning of the kernels, on any device.

    i, f, g, o = W x_t + U h_{t-1} + b                     blocks of H rows, torch's order
    c_t = σ(f) ∘ c_{t-1} + σ(i) ∘ tanh(g)                  [hochreiter1997], with the forget gate of [gers2000]
    h_t = σ(o) ∘ tanh(c_t)

    peephole      i and f also see p ∘ c_{t-1}, o sees p ∘ c_t                           [gers2002]
    coupled       i = 1 - f: what is written is what was erased; blocks f, g, o           [greff2017]
    layer_norm    N(W x_t) and N(U h_{t-1}) in place of the products, N(c_t) under tanh   [ba2016]
    projection    h_t = R (σ(o) ∘ tanh(c_t))                                              [sak2014]

N(a) = γ ∘ (a - mean a) / sd a, for the cell plus β. They go together as they like. The cost is a dozen calls a step and
as many nodes in the graph: `panlearn.nn.lstm_scan` takes one. This path is kept for second derivatives, for
projections, and for devices that have no kernel.

Course notes: 000 §5.4, 003 §2.2.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import layer_norm, linear

from panlearn.nn.recurrent_noise import Noise, hold
from panlearn.nn.steps import Steps

EPSILON = 1e-5  # of layer normalisation, as torch's


class LSTMWeights(NamedTuple):
    """Parameters of one direction of a layer, by their names; None where the variant has no such part."""

    weight_ih: Tensor  # (G H, I) W
    weight_hh: Tensor  # (G H, P or H) U
    bias_ih: Tensor | None = None  # (G H,) both are added
    bias_hh: Tensor | None = None
    weight_hr: Tensor | None = None  # (P, H) R
    peephole: Tensor | None = None  # (3, H) p of i, f and o
    norm_ih: Tensor | None = None  # (G H,) γ of W x
    norm_hh: Tensor | None = None  # (G H,) γ of U h
    norm_c: Tensor | None = None  # (2, H) γ and β of the cell

    @property
    def coupled(self) -> bool:
        """Whether the input gate is 1 - f: then there are three blocks and not four."""
        cells = self.weight_hh.shape[1] if self.weight_hr is None else self.weight_hr.shape[1]
        return self.weight_hh.shape[0] == 3 * cells


class Scan(NamedTuple):
    """What a pass needs beside tensors with gradients."""

    steps: Steps  # how the rows lie
    reverse: bool  # whether to go from the last step to the first
    noise: Noise  # masks of recurrent dropout and of zoneout


def lstm_reference(
    rows: Tensor, state: tuple[Tensor, Tensor], weights: LSTMWeights, scan: Scan
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Carry the cell along all rows.

    Parameters
    ----------
    rows : Tensor of shape (R, I)
        Inputs.
    state : (Tensor, Tensor)
        h (B, P or H) and c (B, H) before the first step, in the order of the steps.
    weights : LSTMWeights
        Parameters.
    scan : Scan
        How to go.

    Returns
    -------
    rows : Tensor of shape (R, P or H)
        h of all rows.
    state : (Tensor, Tensor)
        h and c after the last step of each sequence.
    """
    steps, reverse, noise = scan
    gates = linear(rows, weights.weight_ih)
    if weights.norm_ih is not None:
        gates = layer_norm(gates, gates.shape[1:], weights.norm_ih, eps=EPSILON)
    if weights.bias_ih is not None and weights.bias_hh is not None:
        gates = gates + weights.bias_ih + weights.bias_hh
    h, c = state
    pieces: list[Tensor] = [gates] * len(steps.sizes)
    bounds = steps.starts.tolist()
    for t in reversed(range(len(pieces))) if reverse else range(len(pieces)):
        now, n = slice(bounds[t], bounds[t + 1]), bounds[t + 1] - bounds[t]
        entering = h[:n] if noise.drop is None else h[:n] * noise.drop[:n]
        new_h, new_c = lstm_cell(gates[now], entering, c[:n], weights)
        pieces[t] = hold(h[:n], new_h, None if noise.hold_hidden is None else noise.hold_hidden[now])
        new_c = hold(c[:n], new_c, None if noise.hold_cell is None else noise.hold_cell[now])
        h, c = torch.cat([pieces[t], h[n:]]), torch.cat([new_c, c[n:]])
    return torch.cat(pieces), (h, c)


def lstm_cell(gates: Tensor, h: Tensor, c: Tensor, weights: LSTMWeights) -> tuple[Tensor, Tensor]:
    """One step: new h and c (n, H) of W x + b (n, G H) and of the old."""
    product = h @ weights.weight_hh.T
    if weights.norm_hh is not None:
        product = layer_norm(product, product.shape[1:], weights.norm_hh, eps=EPSILON)
    blocks = (gates + product).chunk(3 if weights.coupled else 4, 1)
    p_i, p_f, p_o = weights.peephole if weights.peephole is not None else (0.0, 0.0, 0.0)
    if weights.coupled:
        f = torch.sigmoid(blocks[0] + p_f * c)
        i = 1 - f
    else:
        i = torch.sigmoid(blocks[0] + p_i * c)
        f = torch.sigmoid(blocks[1] + p_f * c)
    c = f * c + i * torch.tanh(blocks[-2])
    o = torch.sigmoid(blocks[-1] + p_o * c)
    if weights.norm_c is None:
        h = o * torch.tanh(c)
    else:
        h = o * torch.tanh(layer_norm(c, c.shape[1:], weights.norm_c[0], weights.norm_c[1], EPSILON))
    return h if weights.weight_hr is None else h @ weights.weight_hr.T, c
