"""Points and centroids for distance kernels: coordinates by rows, so that a loop over points is contiguous.

Coordinates are centred and multiplied by a power of two first: neither step costs digits of a difference, squares can
neither overflow nor vanish, and the answer is multiplied back exactly. Distances are sums of squares of differences:
|x|^2 - 2 x'y + |y|^2 would lose the digits of points that are close together.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.jit import EXACT, kernel

TILE = 256  # points that stay in cache while the questions of a batch go over them
LANES = 4  # coordinates are padded with zeros to a multiple: four differences a pass over the sums


class Coordinates(NamedTuple):
    """Scaled points."""

    C: np.ndarray  # (d padded, n)
    scale: float  # distances in C times this are those of the data


def coordinates(X: np.ndarray) -> Coordinates:
    """Centre, scale and transpose the rows of X."""
    n, d = X.shape
    X = np.asarray(X, dtype=np.float64)
    middle = X.min(axis=0) / 2 + X.max(axis=0) / 2  # cannot overflow, as the mean's sum can
    C = np.zeros((-(-d // LANES) * LANES, n))
    np.subtract(X.T / 2, middle[:, None] / 2, out=C[:d])
    exponent = int(np.frexp(np.abs(C).max())[1])
    np.ldexp(C, -exponent, out=C)
    return Coordinates(C, float(np.ldexp(1.0, min(exponent + 1, 1023))))


@kernel(fastmath=EXACT, inline=True)
def least(values, stop):
    """Bits of the least of some numbers >= 0: bits are ordered as they are, and a minimum of integers vectorises."""
    bits = values.view(np.int64)
    low = bits[0]
    for t in range(1, stop):
        low = min(low, bits[t])
    return low


@kernel(fastmath=EXACT, inline=True)
def squared_distances(C, point, start, stop, out):
    """Squared distances of a point from those in a tile, into `out`."""
    for t in range(stop - start):
        out[t] = 0.0
    for q in range(0, C.shape[0], 4):
        a, b, c, d = C[q, start:stop], C[q + 1, start:stop], C[q + 2, start:stop], C[q + 3, start:stop]
        for t in range(stop - start):  # over slices: an index that may be negative keeps a loop from vectorising
            u, v, w, x = a[t] - point[q], b[t] - point[q + 1], c[t] - point[q + 2], d[t] - point[q + 3]
            out[t] += (u * u + v * v) + (w * w + x * x)


@kernel(fastmath=EXACT, inline=True)
def fetch(C, p, point):
    """Copy the coordinates of point p."""
    for q in range(C.shape[0]):
        point[q] = C[q, p]
