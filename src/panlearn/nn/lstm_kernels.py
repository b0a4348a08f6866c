"""The time loop of an LSTM inside a kernel, there and back, for the sequences of one thread.

A layer is two or three products of matrices over all rows, and a loop over steps between them:

    there    W x of all rows, then at each step U h_{t-1} added by a product of few rows, and the gates row by row
    back     at each step the gates row by row, then δ_t U; at last δ W, Σ δ_t x_t' and Σ δ_t h_{t-1}' for x, W and U

Sequences do not touch each other, so that a thread takes some of them through all of it, on copies of their rows that
lie end to end, and waits for nobody; gradients of weights are added up afterwards. Threads that shared out the rows of
the large products instead would have to meet between products and loop, and late comers cost more than the copies. The
products are the library's (`panlearn.core.gemm`), and their share of the time is four fifths.

Course notes: 003 §2.1.4 (back-propagation through time: δ_t here is the sum over the notes' δ_{t,k} of one k).
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.gemm import gemm, gemm_transposed
from panlearn.core.jit import kernel
from panlearn.nn.lstm_rows import Sums, add_product, normalise, normalise_back, row_backward, row_forward
from panlearn.nn.rnn_places import put, take
from panlearn.nn.rnn_walk import Walk, rows_at


class Piece(NamedTuple):
    """Sequences of one thread, and how it goes through their rows."""

    walk: Walk
    own: np.ndarray  # (T + 1,) where the rows of each step begin among those of the piece


class Masks(NamedTuple):
    """Noise; no rows where there is none."""

    drop: np.ndarray  # (B, H) factor of h as it enters the recurrent product
    hold_h: np.ndarray  # (R, H) share of the old h in the new one
    hold_c: np.ndarray  # (R, H) likewise of c


class Kept(NamedTuple):
    """What the way back needs, of the r rows of a piece; of c and h one row a sequence if there is none."""

    rows: np.ndarray  # (r, I) x; the array of all rows if the piece has all
    gates: np.ndarray  # (r, G H)
    entered: np.ndarray  # (r, H) or (b, H): h_{t-1} as it entered the product
    before: np.ndarray  # (r, H) or (b, H): c_{t-1}
    inputs: np.ndarray  # (r, G H) W x normalised; no rows without layer normalisation, like all below
    products: np.ndarray  # (r, G H) U h normalised
    cells: np.ndarray  # (r, H) c normalised
    scales: np.ndarray  # (r, 3) 1 / sd of each of the three


class States(NamedTuple):
    """h and c of each sequence, handed from step to step, or gradients in them."""

    h: np.ndarray  # (B, H)
    c: np.ndarray  # (B, H)


class Gradients(NamedTuple):
    """What the way back finds, of a piece."""

    rows: np.ndarray  # (r, I) in x; no rows if not wanted
    weight_ih: np.ndarray  # (G H, I) likewise
    weight_hh: np.ndarray  # (G H, H)
    inputs: np.ndarray  # (r, G H) in W x
    products: np.ndarray  # (r, G H) in U h; the same array without layer normalisation
    sums: Sums


@kernel
def forward(piece, cell, masks, x, kept, state, out):
    """Rows x (R, I) of a piece through the layer: h into `out` (R, H), the last state into `state`."""
    if len(kept.rows) < len(x):
        move(piece, x, kept.rows, True)
    target = kept.gates if len(cell.norms) == 0 else kept.inputs
    GH, I = cell.weight_ih.shape
    gemm(piece.walk.routine, True, len(target), GH, I, kept.rows, cell.weight_ih, 0.0, target)
    loop_forward(piece, cell, masks, kept, state, out)


@kernel
def move(piece, everything, own, there):
    """Copy the rows of a piece out of those of all, or back."""
    for s in range(len(piece.walk.sizes)):
        row, n, place = rows_of(piece, s)
        for i in range(n):
            a, b = everything[row + i], own[place + i]
            if there:
                for k in range(len(a)):
                    b[k] = a[k]
            else:
                for k in range(len(a)):
                    a[k] = b[k]


@kernel
def rows_of(piece, s):
    """First row and number of rows of the s-th step on the way, and the first row among those of the piece."""
    row, n = rows_at(piece.walk, s)
    return row, n, piece.own[len(piece.own) - 2 - s if piece.walk.falling else s]


@kernel
def loop_forward(piece, cell, masks, kept, state, out):
    """The loop over steps."""
    walk, H, GH = piece.walk, state.h.shape[1], cell.weight_hh.shape[0]
    saving, plain = len(kept.entered) == len(kept.gates), len(cell.norms) == 0
    nothing = np.empty(0, out.dtype)
    for s in range(len(walk.sizes)):
        row, n, own = rows_of(piece, s)
        if n == 0:
            continue
        place = own if saving else 0
        for i in range(n):
            enter(masks, state, walk.first + i, kept.entered[place + i], kept.before[place + i])
        entered = kept.entered[place:]
        if plain:
            gemm(walk.routine, True, n, GH, H, entered, cell.weight_hh, 1.0, kept.gates[own:])
        else:
            gemm(walk.routine, True, n, GH, H, entered, cell.weight_hh, 0.0, kept.products[own:])
        for i in range(n):
            b, r, before = walk.first + i, own + i, kept.before[place + i]
            if not plain:
                join_normalised(cell, kept, r)
            z = kept.cells[r] if len(cell.norm_c) else nothing
            scale = row_forward(kept.gates[r], before, cell, state.c[b], out[row + i], z)
            if len(cell.norm_c):
                kept.scales[r, 2] = scale
            leave(masks, state, b, row + i, before, out[row + i])


@kernel
def enter(masks, state, b, entered, before):
    """A sequence's state as it enters a step."""
    h, c = state.h[b], state.c[b]
    for k in range(len(h)):
        entered[k] = h[k]
    if len(masks.drop):
        for k in range(len(h)):
            entered[k] *= masks.drop[b, k]
    for k in range(len(h)):
        before[k] = c[k]


@kernel
def leave(masks, state, b, r, before, out):
    """Hold back some of the change of a sequence's state, and hand it on."""
    h, c = state.h[b], state.c[b]
    if len(masks.hold_h):
        for k in range(len(h)):
            out[k] += masks.hold_h[r, k] * (h[k] - out[k])
    if len(masks.hold_c):
        for k in range(len(h)):
            c[k] += masks.hold_c[r, k] * (before[k] - c[k])
    for k in range(len(h)):
        h[k] = out[k]


@kernel
def join_normalised(cell, kept, r):
    """Gates of a row before their activations, of the two normalised products."""
    x, h, u, a, b = kept.inputs[r], kept.products[r], kept.gates[r], cell.norms[0], cell.norms[1]
    kept.scales[r, 0] = normalise(x)
    kept.scales[r, 1] = normalise(h)
    for k in range(len(u)):
        put(1, u, k, take(a, k) * take(x, k) + take(b, k) * take(h, k))


@kernel
def backward(piece, cell, masks, kept, state, outer, found, in_rows):
    """Gradients of everything, of those in the output, `outer` (R, H), and in the last state: `state`, taken back."""
    loop_backward(piece, cell, masks, kept, state, outer, found)
    routine, r = piece.walk.routine, len(found.inputs)
    GH, I, H = cell.weight_ih.shape[0], cell.weight_ih.shape[1], cell.weight_hh.shape[1]
    if len(found.rows):
        gemm(routine, False, r, I, GH, found.inputs, cell.weight_ih, 0.0, found.rows)
        if len(found.rows) < len(in_rows):
            move(piece, in_rows, found.rows, False)
    if len(found.weight_ih):
        gemm_transposed(routine, GH, I, r, found.inputs, kept.rows, 0.0, found.weight_ih)
    if len(found.weight_hh):
        gemm_transposed(routine, GH, H, r, found.products, kept.entered, 0.0, found.weight_hh)


@kernel
def loop_backward(piece, cell, masks, kept, state, outer, found):
    """The loop over steps, against the way there."""
    walk, H, GH = piece.walk, state.h.shape[1], cell.weight_hh.shape[0]
    plain, count = len(cell.norms) == 0, walk.stop - walk.first
    spare, nothing, dh = np.empty(H, outer.dtype), np.empty(0, outer.dtype), np.empty(H, outer.dtype)
    held_h, held_c = np.empty((count if len(masks.hold_h) else 0, H), outer.dtype), np.zeros((1, H), outer.dtype)
    d = np.empty(GH, outer.dtype)
    for s in range(len(walk.sizes)):
        row, n, own = rows_of(piece, s)
        if n == 0:
            continue
        for i in range(n):
            b, r, dc = walk.first + i, own + i, state.c[walk.first + i]
            for k in range(H):
                dh[k] = state.h[b, k] + outer[row + i, k]
            take_held(dh, masks.hold_h, row + i, held_h, i)
            take_held(dc, masks.hold_c, row + i, held_c, 0)
            z = kept.cells[r] if len(cell.norm_c) else nothing
            scale = kept.scales[r, 2] if len(cell.norm_c) else outer.dtype.type(0)
            delta = found.inputs[r] if plain else d
            row_backward(kept.gates[r], kept.before[r], cell, dh, dc, z, scale, delta, found.sums, spare)
            if len(masks.hold_c):
                add(dc, held_c[0])
            if not plain:
                part_normalised(cell, kept, d, r, found)
        carry = state.h[walk.first :]
        gemm(walk.routine, False, n, H, GH, found.products[own:], cell.weight_hh, 0.0, carry)
        carry_back(masks, walk.first, n, carry, held_h)


@kernel
def carry_back(masks, first, n, carry, held):
    """Gradient in h before a step, of that in what entered the product and of what went past the step."""
    for i in range(n):
        if len(masks.drop):
            for k in range(carry.shape[1]):
                carry[i, k] *= masks.drop[first + i, k]
        if len(masks.hold_h):
            add(carry[i], held[i])


@kernel
def add(out, a):
    """Add a to `out`."""
    for k in range(len(out)):
        out[k] += a[k]


@kernel
def take_held(d, shares, r, held, i):
    """Split a gradient into what went past the step, into row i of `held`, and what went through it."""
    if len(shares):
        for k in range(len(d)):
            held[i, k] = shares[r, k] * d[k]
        for k in range(len(d)):
            d[k] -= held[i, k]


@kernel
def part_normalised(cell, kept, d, r, found):
    """Gradients of a row in the two products, of those in their normalised sum."""
    x, h = kept.inputs[r], kept.products[r]
    add_product(found.sums.norms[0], d, x)
    add_product(found.sums.norms[1], d, h)
    normalise_back(d, x, cell.norms[0], kept.scales[r, 0], found.inputs[r])
    normalise_back(d, h, cell.norms[1], kept.scales[r, 1], found.products[r])
