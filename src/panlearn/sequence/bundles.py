"""Bundles: eight sequences side by side, one in each lane, and the way from rows to lanes and back.

A table of frames (n, N) has one sequence after the other. A bundle holds eight of them as an array (N, R, 8): entry
[i, t, l] belongs to state i, time t and sequence l. Turning eight rows of eight numbers into columns takes three rounds
of exchanges between registers (`panlearn.core.lanes.transpose`). Sequences are bundled by length, longest first, so
that the lanes of a bundle end at nearly the same time.

Course notes: 004 §11.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.lanes import WIDTH, transpose
from panlearn.core.threads import scratch

LONG = 8192  # a longer sequence runs alone: a bundle of such would take too much memory
FEW = 3  # fewer sequences than this leave too many lanes empty: they run alone


class Bundle(NamedTuple):
    """Eight sequences and the arrays they are worked on with, seen as flat."""

    starts: np.ndarray  # (8,) first row of each sequence
    lengths: np.ndarray  # (8,) their lengths, 0 for a lane without a sequence
    weight: np.ndarray  # (8,) what marginals and pairs are multiplied by; 0 marks a failed lane
    last: np.ndarray  # (8,) what the backward vector of the last row is scaled by; 0 for a failed lane
    shortest: int  # least of the lengths
    longest: int  # greatest of the lengths
    stride: int  # R, above the greatest length and odd: rows of different states then fall on different cache lines
    b: np.ndarray  # (N, R, 8) likelihood of state i at time t; the backward pass leaves q there
    u: np.ndarray  # (N, R, 8) forward vector of time t - 1 in entry t, so that it meets q of time t
    scale: np.ndarray  # (R, 8) reciprocals of the sums of the forward vectors
    rows: np.ndarray  # (8,) places in a table
    spots: np.ndarray  # (8,) places in lanes


class Work(NamedTuple):
    """Memory for the bundles, one after the other."""

    b: np.ndarray
    u: np.ndarray
    scale: np.ndarray


def work_arrays(longest: int, states: int) -> Work:
    """Memory for bundles of sequences up to this long, the same at a thread's next call."""
    size = ((longest + 1) | 1) * WIDTH
    return Work(scratch("lanes b", (size * states,)), scratch("lanes u", (size * states,)), scratch("scale", (size,)))


def split_sequences(lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the sequences that are bundled, longest first, and of those that run alone; empty ones in neither."""
    order = np.argsort(-lengths, kind="stable")[: np.count_nonzero(lengths)]
    long = np.count_nonzero(lengths > LONG)
    left = (len(order) - long) % WIDTH
    stop = len(order) - left if left < FEW else len(order)
    return order[long:stop], np.concatenate([order[:long], order[stop:]])


@kernel
def take_bundle(members, offsets, weight, work):
    """Bundle of at most eight sequences over these work arrays."""
    starts, lengths = np.empty(WIDTH, np.int64), np.empty(WIDTH, np.int64)
    own, last = np.empty(WIDTH), np.empty(WIDTH)
    shortest, longest = 1 << 60, 0
    for lane in range(WIDTH):
        starts[lane], lengths[lane], own[lane], last[lane] = 0, 0, 0.0, 0.0
        if lane < len(members):
            s = members[lane]
            starts[lane], lengths[lane], own[lane] = offsets[s], offsets[s + 1] - offsets[s], weight[s]
        shortest, longest = min(shortest, lengths[lane]), max(longest, lengths[lane])
    stride = (longest + 1) | 1
    rows, spots = np.empty(WIDTH, np.int64), np.empty(WIDTH, np.int64)
    b, u, scale = work
    return Bundle(starts, lengths, own, last, shortest, longest, stride, b, u, scale, rows, spots)


@kernel
def fill(table, bundle, ended):
    """Rows of the eight sequences into the lanes of `b`; past the end of a sequence stands `ended`."""
    n, R, b = table.shape[1], bundle.stride, bundle.b
    whole = bundle.shortest if n >= WIDTH else 0
    for t in range(whole):
        for i in range(0, n, WIDTH):
            first = min(i, n - WIDTH)  # the last eight states may overlap those before
            for k in range(WIDTH):
                bundle.rows[k] = (bundle.starts[k] + t) * n + first
                bundle.spots[k] = ((first + k) * R + t) * WIDTH
            transpose(table, bundle.rows, b, bundle.spots)
    for t in range(whole, R):
        for lane in range(WIDTH):
            row, inside = bundle.starts[lane] + t, t < bundle.lengths[lane]
            for i in range(n):
                b[(i * R + t) * WIDTH + lane] = table[row, i] if inside else ended


@kernel
def scatter(shares, bundle, t, table):
    """Lanes (N, 8) of time t to the rows of their sequences."""
    n = table.shape[1]
    if t < bundle.shortest and n >= WIDTH:
        for i in range(0, n, WIDTH):
            first = min(i, n - WIDTH)
            for k in range(WIDTH):
                bundle.rows[k] = (first + k) * WIDTH
                bundle.spots[k] = (bundle.starts[k] + t) * n + first
            transpose(shares, bundle.rows, table, bundle.spots)
        return
    for lane in range(WIDTH):
        if t < bundle.lengths[lane]:
            for i in range(n):
                table[bundle.starts[lane] + t, i] = shares[i, lane]
