"""Ordered neurons: an LSTM whose cells are erased in order, from the short-lived to the long-lived [shen2019].

A sentence is a tree: when a phrase ends, all that was remembered of its parts may go while what holds for the whole
sentence stays. Two master gates rise and fall along the cells, which are ordered by how long they live:

    cumax(a)  = cumsum(softmax(a))                              a soft step from 0 to 1
    f̃_t       = cumax(W_f̃ x_t + U_f̃ h_{t-1} + b_f̃)              rises: cells before the step are erased
    ĩ_t       = 1 - cumax(W_ĩ x_t + U_ĩ h_{t-1} + b_ĩ)          falls: cells before the step are written
    ω_t       = f̃_t ∘ ĩ_t                                       where both let through, the gates of an LSTM rule
    f̂_t       = f_t ∘ ω_t + f̃_t - ω_t
    î_t       = i_t ∘ ω_t + ĩ_t - ω_t
    c_t       = f̂_t ∘ c_{t-1} + î_t ∘ g_t,      h_t = o_t ∘ tanh(c_t)

(i, f, o the sigmoids and g the tanh of an LSTM.) One master gate serves `chunk_size` cells, so that there are
M = H / chunk_size of each. Rows of the weights: i, f, g, o as in torch's LSTM, then f̃ and ĩ: 4 H + 2 M. With
d_t = Σ_m (1 - f̃_tm) erased at step t, the largest d_t part a sentence at its widest gaps: `syntactic_distance`.

`softmax` and `cumsum` run along the units of one step, so the cost is that of an LSTM and two passes over 2 M numbers.
With chunk_size=H there is one master gate, cumax is 1 and ĩ is 0: nothing is ever written.

Course notes: 003 §2.2.5.1 (there with f̃ and ĩ the other way round: see errata).
"""

import torch
from torch import Tensor

from panlearn.nn.recurrent_noise import Noise, hold
from panlearn.nn.steps import Steps

State = tuple[Tensor, Tensor]


def cumax(scores: Tensor) -> Tensor:
    """Cumulative sums of the softmax along the last axis: a soft step from 0 to 1.

    Examples
    --------
    >>> cumax(torch.tensor([0.0, 5.0, 0.0])).round(decimals=2)
    tensor([0.0100, 0.9900, 1.0000])
    """
    return scores.softmax(-1).cumsum(-1)


def ordered_reference(
    gates: Tensor, weight_hh: Tensor, state: State, steps: Steps, reverse: bool, noise: Noise
) -> tuple[Tensor, State]:
    """`ordered_scan` in operations of torch, one step after the other; differentiable as often as one likes."""
    h, c = state
    pieces: list[Tensor] = [gates] * len(steps.sizes)
    bounds = steps.starts.tolist()
    for t in reversed(range(len(pieces))) if reverse else range(len(pieces)):
        now, n = slice(bounds[t], bounds[t + 1]), bounds[t + 1] - bounds[t]
        entering = h[:n] if noise.drop is None else h[:n] * noise.drop[:n]
        new_h, new_c = ordered_cell(gates[now] + entering @ weight_hh.T, c[:n])
        pieces[t] = hold(h[:n], new_h, None if noise.hold_hidden is None else noise.hold_hidden[now])
        new_c = hold(c[:n], new_c, None if noise.hold_cell is None else noise.hold_cell[now])
        h, c = torch.cat([pieces[t], h[n:]]), torch.cat([new_c, c[n:]])
    return torch.cat(pieces), (h, c)


def ordered_cell(gates: Tensor, c: Tensor) -> State:
    """One step: h and c (n, H) after gates (n, 4 H + 2 M) before their activations, and c before."""
    H = c.shape[-1]
    M = (gates.shape[-1] - 4 * H) // 2
    i, f, g, o, forget, write = gates.split([H, H, H, H, M, M], -1)
    forget, write = (x.repeat_interleave(H // M, -1) for x in (cumax(forget), 1 - cumax(write)))
    both = forget * write
    f = f.sigmoid() * both + forget - both
    i = i.sigmoid() * both + write - both
    c = f * c + i * g.tanh()
    return o.sigmoid() * c.tanh(), c
