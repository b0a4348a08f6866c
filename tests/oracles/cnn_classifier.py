"""A convolutional network by loops: one pixel, one filter, one window at a time."""

import numpy as np


def convolution(x, weight, bias, stride=1, padding=0):
    """Maps (c, h, w) to (o, h', w'): the sum under the filter, at each place."""
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    o, _, k, _ = weight.shape
    rows, columns = ((side - k) // stride + 1 for side in x.shape[1:])
    out = np.zeros((o, rows, columns))
    for f in range(o):
        for i in range(rows):
            for j in range(columns):
                window = x[:, i * stride : i * stride + k, j * stride : j * stride + k]
                out[f, i, j] = (window * weight[f]).sum() + bias[f]
    return out


def pooling(x, size, kind):
    """Largest or mean of each square."""
    c, h, w = x.shape
    out = np.zeros((c, h // size, w // size))
    for i in range(h // size):
        for j in range(w // size):
            window = x[:, i * size : (i + 1) * size, j * size : (j + 1) * size].reshape(c, -1)
            out[:, i, j] = window.max(1) if kind == "max" else window.mean(1)
    return out


def normalised(x, mean, variance, gain, shift):
    """Batch normalisation with stored statistics; the gain multiplies standard deviations (errata)."""
    out = np.empty_like(x)
    for c in range(len(x)):
        out[c] = (x[c] - mean[c]) / np.sqrt(variance[c] + 1e-5) * gain[c] + shift[c]
    return out
