"""Kernels for categorical columns held as codes: what one-hot columns would give, without the columns.

A one-hot column of level l picks the rows whose code is l. Products with such columns are look-ups and sums by groups:

    X w            z_i += w[c_i]                     `add_levels`
    X'u            out[c_i] += u_i                   `sum_levels`
    X'D Z          out[c_i, :] += h_i z_i            `sum_rows`      (categorical with numeric columns)
    X'D X~         out[c_i, c~_i] += h_i             `count_pairs`   (a weighted cross-tabulation)

Each costs one or two operations a row, whatever the number of levels. Codes are unsigned: Numba tests signed indices
for being negative.
"""

from panlearn.core.jit import kernel


@kernel
def add_levels(codes, table, z):
    """Add table[codes] to z, in place."""
    for i in range(codes.size):
        z[i] += table[codes[i]]


@kernel
def sum_levels(codes, u, out):
    """Add u to the sums of its levels, out, in place."""
    for i in range(codes.size):
        out[codes[i]] += u[i]


@kernel
def sum_rows(codes, h, Z, out):
    """Add h_i times row i of Z to the sums of its level, out (levels, columns), in place."""
    for i in range(codes.size):
        level, a = codes[i], h[i]
        for j in range(Z.shape[1]):
            out[level, j] += a * Z[i, j]


@kernel
def count_pairs(codes, others, h, out):
    """Add h to the cells of a cross-tabulation, out (levels, other levels), in place."""
    for i in range(codes.size):
        out[codes[i], others[i]] += h[i]
