"""The inner loops of kernel matrices, each over one tile that stays in a core's cache."""

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.numerics import exp, exp2_single

LN2 = 0.6931471805599453


@kernel
def gauss_single(tile, left, right, out, slots, start):
    """2^(tile_ij - left_i - right_j), at most 1, in float32, written to out from row slots[i] and column `start` on."""
    for i in range(tile.shape[0]):
        shift, row, target = left[i], tile[i], out[slots[i], start : start + tile.shape[1]]
        for j in range(row.size):
            target[j] = exp2_single(min(row[j] - (right[j] + shift), np.float32(0.0)))


@kernel
def gauss_double(tile, left, right, out, slots, start):
    """The same in float64."""
    for i in range(tile.shape[0]):
        shift, row, target = left[i], tile[i], out[slots[i], start : start + tile.shape[1]]
        for j in range(row.size):
            target[j] = exp(LN2 * min(row[j] - (right[j] + shift), 0.0))


@kernel
def manhattan(A, columns, tile):
    """tile_ij = -|a_i - b_j|_1, where `columns` holds the b_j as its columns."""
    p, four = A.shape[1], A.shape[1] // 4 * 4
    for i in range(tile.shape[0]):
        row, a = tile[i], A[i]
        row[:] = 0.0
        for k in range(0, four, 4):  # four features a pass: the row is loaded and stored a quarter as often
            a0, a1, a2, a3 = a[k], a[k + 1], a[k + 2], a[k + 3]
            b0, b1, b2, b3 = columns[k], columns[k + 1], columns[k + 2], columns[k + 3]
            for j in range(row.size):
                row[j] -= (abs(a0 - b0[j]) + abs(a1 - b1[j])) + (abs(a2 - b2[j]) + abs(a3 - b3[j]))
        for k in range(four, p):
            a0, b0 = a[k], columns[k]
            for j in range(row.size):
                row[j] -= abs(a0 - b0[j])


@kernel
def sparse_products(indptr, indices, data, place, panel, start, tile):
    """tile_ij = x_i'z_j for sparse rows x from `start` on; panel[place[k]] holds feature k of all z."""
    for i in range(tile.shape[0]):
        row = tile[i]
        row[:] = 0.0
        for k in range(indptr[start + i], indptr[start + i + 1]):
            at = place[indices[k]]
            if at >= 0:
                x, z = data[k], panel[at]
                for j in range(row.size):
                    row[j] += x * z[j]


@kernel
def sparse_manhattan(indptr, indices, data, place, panel, norms, start, tile):
    """tile_ij = -|x_i - z_j|_1 for sparse rows x; `norms` are |z_j|_1."""
    for i in range(tile.shape[0]):
        row = tile[i]
        for j in range(row.size):
            row[j] = -norms[j]
        for k in range(indptr[start + i], indptr[start + i + 1]):
            at, x = place[indices[k]], data[k]
            if at >= 0:
                z = panel[at]
                for j in range(row.size):
                    row[j] += abs(z[j]) - abs(x - z[j])
            else:
                for j in range(row.size):
                    row[j] -= abs(x)
