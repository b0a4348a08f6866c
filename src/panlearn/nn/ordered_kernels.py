"""The time loop of an ordered LSTM and its derivative, over a slice of the batch: one call a thread.

Forward, with F = f̂, I = î, ω = f̃ ĩ, z what is held (`panlearn.nn.recurrent_noise`), ĉ and ĥ the states before that:

    ĉ = F c_{t-1} + I g,   ĥ = o tanh(ĉ),   F = f ω + f̃ - ω,   I = i ω + ĩ - ω,   c_t = z c_{t-1} + (1 - z) ĉ

Backward, with δ what comes to a number from the loss, the same equations from right to left:

    δĉ = (1 - z) δc_t + δĥ o (1 - tanh² ĉ),     δF = δĉ c_{t-1},   δI = δĉ g,   δg = δĉ I
    δf = δF ω,   δi = δI ω,                     δc_{t-1} = z δc_t + δĉ F
    δf̃ = Σ δF (1 - ĩ (1 - f)) - δI ĩ (1 - i)    sums over the cells of a chunk
    δĩ = Σ δI (1 - f̃ (1 - i)) - δF f̃ (1 - f)
    δa = p ∘ (s - <p, s>)                       a the scores of f̃, p their softmax, s_j = Σ_{m >= j} δf̃_m; - s for ĩ
    δh_{t-1} = z δh_t + m ∘ (Uᵀ δa)             U the recurrent weights, a all gates before their activations

The rows of a step are one block: a product of matrices, then short passes over each row, which stays in the first
cache. Derivatives take the place of the activations.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.gemm import gemm
from panlearn.core.jit import kernel
from panlearn.nn.ordered_functions import sigmoids, softmax, tanhs
from panlearn.nn.rnn_functions import tanh
from panlearn.nn.rnn_walk import enter, enter_back, leave, leave_back, rows_at


class Kept(NamedTuple):
    """What the forward pass leaves for the backward pass."""

    gates: np.ndarray  # (R, 4 H + 2 M) i, f, g, o and the softmaxes of the master gates
    entering: np.ndarray  # (R, H) m ∘ h_{t-1}
    before: np.ndarray  # (R, H) c_{t-1}
    cells: np.ndarray  # (R, H) ĉ


@kernel
def forward(walk, given, weight, kept, masks, hold_cell, outputs, h, c):
    """Fills `kept` and `outputs` (R, H); h and c (B, H) are the first states, then the last."""
    G, H = weight.shape
    masters = np.empty((2, H), h.dtype)
    for s in range(len(walk.sizes)):
        row, n = rows_at(walk, s)
        if n == 0:
            continue
        enter(walk, masks, h, row, n, kept.entering, kept.entering)
        gemm(walk.routine, True, n, G, H, kept.entering[row:], weight, 0.0, kept.gates[row:])  # type: ignore[call-arg]
        for r in range(row, row + n):
            _open(kept.gates, given, r, H)
            _spread(kept.gates, r, masters)
            _step(kept, r, masters, c[walk.first + r - row], outputs)
            _keep(kept.cells, hold_cell, r, c[walk.first + r - row])
        leave(walk, masks, h, row, n, outputs)


@kernel
def backward(walk, weight, kept, masks, hold_cell, d_outputs, dh, dc):
    """Turns `kept.gates` into derivatives; dh and dc (B, H) are those of the last states, then of the first."""
    G, H = weight.shape
    masters, work = np.empty((2, H), dh.dtype), np.empty((4, H), dh.dtype)
    hidden = np.empty((walk.stop - walk.first, H), dh.dtype)
    for s in range(len(walk.sizes)):
        row, n = rows_at(walk, s)
        if n == 0:
            continue
        leave_back(walk, masks, dh, row, n, d_outputs, hidden)
        for r in range(row, row + n):
            around = dc[walk.first + r - row]
            _spread(kept.gates, r, masters)
            _to_cell(kept, hold_cell, r, hidden[r - row], work, around)
            _to_gates(kept, r, masters, work, around)
            _to_masters(kept.gates, r, work, H)
        gemm(walk.routine, False, n, H, G, kept.gates[row:], weight, 0.0, hidden)  # type: ignore[call-arg]
        enter_back(walk, masks, n, hidden, dh)


@kernel
def _open(gates, given, r, H):
    """Activations of row r."""
    G = gates.shape[1]
    M = (G - 4 * H) // 2
    for k in range(G):
        gates[r, k] += given[r, k]
    sigmoids(gates, r, 0, 2 * H)
    tanhs(gates, r, 2 * H, 3 * H)
    sigmoids(gates, r, 3 * H, 4 * H)
    softmax(gates, r, 4 * H, 4 * H + M)
    softmax(gates, r, 4 * H + M, G)


@kernel
def _spread(gates, r, masters):
    """f̃ and ĩ (2, H) of the cells from their softmaxes."""
    H = masters.shape[1]
    M, one = (gates.shape[1] - 4 * H) // 2, gates.dtype.type(1)
    size = H // M
    rise, fall = gates.dtype.type(0), gates.dtype.type(0)
    for m in range(M):
        rise += gates[r, 4 * H + m]
        fall += gates[r, 4 * H + M + m]
        for k in range(m * size, (m + 1) * size):
            masters[0, k] = rise
            masters[1, k] = one - fall


@kernel
def _step(kept, r, masters, c, outputs):
    """ĉ and ĥ after the cell c (H,)."""
    H, gates, one = len(c), kept.gates, masters.dtype.type(1)
    for k in range(H):
        kept.before[r, k] = c[k]
    for k in range(H):
        rise, fall = masters[0, k], masters[1, k]
        forget = rise * (one - fall * (one - gates[r, H + k]))
        write = fall * (one - rise * (one - gates[r, k]))
        kept.cells[r, k] = forget * kept.before[r, k] + write * gates[r, 2 * H + k]
    for k in range(H):
        outputs[r, k] = gates[r, 3 * H + k] * tanh(kept.cells[r, k])


@kernel
def _keep(cells, hold, r, c):
    """The new cell, overwriting the old one c (H,): what is held stays as it was."""
    if len(hold):
        for k in range(len(c)):
            c[k] = cells[r, k] + hold[r, k] * (c[k] - cells[r, k])
    else:
        for k in range(len(c)):
            c[k] = cells[r, k]


@kernel
def _to_cell(kept, hold, r, d_hidden, work, dc):
    """δĉ into work[0]; δa of the output gate; dc (H,) keeps what goes past the step."""
    H, gates, one = len(dc), kept.gates, dc.dtype.type(1)
    for k in range(H):
        work[1, k] = tanh(kept.cells[r, k])
    for k in range(H):
        o = gates[r, 3 * H + k]
        work[0, k] = d_hidden[k] * o * (one - work[1, k] * work[1, k]) + dc[k]
        gates[r, 3 * H + k] = d_hidden[k] * work[1, k] * o * (one - o)
    if len(hold):
        for k in range(H):
            work[0, k] -= hold[r, k] * dc[k]
            dc[k] *= hold[r, k]
    else:
        for k in range(H):
            dc[k] = 0


@kernel
def _to_gates(kept, r, masters, work, dc):
    """δa of i, f, g; δf̃ and δĩ of each cell into work[2] and work[3]."""
    H, gates, one = len(dc), kept.gates, dc.dtype.type(1)
    for k in range(H):
        rise, fall = masters[0, k], masters[1, k]
        i, f, g = gates[r, k], gates[r, H + k], gates[r, 2 * H + k]
        d_write, d_forget = work[0, k] * g, work[0, k] * kept.before[r, k]
        work[2, k] = d_forget * (one - fall * (one - f)) - d_write * fall * (one - i)
        work[3, k] = d_write * (one - rise * (one - i)) - d_forget * rise * (one - f)
        dc[k] += work[0, k] * rise * (one - fall * (one - f))
        gates[r, k] = d_write * rise * fall * i * (one - i)
        gates[r, H + k] = d_forget * rise * fall * f * (one - f)
        gates[r, 2 * H + k] = work[0, k] * fall * (one - rise * (one - i)) * (one - g * g)


@kernel
def _to_masters(gates, r, work, H):
    """δa of both master gates."""
    M = (gates.shape[1] - 4 * H) // 2
    size, zero = H // M, gates.dtype.type(0)
    for which in range(2):
        start = 4 * H + which * M
        s, mean = zero, zero
        for m in range(M - 1, -1, -1):
            for k in range(m * size, (m + 1) * size):
                s += work[2 + which, k]
            work[1, m] = -s if which else s
            mean += gates[r, start + m] * work[1, m]
        for m in range(M):
            gates[r, start + m] *= work[1, m] - mean
