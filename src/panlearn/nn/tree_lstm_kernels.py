"""Kernels of Tree-LSTMs: all levels of a forest in one call, the leaves first, and back.

For node v with children k, gates before their functions a (v; input, bias), a_k (v, k), all rows in the order of work:

    s = the children's states, summed or side by side                  `below`
    i, g, o = σ, tanh, σ of a + U s                                    one product a level
    f_k = σ(a_k + U_f h_k), or with U_f s                              one product a level
    c = i ∘ g + Σ_k f_k ∘ c_k,    t = tanh(c),    h = o ∘ t

Backwards, δ = ∂L/∂(what stands behind it), from the roots down:

    δo = δh ∘ t,   δc += δh ∘ o ∘ (1 - t²),   δi = δc ∘ g,   δg = δc ∘ i,   δf_k = δc ∘ c_k,   δc_k += δc ∘ f_k

and through the functions and the products to δh_k. Gradients of the weights are one product over all nodes each, after
the loop. A level's rows lie side by side, so that a product reads and writes them where they are.

Course note: 003 §2.2, §2.4.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.gemm import gemm
from panlearn.core.jit import kernel
from panlearn.nn.rnn_functions import sigmoid, tanh


class Plan(NamedTuple):
    """A forest, as the kernels read it."""

    starts: np.ndarray  # (L + 1,) place at which each level begins
    edge_starts: np.ndarray  # (N + 1,) first edge to the children of each place
    children: np.ndarray  # (E,) place of the child of each edge
    blocks: np.ndarray  # (E,) block of `below` that the child's state goes into
    slots: np.ndarray  # (E,) row of the edge's forget gate


class Weights(NamedTuple):
    """Recurrent weights."""

    gates: np.ndarray  # (3 H, B) of i, g, o
    forget: np.ndarray  # (H, H) of a child's gate from its state; or (B, B), from all states side by side
    routine: int  # address of the product


class Memory(NamedTuple):
    """What the way back needs; rows in the order of work."""

    gates: np.ndarray  # (N, 3 H) i, g, o
    forget: np.ndarray  # (S, H) forget gates
    below: np.ndarray  # (M, B) states of the children of the M nodes that have some: B = H, or H a position
    single: np.ndarray  # (E, H) states of the children, one by one; none where positions have blocks
    tanh_c: np.ndarray  # (N, H)
    c: np.ndarray  # (N, H)


@kernel
def forward(plan, weights, memory, h):  # fills memory and h
    """States of all nodes, from gates before their functions in `memory.gates` and `memory.forget`."""
    H = h.shape[1]
    n_leaves, B = plan.starts[1], memory.below.shape[1]
    for level in range(len(plan.starts) - 1):
        low, high = plan.starts[level], plan.starts[level + 1]
        if level:
            _gather(plan, memory, h, low, high)
            m, below = high - low, memory.below[low - n_leaves : high - n_leaves]
            gemm(weights.routine, True, m, 3 * H, B, below, weights.gates, 1.0, memory.gates[low:high])
            first, last = plan.edge_starts[low], plan.edge_starts[high]
            if len(memory.single):
                rows, out = memory.single[first:last], memory.forget[first:last]
                gemm(weights.routine, True, last - first, H, H, rows, weights.forget, 1.0, out)
            else:
                out = memory.forget.reshape(-1, B)[low - n_leaves : high - n_leaves]
                gemm(weights.routine, True, m, B, B, below, weights.forget, 1.0, out)
        for p in range(low, high):
            _cell(plan, memory, h, p)


@kernel
def _gather(plan, memory, h, low, high):
    """Put the states of the children of some nodes where the products read them."""
    H, n_leaves = h.shape[1], plan.starts[1]
    for p in range(low, high):
        row = memory.below[p - n_leaves]
        row[:] = 0
        for e in range(plan.edge_starts[p], plan.edge_starts[p + 1]):
            state, begin = h[plan.children[e]], plan.blocks[e] * H
            for j in range(H):
                row[begin + j] += state[j]
            if len(memory.single):
                memory.single[e] = state


@kernel
def _cell(plan, memory, h, p):
    """State of one node from its gates."""
    H = h.shape[1]
    gates, c, t = memory.gates[p], memory.c[p], memory.tanh_c[p]
    i, g, o = gates[:H], gates[H : 2 * H], gates[2 * H :]
    for j in range(H):
        i[j] = sigmoid(i[j])
    for j in range(H):
        g[j] = tanh(g[j])
    for j in range(H):
        o[j] = sigmoid(o[j])
    for j in range(H):
        c[j] = i[j] * g[j]
    for e in range(plan.edge_starts[p], plan.edge_starts[p + 1]):
        f, before = memory.forget[plan.slots[e]], memory.c[plan.children[e]]
        for j in range(H):
            f[j] = sigmoid(f[j])
        for j in range(H):
            c[j] += f[j] * before[j]
    for j in range(H):
        t[j] = tanh(c[j])
    for j in range(H):
        h[p, j] = o[j] * t[j]


@kernel
def backward(plan, weights, memory, dh, dc, dgates, dforget, dbelow):  # fills dgates and dforget; uses up dh, dc
    """Gradients of the gates before their functions; `dbelow` is room for those of the widest level."""
    H = dh.shape[1]
    n_leaves, B = plan.starts[1], memory.below.shape[1]
    for level in range(len(plan.starts) - 2, -1, -1):
        low, high = plan.starts[level], plan.starts[level + 1]
        for p in range(low, high):
            _cell_back(plan, memory, dh[p], dc, dgates[p], dforget, p)
        if not level:
            return
        m, first, last = high - low, plan.edge_starts[low], plan.edge_starts[high]
        gemm(weights.routine, False, m, B, 3 * H, dgates[low:high], weights.gates, 0.0, dbelow)
        if len(memory.single):  # the states themselves are not needed here: only whether gates have one each
            _scatter(plan, dh, dbelow, low, high)
            gemm(weights.routine, False, last - first, H, H, dforget[first:last], weights.forget, 0.0, dbelow)
            for e in range(first, last):
                for j in range(H):
                    dh[plan.children[e], j] += dbelow[e - first, j]
        else:
            rows = dforget.reshape(-1, B)[low - n_leaves : high - n_leaves]
            gemm(weights.routine, False, m, B, B, rows, weights.forget, 1.0, dbelow)
            _scatter(plan, dh, dbelow, low, high)


@kernel
def _scatter(plan, dh, dbelow, low, high):
    """Hand the gradients of the products' rows to the children."""
    H = dh.shape[1]
    for p in range(low, high):
        row = dbelow[p - low]
        for e in range(plan.edge_starts[p], plan.edge_starts[p + 1]):
            into, begin = dh[plan.children[e]], plan.blocks[e] * H
            for j in range(H):
                into[j] += row[begin + j]


@kernel
def _cell_back(plan, memory, dh, dc, dgates, dforget, p):
    """Gradients of one node's gates, and what its children's c get."""
    H, one = len(dh), dh.dtype.type(1)
    gates, t, own = memory.gates[p], memory.tanh_c[p], dc[p]
    i, g, o = gates[:H], gates[H : 2 * H], gates[2 * H :]
    di, dg, do = dgates[:H], dgates[H : 2 * H], dgates[2 * H :]
    for j in range(H):
        do[j] = dh[j] * t[j] * o[j] * (one - o[j])
        own[j] += dh[j] * o[j] * (one - t[j] * t[j])
    for j in range(H):
        di[j] = own[j] * g[j] * i[j] * (one - i[j])
        dg[j] = own[j] * i[j] * (one - g[j] * g[j])
    for e in range(plan.edge_starts[p], plan.edge_starts[p + 1]):
        slot, child = plan.slots[e], plan.children[e]
        f, df, before, below = memory.forget[slot], dforget[slot], memory.c[child], dc[child]
        for j in range(H):
            df[j] = own[j] * before[j] * f[j] * (one - f[j])
        for j in range(H):
            below[j] += own[j] * f[j]
