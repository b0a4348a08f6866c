"""Recurrent layers on a GPU: the loop over time inside one kernel, in Triton [tillet2019].

A program owns BB sequences and goes through all their steps: nothing is launched in between, the recurrent weights U
stay in the second cache, and no sequence waits for those of another program. All tiles of cells read the states of a
step while new ones are written, hence two buffers that change roles. Rows lie as in `panlearn.nn.steps`; a sequence
that has ended, or has not begun, is masked.

Back through time a step has two parts with a barrier between: derivatives of the gates, tile by tile
(`panlearn.nn.recurrent_triton_cells`), then their product with U. Without `WHOLE` a launch does the pointwise part of
one step (T = 1), in wide layers whose products a library makes.

Course notes: 003 §2.
"""

# pyright: reportInvalidTypeForm=false, reportAttributeAccessIssue=false
# Triton reads these functions as another language: what looks like a constant to it is a tuple of settings.

from panlearn.nn.recurrent_triton_cells import (
    GRU,
    RNN,
    activated,
    gate_score,
    gru_back,
    gru_step,
    keep,
    kept,
    lstm_back,
    lstm_step,
    slope,
)
from panlearn.nn.triton_language import jit, tl


@jit
def forward(x, s: tl.constexpr):
    """Go through the steps; grid (tiles of sequences, 1), or (tiles of sequences, tiles of cells) unless WHOLE."""
    b = tl.program_id(0) * s.BB + tl.arange(0, s.BB)
    for step in range(x.T):
        t = x.T - 1 - step if s.FALLING else step
        start = tl.load(x.starts + t)
        row, alive = start + b, b < tl.load(x.starts + t + 1) - start
        source, target = x.hidden, x.hidden
        if s.WHOLE:
            source += (step % 2) * x.B * x.H
            target += (1 - step % 2) * x.B * x.H
        for at in range(tl.program_id(1) * s.BN, x.H, tl.num_programs(1) * s.BN):
            j = at + tl.arange(0, s.BN)
            place = (b, j, alive, row)
            there, here = alive[:, None] & (j < x.H)[None, :], row[:, None] * x.H + j[None, :]
            state = b[:, None] * x.H + j[None, :]
            h = tl.load(source + state, there, 0.0)
            if s.KIND == RNN:
                new = activated(gate_score(x, 0, source, place, s), s)
                keep(x, 0, new, place, s)
            elif s.KIND == GRU:
                new = gru_step(x, h, source, place, s)
            else:
                new = lstm_step(x, source, place, s)
            if s.HOLD_HIDDEN:
                new += tl.load(x.hold_hidden + here, there, 0.0) * (h - new)
            if s.DROP:
                h *= tl.load(x.drop + state, there, 0.0)
            tl.store(x.entered + here, h, there)
            tl.store(x.output + here, new, there)
            tl.store(target + state, new, there)
        tl.debug_barrier()  # the next step reads what all threads of this program have written


@jit
def back_through_product(x, place, s: tl.constexpr):
    """(BB, BN): derivatives of all gates of these sequences times U."""
    b, j, alive, row = place
    total = tl.full((s.BB, s.BN), 0.0, x.weight.dtype.element_ty)
    for gate in tl.static_range(s.GATES):
        for at in range(0, x.H, s.BK):
            k = at + tl.arange(0, s.BK)
            there = alive[:, None] & (k < x.H)[None, :]
            if s.KIND == GRU and gate == 2:
                d = tl.load(x.inner + row[:, None] * x.H + k[None, :], there, 0.0)
            else:
                d = tl.load(x.gates + row[:, None] * (s.GATES * x.H) + (gate * x.H + k)[None, :], there, 0.0)
            inside = (k < x.H)[:, None] & (j < x.H)[None, :]
            u = tl.load(x.weight + (gate * x.H + k)[:, None] * x.H + j[None, :], inside, 0.0)
            total = tl.dot(d, u, total, input_precision=s.PRECISION, out_dtype=total.dtype)
    if s.DROP:
        there = alive[:, None] & (j < x.H)[None, :]
        total *= tl.load(x.drop + b[:, None] * x.H + j[None, :], there, 0.0)
    return total


@jit
def backward(x, s: tl.constexpr):
    """Go back; `gates` become derivatives, `hidden` and `cell` the derivatives of the first states."""
    b = tl.program_id(0) * s.BB + tl.arange(0, s.BB)
    for step in range(x.T):
        t = x.T - 1 - step if s.FALLING else step
        start = tl.load(x.starts + t)
        row, alive = start + b, b < tl.load(x.starts + t + 1) - start
        for at in range(tl.program_id(1) * s.BN, x.H, tl.num_programs(1) * s.BN):
            j = at + tl.arange(0, s.BN)
            place = (b, j, alive, row)
            there, here = alive[:, None] & (j < x.H)[None, :], row[:, None] * x.H + j[None, :]
            state = b[:, None] * x.H + j[None, :]
            d = tl.load(x.given + here, there, 0.0) + tl.load(x.hidden + state, there, 0.0)
            around = 0.0 * d
            if s.HOLD_HIDDEN:
                around += tl.load(x.hold_hidden + here, there, 0.0) * d
                d -= around
            if s.KIND == RNN:
                keep(x, 0, d * slope(kept(x, 0, place, s), s), place, s)
            elif s.KIND == GRU:
                around += gru_back(x, d, place, s)
            else:
                lstm_back(x, d, place, s)
            tl.store(x.hidden + state, around, there)
        tl.debug_barrier()  # the product reads the derivatives of all cells
        if s.WHOLE:
            for at in range(0, x.H, s.BN):
                j = at + tl.arange(0, s.BN)
                there, state = alive[:, None] & (j < x.H)[None, :], b[:, None] * x.H + j[None, :]
                total = back_through_product(x, (b, j, alive, row), s)
                tl.store(x.hidden + state, tl.load(x.hidden + state, there, 0.0) + total, there)
            tl.debug_barrier()
