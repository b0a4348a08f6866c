"""Inner loops of the Gaussian mixture on one block of rows, in columns, so that every loop runs along the rows.

A block holds m rows; z is a row less the mean of component c, whitened: z = P (x − μ) with P'P the precision, so that
log N(x | c) = log|P| − d/2 log 2π − |z|²/2. For full covariances BLAS makes all z at once and kernels read the tile
(k, d, m); for diagonal ones z_j = (x_j − μ_j) / σ_j is cheaper made again than stored.
"""

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.numerics import exp, log


@kernel
def tile_squares(tile, out):
    """|z|² of each component and row, (k, m), from the tile (k, d, m)."""
    k, d, m = tile.shape
    for c in range(k):
        out[c] = 0.0
        first = d % 2
        if first:
            for i in range(m):
                out[c, i] = tile[c, 0, i] * tile[c, 0, i]
        for j in range(first, d, 2):  # two at a time: half the traffic with `out`
            for i in range(m):
                u, v = tile[c, j, i], tile[c, j + 1, i]
                out[c, i] += u * u + v * v


@kernel
def scale_tile(tile, shares):
    """Multiply z by the root of the row's share in the component, in place; spends `shares`."""
    k, d, m = tile.shape
    for c in range(k):
        for i in range(m):
            shares[c, i] = np.sqrt(shares[c, i])
        for j in range(d):
            for i in range(m):
                tile[c, j, i] *= shares[c, i]


@kernel
def axis_squares(columns, precision, offset, out):
    """|z|² of each component and row, (k, m), z_j = columns_j precision_j − offset_j."""
    d, m = columns.shape
    for c in range(len(precision)):
        out[c] = 0.0
        first = d % 2
        if first:
            p, b = precision[c, 0], offset[c, 0]
            for i in range(m):
                z = columns[0, i] * p - b
                out[c, i] = z * z
        for j in range(first, d, 2):
            p, q, a, b = precision[c, j], precision[c, j + 1], offset[c, j], offset[c, j + 1]
            for i in range(m):
                u, v = columns[j, i] * p - a, columns[j + 1, i] * q - b
                out[c, i] += u * u + v * v


@kernel
def axis_moments(columns, precision, offset, shares, out):
    """Sum over rows of share times z_j², (k, d)."""
    d, m = columns.shape
    for c in range(len(precision)):
        for j in range(d):
            p, b, total = precision[c, j], offset[c, j], 0.0
            for i in range(m):
                z = columns[j, i] * p - b
                total += shares[c, i] * z * z
            out[c, j] = total


@kernel
def log_sums(squares, constants, sums):
    """|z|² to log π N(x | c), (k, m), in place, and their log-sum-exp into `sums`, (m,)."""
    k, m = squares.shape
    top, total = np.full(m, -np.inf), np.zeros(m)
    for c in range(k):
        for i in range(m):
            squares[c, i] = constants[c] - 0.5 * squares[c, i]
            top[i] = max(top[i], squares[c, i])
    for i in range(m):
        top[i] = max(top[i], -1e300)  # all components infinitely far: exp must not see inf − inf
    for c in range(k):
        for i in range(m):
            total[i] += exp(squares[c, i] - top[i])
    for i in range(m):
        sums[i] = top[i] + log(total[i])


@kernel
def responsibilities(squares, constants, weight):
    """|z|² to weight p(c | x), (k, m), in place; returns the sum of weight log p(x)."""
    k, m = squares.shape
    top, total = np.full(m, -np.inf), np.zeros(m)
    for c in range(k):
        for i in range(m):
            squares[c, i] = constants[c] - 0.5 * squares[c, i]
            top[i] = max(top[i], squares[c, i])
    for i in range(m):
        top[i] = max(top[i], -1e300)
    for c in range(k):
        for i in range(m):
            share = exp(squares[c, i] - top[i])
            squares[c, i] = share
            total[i] += share
    value = 0.0
    for i in range(m):
        value += weight[i] * (top[i] + log(total[i])) if weight[i] > 0.0 else 0.0
        total[i] = weight[i] / total[i] if total[i] > 0.0 else 0.0
    for c in range(k):
        for i in range(m):
            squares[c, i] *= total[i]
    return value
