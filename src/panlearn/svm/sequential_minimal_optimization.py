"""Sequential minimal optimisation: two variables a step, chosen by second-order information [fan2005].

The constraint sum_t s_t alpha_t = const lets no variable move alone; two of them, i and j, move along one line, where
the objective is a parabola. With f_t as in `dual_problem`, up the variables whose s_t alpha_t can grow and low those
whose it can shrink, a step takes

    i = argmin of f over up,   j = argmax over low, f_j > f_i, of  (f_j - f_i)^2 / a_ij,   a_ij = k_ii + k_jj - 2 k_ij
    s_i alpha_i += step,   s_j alpha_j -= step,   f += step (K_i - K_j),    step = (f_j - f_i) / a_ij, cut at the bounds

j promises the largest decrease. The method stops when max f over low is less than `tol` above min f over up: by
[keerthi2001], then no pair violates the optimality conditions by more.

f is kept in float32, as its distance from the threshold: numbers near 0 have digits to spare, those far from it
matter to nobody. It drifts nevertheless, so f is computed anew from exact products at each restart, and only such an f
may say that the method has converged.

Cost: some n operations a step, about 0.5 nanoseconds a variable. Kernels that are not positive semi-definite can have
a_ij <= 0, where the parabola opens downwards: the step goes to the nearest bound [chang2011].

Course notes: 000 §2.2 (the dual).
"""

import numpy as np

from panlearn.core.jit import kernel
from panlearn.svm.dual_problem import Table

LANES = 64
STEPS = 50_000  # of one kernel call: well below a second


@kernel
def make_ordered(bits):
    """Bits of floats become integers in the same order: those of negative numbers are turned round."""
    magnitude = np.iinfo(bits.dtype).max
    for t in range(bits.size):
        bits[t] = bits[t] ^ magnitude if bits[t] < 0 else bits[t]


@kernel
def argmax(bits):
    """First index of the largest; integer maxima become SIMD code, those of floats do not."""
    best, block = bits[0], 0
    for start in range(0, bits.size, LANES):
        part = bits[start : start + LANES]
        top = part[0]
        for t in range(part.size):
            top = max(top, part[t])
        if top > best:
            best, block = top, start
    while bits[block] != best:
        block += 1
    return block


@kernel
def write_up(up, f, value):
    """How far below the threshold each f lies that ought to be above."""
    for t in range(f.size):
        value[t] = up[t] - f[t]


@kernel
def write_low(low, f, value):
    """How far above the threshold each f lies that ought to be below."""
    for t in range(f.size):
        value[t] = low[t] + f[t]


@kernel
def write_gains(f, low, high, diagonal, own, row, floor, value):
    """Decrease of the objective, doubled, by a step with each variable; 0 where there is none."""
    for t in range(f.size):
        b = max(high + f[t] + low[t], np.float32(0.0))
        curvature = max(own + diagonal[t] - np.float32(2.0) * row[t], floor)
        value[t] = b * b / curvature


@kernel
def move(f, step, plus, minus):
    """Follow a step; updates f."""
    for t in range(f.size):
        f[t] += step * (plus[t] - minus[t])


@kernel
def set_room(sign, alpha, upper, up, low, t):
    """0 where s_t alpha_t can grow (up), or shrink (low), -inf where not."""
    above, below = alpha[t] > 0.0, alpha[t] < upper[t]
    up[t] = 0.0 if (below if sign[t] > 0.0 else above) else -np.inf
    low[t] = 0.0 if (above if sign[t] > 0.0 else below) else -np.inf


@kernel
def descend(K, f, sign, alpha, upper, by_copy, tol, most, value, bits):
    """At most so many steps; updates f and alpha. Returns the steps and the violation left.

    f, sign, alpha and upper are (copies, n): the variables of each row of K. `by_copy` keeps the sum of each copy.
    `bits` is the memory of `value`, (n,), as integers.
    """
    copies, n = f.shape
    up, low, diagonal = np.empty_like(f), np.empty_like(f), np.empty(n, f.dtype)
    for t in range(n):
        diagonal[t] = K[t, t]
        for c in range(copies):
            set_room(sign[c], alpha[c], upper[c], up[c], low[c], t)
    floor = np.float32(1e-12) * max(diagonal.max(), np.float32(1e-20))
    for done in range(most):
        ci, i = first(f, up, low, by_copy, value, bits)
        high = up[ci, i] - f[ci, i]
        cj, j, gain = second(K, f, low, diagonal, ci, i, high, floor, by_copy, value, bits)
        slope = high + low[cj, j] + f[cj, j]
        if slope <= tol or gain <= 0.0:  # a pair that violates by more than tol would have shown itself so
            left = high + last(f, low, ci, by_copy, value, bits)
            if left <= tol or gain <= 0.0:
                return done, max(float(left), 0.0)
        curvature = max(diagonal[i] + diagonal[j] - np.float32(2.0) * K[i, j], floor)
        step = shift(sign, alpha, upper, ci, i, cj, j, slope / curvature)
        set_room(sign[ci], alpha[ci], upper[ci], up[ci], low[ci], i)
        set_room(sign[cj], alpha[cj], upper[cj], up[cj], low[cj], j)
        for c in range(copies):
            move(f[c], f.dtype.type(step), K[i], K[j])
    return most, np.inf


@kernel
def first(f, up, low, by_copy, value, bits):
    """Copy and row of the variable to grow: the least f; by copy, that of the copy that violates most."""
    at, row, worst = 0, 0, -np.inf
    for c in range(f.shape[0]):
        write_up(up[c], f[c], value)
        make_ordered(bits)
        t = argmax(bits)
        top = up[c, t] - f[c, t]
        if by_copy:
            top += largest_low(low[c], f[c], value, bits)
        if top > worst:
            at, row, worst = c, t, top
    return at, row


@kernel
def second(K, f, low, diagonal, ci, i, high, floor, by_copy, value, bits):
    """Copy and row of the variable to shrink, and the gain it promises."""
    at, row, best = ci, i, np.float32(-1.0)
    for c in range(f.shape[0]):
        if c == ci or not by_copy:
            write_gains(f[c], low[c], high, diagonal, diagonal[i], K[i], floor, value)
            t = argmax(bits)
            if value[t] > best:
                at, row, best = c, t, value[t]
    return at, row, best


@kernel
def last(f, low, ci, by_copy, value, bits):
    """The largest f of all that may be paired with copy ci and ought to be below the threshold."""
    top = -np.inf
    for c in range(f.shape[0]):
        if c == ci or not by_copy:
            top = max(top, largest_low(low[c], f[c], value, bits))
    return top


@kernel
def largest_low(low, f, value, bits):
    """The largest f that ought to be below the threshold."""
    write_low(low, f, value)
    make_ordered(bits)
    t = argmax(bits)
    return low[t] + f[t]


@kernel
def shift(sign, alpha, upper, ci, i, cj, j, step):
    """Move a pair of variables as far as their bounds let it; updates alpha. Returns the step."""
    rise = upper[ci, i] - alpha[ci, i] if sign[ci, i] > 0 else alpha[ci, i]
    fall = alpha[cj, j] if sign[cj, j] > 0 else upper[cj, j] - alpha[cj, j]
    step = min(step, rise, fall)
    alpha[ci, i] += sign[ci, i] * step
    alpha[cj, j] -= sign[cj, j] * step
    if step == rise:  # exactly at the bound, whatever the rounding
        alpha[ci, i] = upper[ci, i] if sign[ci, i] > 0 else 0.0
    if step == fall:
        alpha[cj, j] = 0.0 if sign[cj, j] > 0 else upper[cj, j]
    return step


def descend_table(K: np.ndarray, f: np.ndarray, table: Table, tol: float, most: int) -> tuple[int, float]:
    """`descend` on a table of variables with f in float64; updates the table's alpha alone."""
    value = np.empty(f.shape[1], dtype=K.dtype)
    bits = value.view(np.int32 if K.dtype == np.float32 else np.int64)
    done, left = descend(
        K,
        f.astype(K.dtype),
        table.sign,
        table.alpha,
        table.upper,
        table.by_sign,
        K.dtype.type(tol),
        most,
        value,
        bits,
    )
    return done, float(left)
