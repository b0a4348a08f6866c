"""Frames: the likelihoods of all states at one time, with the largest taken out.

    likelihood[t, i] = exp(logs[t, i] − shift[t]),     shift[t] = max_i logs[t, i]

so that each row has an entry of one and nothing overflows; the shifts are added to log Z at the end. What is smaller
than the normal floating-point numbers becomes 0: the recursions notice where that matters. A row that is -inf
throughout, a frame no state can produce, becomes zeros with the shift 0.

Course notes: 004 §11.
"""

import numpy as np

from panlearn.core.errors import DataError
from panlearn.core.jit import kernel
from panlearn.core.lanes import WIDTH, lanes, largest, load, maximum, store
from panlearn.core.numerics import decay
from panlearn.core.threads import map_chunks, scratch

TILE = 2048  # numbers that are shifted before their exponentials are taken: they stay in the first cache


def shifted_exp(logs: np.ndarray, out: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Likelihoods (n, N) and shifts (n,) of log-likelihoods (n, N); `out` may be `logs` itself.

    Raises
    ------
    DataError
        Where an entry is +inf or NaN; the first such row is named.
    """
    logs = np.ascontiguousarray(logs, dtype=np.float64)
    out = np.empty_like(logs) if out is None else out
    shift = np.empty(len(logs))

    def work(start: int, stop: int) -> int:
        tile = scratch("shifted logarithms", (max(TILE, logs.shape[1]),))
        return start + shift_rows(logs[start:stop], out[start:stop], shift[start:stop], tile)

    edges = map_chunks(lambda a, b: (work(a, b), b), len(logs), work=8 * logs.size)
    bad = [row for row, stop in edges if row < stop]
    if bad:
        raise DataError(
            f"row {bad[0]} of the log-likelihoods holds NaN or +inf: a missing value, or a density without limit. "
            "Clean the row, or keep the variances from zero."
        )
    return out, shift


@kernel
def shift_rows(logs, out, shift, tile):
    """Returns the first row with NaN or +inf, or the number of rows; all but `logs` is overwritten.

    The exponentials are one flat loop over the shifted numbers of a tile, whatever the number of states, so that it
    runs at the speed of SIMD instructions also for a few. A number that is not allowed shows in their sum.
    """
    n, m = logs.shape
    step = len(tile) // max(m, 1)
    source, flat = logs.reshape(n * m), out.reshape(n * m)
    for first in range(0, n, step):
        size, sums = (min(n, first + step) - first) * m, 0.0
        for k in range(0, size, m):
            shift[first + k // m] = lower(source[first * m + k : first * m + k + m], tile[k : k + m])
        for k in range(size):
            y = decay(tile[k])
            flat[first * m + k] = y
            sums += y
        if not sums < np.inf:
            k = 0
            while tile[k] < np.inf:
                k += 1
            return first + k // m
    return n


@kernel
def lower(row, out):
    """Write a row less its largest number, which is returned (0 if that is -inf); +inf leaves NaN."""
    m, top = len(row), peak(row)
    if m >= WIDTH:
        for i in range(0, m, WIDTH):
            first = min(i, m - WIDTH)  # the last eight may overlap those before
            store(out[first:], 0, load(row[first:], 0) - lanes(top))
        return top
    for i in range(m):
        out[i] = row[i] - top
    return top


@kernel
def peak(row):
    """Largest number of a row, 0 if that is -inf."""
    m, top = len(row), -np.inf
    if m >= WIDTH:
        tops = load(row, 0)
        for i in range(WIDTH, m, WIDTH):
            tops = maximum(load(row[min(i, m - WIDTH) :], 0), tops)
        top = largest(tops)
    else:
        for i in range(m):
            top = max(top, row[i])
    return top if top > -np.inf else 0.0
