"""E and M step of the Gaussian mixture in one pass over row blocks: no array of n × k, let alone n × k × d.

For a block of rows, transposed and centred on the data's mean, one matrix product with the stacked factors of all
components whitens the rows for each of them (`gaussian_kernels`), the responsibilities follow, and the second moments
are summed *in whitened coordinates*,

    G_k = Σ r z z',   z = P_k (x − μ_k)      Σ_i r (x − μ_k)(x − μ_k)' = P_k^-1 G_k P_k^-T

about the means of the step before. Near the fixed point G_k / N_k is close to I whatever the scales of the columns: a
narrow direction keeps its digits, where x x' − μ μ' would lose those of (distance / width)². Cost: 3 n k d² operations
for full covariances, 6 n k d for diagonal ones, and n k exponentials.
"""

from typing import Any, NamedTuple

import numpy as np

from panlearn.core.blocks import RowSource, reduce_rows
from panlearn.core.threads import map_chunks, scratch
from panlearn.mixture.gaussian_parameters import GaussianParameters, is_matrix, log_constants
from panlearn.mixture.missing_gaussian import Moments

TILE = 1 << 16  # numbers in a tile, 512 KiB: half a core's L2 cache


class Whitening(NamedTuple):
    """What a pass needs of the parameters: z = P (x − origin) − offset."""

    origin: np.ndarray  # (d,), near the data's middle
    matrix: np.ndarray  # (k d, d + 1) for matrices, [P, −offset]; (k, d) for axes
    offset: np.ndarray  # (k, d)
    constants: np.ndarray  # (k,): log π_k + log|P_k| − d/2 log 2π
    axes: bool  # diagonal or spherical


def whitening(kind: str, parameters: GaussianParameters, origin: np.ndarray) -> Whitening:
    """Prepare a pass."""
    k, d = parameters.means.shape
    centred, constants = parameters.means - origin, log_constants(kind, parameters)
    if is_matrix(kind):
        P = np.broadcast_to(np.swapaxes(parameters.factors, -1, -2), (k, d, d))
        return stacked(origin, P, np.einsum("kij,kj->ki", P, centred), constants)
    P = np.ascontiguousarray(np.broadcast_to(parameters.factors.reshape(k, -1), (k, d)))
    return Whitening(origin, P, P * centred, constants, True)


def stacked(origin: np.ndarray, P: np.ndarray, offset: np.ndarray, constants: np.ndarray) -> Whitening:
    """Plan for matrices P, (k, d, d): one product whitens for all of them, offset included."""
    matrix = np.concatenate([P, -offset[:, :, None]], axis=2).reshape(-1, P.shape[2] + 1)
    return Whitening(origin, matrix, offset, constants, False)


def block_rows(k: int, d: int, axes: bool) -> int:
    """Rows of a block whose tile stays in cache."""
    return int(np.clip(TILE // (k + d if axes else k * d), 64, 4096)) // 8 * 8


def work(k: int, d: int, axes: bool) -> float:
    """Elementary operations a row."""
    return k * (20.0 + 4.0 * d * (1 if axes else d))


def expectation(kind: str, parameters: GaussianParameters, source: RowSource, origin: np.ndarray) -> Moments:
    """E step over all rows: log-likelihood and moments about the means."""
    plan = whitening(kind, parameters, origin)
    k, d = parameters.means.shape

    def statistic(X: Any, y: Any, weight: np.ndarray | None) -> Moments:
        return block_moments(plan, X, weight)

    rows = block_rows(k, d, plan.axes)
    value, counts, sums, squares = reduce_rows(statistic, source, work=work(k, d, plan.axes), rows=rows)
    first = sums - counts[:, None] * (parameters.means - origin)
    if plan.axes:
        return Moments(value, counts, first, squares / plan.matrix**2)
    P = np.broadcast_to(np.swapaxes(parameters.factors, -1, -2), squares.shape)
    half = np.linalg.solve(P, squares)
    second = np.linalg.solve(P, np.swapaxes(half, 1, 2))
    return Moments(value, counts, first, second.sum(axis=0) if kind == "tied" else second)


def block_moments(plan: Whitening, X: Any, weight: np.ndarray | None, shares: np.ndarray | None = None) -> Moments:
    """Moments of one block: sums of x about the origin, squares in whitened coordinates.

    `shares`, (k, m), are the responsibilities where they are given rather than found.
    """
    from panlearn.mixture import gaussian_kernels as kernels

    k, d = plan.offset.shape
    columns, weight = _columns(plan, X), np.ones(len(X)) if weight is None else weight
    squares, tile = _squares(plan, columns)
    value = 0.0
    if shares is None:
        value = kernels.responsibilities(squares, plan.constants, weight)
    else:
        np.multiply(shares, weight, out=squares)
    sums = squares @ columns.T
    first, counts = sums[:, :d], sums[:, d]
    if plan.axes:
        second = np.empty((k, d))
        kernels.axis_moments(columns[:d], plan.matrix, plan.offset, squares, second)
    else:
        kernels.scale_tile(tile, squares)
        second = np.matmul(tile, np.swapaxes(tile, 1, 2))
    return Moments(value, counts, first, second)


def _columns(plan: Whitening, X: Any) -> np.ndarray:
    """The block less the origin as columns, and a row of ones, (d + 1, m)."""
    columns = scratch("mixture columns", (X.shape[1] + 1, len(X)))
    np.subtract(X.T, plan.origin[:, None], out=columns[:-1])
    columns[-1] = 1.0
    return columns


def _squares(plan: Whitening, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """|z|², (k, m), and for matrices the tile of z, (k, d, m)."""
    from panlearn.mixture import gaussian_kernels as kernels

    (k, d), m = plan.offset.shape, columns.shape[1]
    squares = scratch("mixture squares", (k, m))
    if plan.axes:
        kernels.axis_squares(columns[:d], plan.matrix, plan.offset, squares)
        return squares, squares
    tile = scratch("mixture tile", (k, d, m))
    np.matmul(plan.matrix, columns, out=tile.reshape(k * d, m))
    kernels.tile_squares(tile, squares)
    return squares, tile


def log_joint(kind: str, parameters: GaussianParameters, X: np.ndarray, origin: np.ndarray, reduce: str) -> np.ndarray:
    """What the mixture says of each row, by blocks on threads.

    `reduce`: "sum" for log p(x), (n,); "label" for the likeliest component, (n,); "shares" for p(k | x), (n, k).
    """
    from panlearn.mixture import gaussian_kernels as kernels

    plan = whitening(kind, parameters, origin)
    (n, d), k = X.shape, len(parameters.weights)
    out: Any = np.empty((n, k) if reduce == "shares" else n, np.int64 if reduce == "label" else np.float64)
    rows = block_rows(k, d, plan.axes)

    def part(start: int, stop: int) -> None:
        for a in range(start, stop, rows):
            block = slice(a, min(a + rows, stop))
            squares, _ = _squares(plan, _columns(plan, X[block]))
            if reduce == "sum":
                kernels.log_sums(squares, plan.constants, out[block])
            elif reduce == "shares":
                kernels.responsibilities(squares, plan.constants, np.ones(squares.shape[1]))
                out[block] = squares.T
            else:
                squares *= -0.5
                squares += plan.constants[:, None]
                squares.argmax(axis=0, out=out[block])

    map_chunks(part, n, work=n * work(k, d, plan.axes), align=rows)
    return out
