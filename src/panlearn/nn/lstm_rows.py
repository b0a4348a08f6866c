"""One row of an LSTM there and back: the arithmetic of gates, in short loops that fill the vectors of the processor.

There, with u = W x_t + U h_{t-1} for the four blocks (three if i = 1 - f):

    i, f, o = σ(u + b + p ∘ c)      g = tanh(u + b)      c_t = f ∘ c_{t-1} + i ∘ g      h_t = o ∘ tanh(c_t)

Back, with δh = ∂L/∂h_t and δc = ∂L/∂c_t as they come from step t + 1 and, for h, from the loss at step t:

    δo = δh ∘ tanh(c_t) ∘ o ∘ (1 - o)                          e = δc + δh ∘ o ∘ (1 - tanh² c_t) + p_o ∘ δo
    δi = e ∘ g ∘ i ∘ (1 - i)      δf = e ∘ c_{t-1} ∘ f ∘ (1 - f)      δg = e ∘ i ∘ (1 - g²)
    δc for step t - 1:  e ∘ f + p_i ∘ δi + p_f ∘ δf

c_t is not kept but made again of c_{t-1} and the gates. What the loops read and write they reach by
`panlearn.nn.rnn_places`, else they would run unit by unit. Parts that a variant does not have are arrays without rows;
peepholes are zeros then, which costs less than asking.

Layer normalisation z = (a - mean a) / sd a, y = γ ∘ z has, with v = γ ∘ δy, the way back δa = (v - mean v - z mean(v ∘
z)) / sd a.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.jit import kernel
from panlearn.nn.lstm_reference import EPSILON
from panlearn.nn.rnn_functions import sigmoid, tanh
from panlearn.nn.rnn_places import put, take


class Cell(NamedTuple):
    """Weights as kernels read them; no rows where the variant has no such part."""

    weight_ih: np.ndarray  # (G H, I) W
    weight_hh: np.ndarray  # (G H, H) U
    bias: np.ndarray  # (G H,)
    peephole: np.ndarray  # (3 H,) of i, f and o; zeros where there are none
    norms: np.ndarray  # (2, G H) γ of W x and of U h
    norm_c: np.ndarray  # (2 H,) γ and β of the cell


class Sums(NamedTuple):
    """Gradients in what is added or multiplied row by row."""

    bias: np.ndarray  # (G H,)
    peephole: np.ndarray  # (3 H,)
    norms: np.ndarray  # (2, G H)
    norm_c: np.ndarray  # (2 H,)


@kernel
def normalise(a):
    """Overwrites a (k,) with (a - mean a) / sd a; 1 / sd a."""
    k, total, square = len(a), a.dtype.type(0), a.dtype.type(0)
    for j in range(k):
        total += a[j]
    mean = total / a.dtype.type(k)
    for j in range(k):
        square += (a[j] - mean) * (a[j] - mean)
    scale = a.dtype.type(1) / np.sqrt(square / a.dtype.type(k) + a.dtype.type(EPSILON))
    for j in range(k):
        a[j] = (a[j] - mean) * scale
    return scale


@kernel
def normalise_back(d, z, gain, scale, out):
    """Gradient in a, into `out`, of that in γ ∘ z; `out` may be d."""
    k, mean, along = len(d), d.dtype.type(0), d.dtype.type(0)
    for j in range(k):
        v = d[j] * gain[j]
        mean += v
        along += v * z[j]
    mean, along = mean / d.dtype.type(k), along / d.dtype.type(k)
    for j in range(k):
        put(1, out, j, (take(d, j) * take(gain, j) - mean - take(z, j) * along) * scale)


@kernel
def add_product(out, a, b):
    """Add a ∘ b to `out`."""
    for k in range(len(out)):
        out[k] += a[k] * b[k]


@kernel
def row_forward(u, before, cell, c, h, z):
    """Gates of a row into u, the new c and h; with a normalised cell its z, and 1 / sd as result."""
    renew(u, before, cell, c)
    H, o, scale, b, p = len(c), len(u) - len(c), c.dtype.type(0), cell.bias, cell.peephole
    if len(cell.norm_c):
        norm = cell.norm_c
        for k in range(len(c)):
            z[k] = c[k]
        scale = normalise(z)
        for k in range(len(c)):
            out = sigmoid(take(u, o + k) + take(b, o + k) + take(p, 2 * H + k) * take(c, k))
            put(1, u, o + k, out)
            put(2, h, k, out * tanh(take(norm, k) * take(z, k) + take(norm, H + k)))
    else:
        for k in range(len(c)):
            out = sigmoid(take(u, o + k) + take(b, o + k) + take(p, 2 * H + k) * take(c, k))
            put(1, u, o + k, out)
            put(2, h, k, out * tanh(take(c, k)))
    return scale


@kernel(inline=True)
def renew(u, before, cell, c):
    """Gates i, f and g of a row, and the new c."""
    H, f, g, b, p = len(c), len(u) - 3 * len(c), len(u) - 2 * len(c), cell.bias, cell.peephole
    one = c.dtype.type(1)
    if len(u) == 3 * len(c):
        for k in range(len(c)):
            was = take(before, k)
            kept = sigmoid(take(u, f + k) + take(b, f + k) + take(p, H + k) * was)
            new = tanh(take(u, g + k) + take(b, g + k))
            put(1, u, f + k, kept)
            put(2, u, g + k, new)
            put(3, c, k, (one - kept) * new + kept * was)
    else:
        for k in range(len(c)):
            was = take(before, k)
            written = sigmoid(take(u, k) + take(b, k) + take(p, k) * was)
            kept = sigmoid(take(u, f + k) + take(b, f + k) + take(p, H + k) * was)
            new = tanh(take(u, g + k) + take(b, g + k))
            put(1, u, f + k, kept)
            put(2, u, g + k, new)
            put(3, c, k, written * new + kept * was)
            put(4, u, k, written)


@kernel
def row_backward(u, before, cell, dh, dc, z, scale, d, sums, spare):
    """Gradients of a row's gates into d (G H,), and into dc (H,) that in c before, of dh and dc in h and c.

    Overwrites dh; `spare` (H,) is working space.
    """
    through_output(u, before, cell, dh, dc, z, scale, d, sums, spare)
    through_cell(u, before, cell, dc, d)
    for k in range(len(d)):
        put(1, sums.bias, k, take(sums.bias, k) + take(d, k))
    if len(sums.peephole):
        H, p, f = len(dc), sums.peephole, len(d) - 3 * len(dc)
        if f > 0:
            for k in range(H):
                put(1, p, k, take(p, k) + take(d, k) * take(before, k))
        for k in range(H):
            put(1, p, H + k, take(p, H + k) + take(d, f + k) * take(before, k))
            put(2, p, 2 * H + k, take(p, 2 * H + k) + take(d, f + 2 * H + k) * take(spare, k))


@kernel(inline=True)
def through_output(u, before, cell, dh, dc, z, scale, d, sums, c):
    """From h to o and c: adds to dc, and makes c again."""
    H, one, p, norm = len(dc), dc.dtype.type(1), cell.peephole, cell.norm_c
    o, g, f = len(u) - H, len(u) - 2 * H, len(u) - 3 * H
    if f > 0:
        for k in range(H):
            put(1, c, k, take(u, k) * take(u, g + k) + take(u, f + k) * take(before, k))
    else:
        for k in range(H):
            kept = take(u, k)
            put(1, c, k, (one - kept) * take(u, g + k) + kept * take(before, k))
    if len(norm):
        for k in range(H):
            out, t = take(u, o + k), tanh(take(norm, k) * take(z, k) + take(norm, H + k))
            delta = take(dh, k) * out * (one - t * t)
            put(1, d, o + k, take(dh, k) * t * out * (one - out))
            put(2, dh, k, delta)
            put(3, sums.norm_c, k, take(sums.norm_c, k) + delta * take(z, k))
            put(4, sums.norm_c, H + k, take(sums.norm_c, H + k) + delta)
        normalise_back(dh, z, norm, scale, dh)
        for k in range(H):
            put(1, dc, k, take(dc, k) + take(dh, k) + take(p, 2 * H + k) * take(d, o + k))
    else:
        for k in range(H):
            out, t = take(u, o + k), tanh(take(c, k))
            delta = take(dh, k) * t * out * (one - out)
            put(1, d, o + k, delta)
            put(2, dc, k, take(dc, k) + take(dh, k) * out * (one - t * t) + take(p, 2 * H + k) * delta)


@kernel(inline=True)
def through_cell(u, before, cell, dc, d):
    """From c to i, f, g and c before."""
    H, one, p = len(dc), dc.dtype.type(1), cell.peephole
    g, f = len(u) - 2 * H, len(u) - 3 * H
    if f == 0:
        for k in range(H):
            e, kept, new = take(dc, k), take(u, k), take(u, g + k)
            delta = e * (take(before, k) - new) * kept * (one - kept)
            put(1, d, k, delta)
            put(2, d, g + k, e * (one - kept) * (one - new * new))
            put(3, dc, k, e * kept + take(p, H + k) * delta)
    else:
        for k in range(H):
            e, written, kept, new = take(dc, k), take(u, k), take(u, f + k), take(u, g + k)
            delta_i = e * new * written * (one - written)
            delta_f = e * take(before, k) * kept * (one - kept)
            put(1, d, f + k, delta_f)
            put(2, d, g + k, e * written * (one - new * new))
            put(3, dc, k, e * kept + take(p, k) * delta_i + take(p, H + k) * delta_f)
            put(4, d, k, delta_i)
