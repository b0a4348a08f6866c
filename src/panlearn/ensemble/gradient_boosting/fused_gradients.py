r"""Gradients and curvatures of three losses, computed and packed in one pass over the rows.

    squared error   g = z - y                h = 1
    log-loss        g = p - y                h = p (1 - p)         p = 1 / (1 + e^-z)
    softmax         g_k = p_k - [y = k]      h_k = p_k (1 - p_k)   p_k = e^{z_k} / sum_j e^{z_j}

all times the weight of the row. For the last two, |g| <= 1 and h <= 1/4 are known beforehand, so that the units of the
packed numbers (`gradients.py`) need no look at them.
"""

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.numerics import exp, sigmoid
from panlearn.core.threads import map_chunks
from panlearn.ensemble.gradient_boosting.bin_layout import BinnedRows
from panlearn.ensemble.gradient_boosting.gradients import Gradients, field_sizes, quantise


def fused_gradients(
    loss: str, raw: np.ndarray, y: np.ndarray, weight: np.ndarray | None, binned: BinnedRows
) -> list[Gradients]:
    """Packed gradients of each column of raw predictions.

    Parameters
    ----------
    loss : {"squared_error", "log_loss", "softmax"}
        The loss.
    raw : ndarray of shape (n, k)
        Raw predictions, each column contiguous.
    y : ndarray of shape (n,) or (n, k)
        Targets; for log-loss 0 and 1, for softmax the codes 0 to k - 1.
    weight : ndarray of shape (n,), optional
        Weights of the rows.
    binned : BinnedRows
        The table that the trees will be grown on.

    Returns
    -------
    list of Gradients
        One for each column of `raw`.
    """
    if loss == "squared_error":
        targets = y[:, None] if y.ndim == 1 else y
        residuals = (np.subtract(raw[:, c], targets[:, c]) for c in range(raw.shape[1]))
        return [quantise(g if weight is None else g * weight, weight, binned) for g in residuals]
    n, k = raw.shape
    weights = np.empty(0) if weight is None else np.ascontiguousarray(weight, dtype=np.float64)
    largest = 1.0 if weight is None else float(weight.max())
    units, bits = field_sizes(n, int(binned.frequency.max(initial=1)), largest, 0.25 * largest)
    by_column, target = np.ascontiguousarray(raw.T), np.ascontiguousarray(y, dtype=np.float64).ravel()
    packed, g, h = np.empty((k, n), np.int64), np.empty((k, n), np.float32), np.empty((k, n), np.float32)
    scales = np.array([1 / units[0], 1 / units[1], bits[0] + bits[1], bits[0]])
    fill = log_loss if loss == "log_loss" else softmax
    map_chunks(lambda a, b: fill(by_column, target, weights, scales, packed, g, h, a, b), n, work=20.0 * n * k)
    return [Gradients(packed[c], g[c], h[c], *units, *bits) for c in range(k)]


@kernel
def log_loss(raw, y, weight, scales, packed, gradient, hessian, start, stop):
    """Fill rows start to stop of the last arrays; `weight` may be empty, `scales` has 1/units and shifts."""
    scale_g, scale_h, g_shift, h_shift = scales[0], scales[1], np.int64(scales[2]), np.int64(scales[3])
    for i in range(np.uint64(start), np.uint64(stop)):
        w = weight[i] if weight.size > 0 else 1.0
        p = sigmoid(np.float64(raw[0, i]))
        g, h = (p - y[i]) * w, p * (1.0 - p) * w
        gradient[0, i], hessian[0, i] = g, h
        packed[0, i] = (np.int64(np.rint(g * scale_g)) << g_shift) + (np.int64(np.rint(h * scale_h)) << h_shift) + 1


@kernel
def softmax(raw, y, weight, scales, packed, gradient, hessian, start, stop):
    """Fill rows start to stop of the last arrays; `weight` may be empty, `scales` has 1/units and shifts."""
    scale_g, scale_h, g_shift, h_shift = scales[0], scales[1], np.int64(scales[2]), np.int64(scales[3])
    k = raw.shape[0]
    p = np.empty(k)
    for i in range(np.uint64(start), np.uint64(stop)):
        w = weight[i] if weight.size > 0 else 1.0
        top, total = np.float64(raw[0, i]), 0.0
        for c in range(1, k):
            top = max(top, np.float64(raw[c, i]))
        for c in range(k):
            p[c] = exp(np.float64(raw[c, i]) - top)
            total += p[c]
        for c in range(k):
            share = p[c] / total
            g, h = (share - (1.0 if y[i] == c else 0.0)) * w, share * (1.0 - share) * w
            gradient[c, i], hessian[c, i] = g, h
            packed[c, i] = (np.int64(np.rint(g * scale_g)) << g_shift) + (np.int64(np.rint(h * scale_h)) << h_shift) + 1
