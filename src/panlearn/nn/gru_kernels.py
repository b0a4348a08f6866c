"""Kernels of the gated recurrent unit: the time loop there and back, in both conventions.

Rows hold [r, z, n] side by side, (R, 3H): pre-activations of the input before, values after. What the way back needs
beside them is `inner`: W_hn h + b_hn where the reset gate works after the product, r ∘ h where before.

    D = ∂L/∂h_t                        δ_n = D (1 - z) (1 - n²)
    δ_z = D (h_{t-1} - n) z (1 - z)    δ_r = ∂L/∂r · r (1 - r)
    after:   ∂L/∂r = δ_n (W_hn h + b_hn),     back to h:  D z + W_hh' [δ_r, δ_z, δ_n r]
    before:  ∂L/∂r = (W_hn' δ_n) h,           back to h:  D z + W_hr' δ_r + W_hz' δ_z + (W_hn' δ_n) r

Loops over units are short and many, each over two or three rows: so LLVM turns them into vector instructions.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.gemm import gemm
from panlearn.core.jit import kernel
from panlearn.nn.rnn_functions import sigmoid, tanh
from panlearn.nn.rnn_walk import enter, enter_back, leave, leave_back, rows_at


class Arrays(NamedTuple):
    """What kernels of either convention read and write; `entered` is `before` where there is no dropout."""

    gates: np.ndarray  # (R, 3H)
    weight: np.ndarray  # (3H, H) W_hh
    before: np.ndarray  # (R, H) h_{t-1}
    entered: np.ndarray  # (R, H) h_{t-1} with its dropout
    inner: np.ndarray  # (R, H)
    state: np.ndarray  # (B, H) handed from step to step


@kernel
def blend(gates, before, first, n, output):
    """h_t = z h_{t-1} + (1 - z) n in n rows."""
    H, one = output.shape[1], output.dtype.type(1)
    for i in range(first, first + n):
        z, new = gates[i, H : 2 * H], gates[i, 2 * H :]
        for k in range(H):
            output[i, k] = before[i, k] + (one - z[k]) * (new[k] - before[i, k])  # exactly h where z = 1


@kernel
def blend_back(x, row, i, g, carry, delta):
    """Gradient g (H,) in a row of the output: δ_z, δ_n into delta (3H,), and what goes to h_{t-1} past the gates."""
    H = len(g)
    z, new, before = x.gates[row + i, H : 2 * H], x.gates[row + i, 2 * H :], x.before[row + i]
    delta_z, delta_n = delta[H : 2 * H], delta[2 * H :]
    one = g.dtype.type(1)
    for k in range(H):
        delta_z[k] = g[k] * (before[k] - new[k]) * z[k] * (one - z[k])
    for k in range(H):
        carry[k] += g[k] * z[k]
    for k in range(H):
        delta_n[k] = g[k] * (one - z[k]) * (one - new[k] * new[k])


@kernel
def forward_after(walk, x, masks, bias, output):
    """Way there of n = tanh(u_n + r ∘ (W_hn h + b_hn)): products that need not wait for the gates."""
    H = x.weight.shape[1]
    for s in range(len(walk.sizes)):
        row, n = rows_at(walk, s)
        if n == 0:
            continue
        enter(walk, masks, x.state, row, n, x.before, x.entered)
        gemm(walk.routine, True, n, 2 * H, H, x.entered[row:], x.weight, 1.0, x.gates[row:])
        gemm(walk.routine, True, n, H, H, x.entered[row:], x.weight[2 * H :], 0.0, x.inner[row:])
        for i in range(row, row + n):
            g, inner = x.gates[i], x.inner[i]
            for k in range(2 * H):
                g[k] = sigmoid(g[k])
            for k in range(H):
                inner[k] += bias[k]
            for k in range(H):
                g[2 * H + k] += g[k] * inner[k]
            for k in range(2 * H, 3 * H):
                g[k] = tanh(g[k])
        blend(x.gates, x.before, row, n, output)
        leave(walk, masks, x.state, row, n, output)


@kernel
def backward_after(walk, x, masks, outer, delta, delta_inner):
    """Gradients in the rows of the input, `delta`, and in W_hn h + b_hn, `delta_inner` (R, H)."""
    H = x.weight.shape[1]
    product = np.empty((walk.stop - walk.first, H), x.gates.dtype)
    one = x.gates.dtype.type(1)
    for s in range(len(walk.sizes)):
        row, n = rows_at(walk, s)
        if n == 0:
            continue
        leave_back(walk, masks, x.state, row, n, outer, product)
        for i in range(n):
            d, e, r, inner = delta[row + i], delta_inner[row + i], x.gates[row + i, :H], x.inner[row + i]
            blend_back(x, row, i, product[i], x.state[walk.first + i], d)
            for k in range(H):
                d[k] = d[2 * H + k] * inner[k] * r[k] * (one - r[k])
            for k in range(H):
                e[k] = d[2 * H + k] * r[k]
        gemm(walk.routine, False, n, H, 2 * H, delta[row:], x.weight, 0.0, product)
        gemm(walk.routine, False, n, H, H, delta_inner[row:], x.weight[2 * H :], 1.0, product)
        enter_back(walk, masks, n, product, x.state)


@kernel
def forward_before(walk, x, masks, output):
    """Way there of n = tanh(u_n + W_hn (r ∘ h)): a product for the gates, and one that waits for them."""
    H = x.weight.shape[1]
    for s in range(len(walk.sizes)):
        row, n = rows_at(walk, s)
        if n == 0:
            continue
        enter(walk, masks, x.state, row, n, x.before, x.entered)
        gemm(walk.routine, True, n, 2 * H, H, x.entered[row:], x.weight, 1.0, x.gates[row:])
        for i in range(row, row + n):
            g = x.gates[i]
            for k in range(2 * H):
                g[k] = sigmoid(g[k])
            for k in range(H):
                x.inner[i, k] = g[k] * x.entered[i, k]
        gemm(walk.routine, True, n, H, H, x.inner[row:], x.weight[2 * H :], 1.0, x.gates[row:, 2 * H :])
        for i in range(row, row + n):
            g = x.gates[i]
            for k in range(2 * H, 3 * H):
                g[k] = tanh(g[k])
        blend(x.gates, x.before, row, n, output)
        leave(walk, masks, x.state, row, n, output)


@kernel
def backward_before(walk, x, masks, outer, delta):
    """Gradients in the rows of the input, which are those of the recurrent products."""
    H = x.weight.shape[1]
    product = np.empty((walk.stop - walk.first, H), x.gates.dtype)
    one = x.gates.dtype.type(1)
    for s in range(len(walk.sizes)):
        row, n = rows_at(walk, s)
        if n == 0:
            continue
        leave_back(walk, masks, x.state, row, n, outer, product)
        for i in range(n):
            blend_back(x, row, i, product[i], x.state[walk.first + i], delta[row + i])
        gemm(walk.routine, False, n, H, H, delta[row:, 2 * H :], x.weight[2 * H :], 0.0, product)
        for i in range(n):
            d, r, p, h = delta[row + i], x.gates[row + i, :H], product[i], x.entered[row + i]
            for k in range(H):
                d[k] = p[k] * h[k] * r[k] * (one - r[k])
            for k in range(H):
                p[k] *= r[k]
        gemm(walk.routine, False, n, H, 2 * H, delta[row:], x.weight, 1.0, product)
        enter_back(walk, masks, n, product, x.state)
