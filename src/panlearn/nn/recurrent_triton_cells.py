"""One step of a recurrent layer on a GPU, for a tile of sequences and cells, and its derivative: parts of kernels.

    product    P = (m ∘ h_{t-1}) Uᵀ                 a sum over tiles of the old states, that of m the dropout
    RNN        h = f(a + P)
    LSTM       c = f c + i g,  h = o tanh c         also with peepholes, or coupled with i = 1 - f
    GRU        h = n + z (h - n),  n = tanh(a_n + r (P_n + b))

`a` is what the input gives to the gates. What the derivative needs is written to the rows, and overwritten by it. The
functions are Triton's [tillet2019]: inside `panlearn.nn.recurrent_triton_kernels` they become one piece of code.

Course notes: 003 §2.
"""

# pyright: reportInvalidTypeForm=false, reportAttributeAccessIssue=false
# Triton reads these functions as another language: what looks like a constant to it is a tuple of settings.

from typing import Any, NamedTuple

from panlearn.nn.triton_language import jit, tl

KINDS = {"rnn": 0, "lstm": 1, "coupled": 2, "gru": 3}
FUNCTIONS = {"tanh": 0, "relu": 1, "sigmoid": 2, "identity": 3}
RNN, LSTM, COUPLED, GRU = (tl.constexpr(code) for code in KINDS.values())
TANH, RELU, SIGMOID, IDENTITY = (tl.constexpr(code) for code in FUNCTIONS.values())


class Arrays(NamedTuple):
    """What the kernels read and write; all contiguous. What a cell does not have is an empty tensor."""

    starts: Any  # (T + 1,) int64: where the rows of each step begin
    given: Any  # (R, G H) a, what the input gives to the gates; on the way back what comes to the output, (R, H)
    weight: Any  # (G H, H) U
    extra: Any  # (3, H) peepholes of i, f, o; GRU: (H,) b
    product: Any  # (B, G H) P of one step, unless WHOLE
    gates: Any  # (R, G H) after their activations; overwritten by derivatives on the way back
    inner: Any  # (R, H) ĉ; GRU: P_n + b, overwritten by its derivative
    before: Any  # (R, H) c_{t-1}; GRU: h_{t-1}
    entered: Any  # (R, H) m ∘ h_{t-1}
    output: Any  # (R, H) h
    hidden: Any  # (2, B, H) h from step to step, (B, H) unless WHOLE; on the way back its derivative, (B, H)
    cell: Any  # (B, H) c, or its derivative
    drop: Any  # (B, H)
    hold_hidden: Any  # (R, H)
    hold_cell: Any  # (R, H)
    B: int
    H: int
    T: int


class Settings(NamedTuple):
    """What a kernel is compiled for."""

    KIND: int
    GATES: int  # blocks of H rows
    FUNCTION: int  # of a plain network
    FALLING: bool  # from the last step to the first
    PEEPHOLE: bool
    DROP: bool
    HOLD_HIDDEN: bool
    HOLD_CELL: bool
    WHOLE: bool
    PRECISION: str  # of products in float32: "ieee" or "tf32"
    BB: int  # tile of sequences
    BN: int  # tile of cells
    BK: int  # stretch of a sum


@jit
def tanh(x):
    """(1 - e) / (1 + e), e = exp(-2|x|), with the sign of x."""
    e = tl.exp(-2.0 * tl.abs(x))
    y = (1.0 - e) / (1.0 + e)
    return tl.where(x < 0, -y, y)


@jit
def sigmoid(x):
    """1 / (1 + exp(-x)) without overflow."""
    e = tl.exp(-tl.abs(x))
    return tl.where(x < 0, e, 1.0) / (1.0 + e)


@jit
def activated(x, s: tl.constexpr):
    """The function of a plain network."""
    if s.FUNCTION == TANH:
        y = tanh(x)
    elif s.FUNCTION == RELU:
        y = tl.where(x < 0, 0.0 * x, x)
    elif s.FUNCTION == SIGMOID:
        y = sigmoid(x)
    else:
        y = x
    return y


@jit
def slope(y, s: tl.constexpr):
    """Its derivative, from its value."""
    if s.FUNCTION == TANH:
        d = 1.0 - y * y
    elif s.FUNCTION == RELU:
        d = tl.where(y > 0, 1.0 + 0.0 * y, 0.0 * y)
    elif s.FUNCTION == SIGMOID:
        d = y * (1.0 - y)
    else:
        d = 1.0 + 0.0 * y
    return d


@jit
def score(x, gate, source, place, s: tl.constexpr):
    """P of one gate for a tile of sequences and cells, (BB, BN), by a sum over the old states."""
    b, j, alive, _ = place
    if s.WHOLE:
        total = tl.full((s.BB, s.BN), 0.0, x.weight.dtype.element_ty)
        for at in range(0, x.H, s.BK):
            k = at + tl.arange(0, s.BK)
            there = alive[:, None] & (k < x.H)[None, :]
            h = tl.load(source + b[:, None] * x.H + k[None, :], there, 0.0)
            if s.DROP:
                h *= tl.load(x.drop + b[:, None] * x.H + k[None, :], there, 0.0)
            inside = (j < x.H)[None, :] & (k < x.H)[:, None]
            u = tl.load(x.weight + (gate * x.H + j)[None, :] * x.H + k[:, None], inside, 0.0)
            total = tl.dot(h, u, total, input_precision=s.PRECISION, out_dtype=total.dtype)
    else:
        there = alive[:, None] & (j < x.H)[None, :]
        total = tl.load(x.product + b[:, None] * (s.GATES * x.H) + (gate * x.H + j)[None, :], there, 0.0)
    return total


@jit
def gate_score(x, gate, source, place, s: tl.constexpr):
    """What the input and the old state give to one gate."""
    _, j, alive, row = place
    there = alive[:, None] & (j < x.H)[None, :]
    a = tl.load(x.given + row[:, None] * (s.GATES * x.H) + (gate * x.H + j)[None, :], there, 0.0)
    return a + score(x, gate, source, place, s)


@jit
def keep(x, gate, value, place, s: tl.constexpr):
    """Write one gate to its place in the rows."""
    _, j, alive, row = place
    there = alive[:, None] & (j < x.H)[None, :]
    tl.store(x.gates + row[:, None] * (s.GATES * x.H) + (gate * x.H + j)[None, :], value, there)


@jit
def kept(x, gate, place, s: tl.constexpr):
    """Read it."""
    _, j, alive, row = place
    there = alive[:, None] & (j < x.H)[None, :]
    return tl.load(x.gates + row[:, None] * (s.GATES * x.H) + (gate * x.H + j)[None, :], there, 0.0)


@jit
def peephole(x, gate, j):
    """Weights of the peephole of i, f or o for a tile of cells, (1, BN)."""
    return tl.load(x.extra + gate * x.H + j, j < x.H, 0.0)[None, :]


@jit
def lstm_step(x, source, place, s: tl.constexpr):
    """ĥ; the cell goes on."""
    b, j, alive, row = place
    there, here = alive[:, None] & (j < x.H)[None, :], row[:, None] * x.H + j[None, :]
    state = b[:, None] * x.H + j[None, :]
    shift: tl.constexpr = 1 if s.KIND == COUPLED else 0
    c = tl.load(x.cell + state, there, 0.0)
    f = gate_score(x, 1 - shift, source, place, s)
    if s.PEEPHOLE:
        f += peephole(x, 1, j) * c
    f = sigmoid(f)
    if s.KIND == COUPLED:
        i = 1.0 - f
    else:
        i = gate_score(x, 0, source, place, s)
        if s.PEEPHOLE:
            i += peephole(x, 0, j) * c
        i = sigmoid(i)
        keep(x, 0, i, place, s)
    g = tanh(gate_score(x, 2 - shift, source, place, s))
    new = f * c + i * g
    o = gate_score(x, 3 - shift, source, place, s)
    if s.PEEPHOLE:
        o += peephole(x, 2, j) * new
    o = sigmoid(o)
    keep(x, 1 - shift, f, place, s)
    keep(x, 2 - shift, g, place, s)
    keep(x, 3 - shift, o, place, s)
    tl.store(x.before + here, c, there)
    tl.store(x.inner + here, new, there)
    after = new
    if s.HOLD_CELL:
        after += tl.load(x.hold_cell + here, there, 0.0) * (c - new)
    tl.store(x.cell + state, after, there)
    return o * tanh(new)


@jit
def gru_step(x, h, source, place, s: tl.constexpr):
    """ĥ after h."""
    _, j, alive, row = place
    there, here = alive[:, None] & (j < x.H)[None, :], row[:, None] * x.H + j[None, :]
    r, z = sigmoid(gate_score(x, 0, source, place, s)), sigmoid(gate_score(x, 1, source, place, s))
    inner = score(x, 2, source, place, s) + peephole(x, 0, j)  # b
    a = tl.load(x.given + row[:, None] * (s.GATES * x.H) + (2 * x.H + j)[None, :], there, 0.0)
    n = tanh(a + r * inner)
    keep(x, 0, r, place, s)
    keep(x, 1, z, place, s)
    keep(x, 2, n, place, s)
    tl.store(x.inner + here, inner, there)
    tl.store(x.before + here, h, there)
    return n + z * (h - n)


@jit
def lstm_back(x, d, place, s: tl.constexpr):
    """Derivatives of the gates from that of ĥ; the cell's goes back."""
    b, j, alive, row = place
    there, here = alive[:, None] & (j < x.H)[None, :], row[:, None] * x.H + j[None, :]
    state = b[:, None] * x.H + j[None, :]
    shift: tl.constexpr = 1 if s.KIND == COUPLED else 0
    f, g, o = kept(x, 1 - shift, place, s), kept(x, 2 - shift, place, s), kept(x, 3 - shift, place, s)
    c, after = tl.load(x.before + here, there, 0.0), tanh(tl.load(x.inner + here, there, 0.0))
    outer = tl.load(x.cell + state, there, 0.0)
    d_o = d * after * o * (1.0 - o)
    around = 0.0 * outer
    if s.HOLD_CELL:
        around += tl.load(x.hold_cell + here, there, 0.0) * outer
    d_c = outer - around + d * o * (1.0 - after * after)
    if s.PEEPHOLE:
        d_c += d_o * peephole(x, 2, j)
    if s.KIND == COUPLED:
        d_f = d_c * (c - g) * f * (1.0 - f)
        d_g = d_c * (1.0 - f) * (1.0 - g * g)
    else:
        i = kept(x, 0, place, s)
        d_i = d_c * g * i * (1.0 - i)
        d_f = d_c * c * f * (1.0 - f)
        d_g = d_c * i * (1.0 - g * g)
        if s.PEEPHOLE:
            around += d_i * peephole(x, 0, j)
        keep(x, 0, d_i, place, s)
    if s.PEEPHOLE:
        around += d_f * peephole(x, 1, j)
    keep(x, 1 - shift, d_f, place, s)
    keep(x, 2 - shift, d_g, place, s)
    keep(x, 3 - shift, d_o, place, s)
    tl.store(x.cell + state, around + d_c * f, there)


@jit
def gru_back(x, d, place, s: tl.constexpr):
    """Derivatives of the gates from that of ĥ, and of P_n; what goes to h past the gates."""
    _, j, alive, row = place
    there, here = alive[:, None] & (j < x.H)[None, :], row[:, None] * x.H + j[None, :]
    r, z, n = kept(x, 0, place, s), kept(x, 1, place, s), kept(x, 2, place, s)
    h, inner = tl.load(x.before + here, there, 0.0), tl.load(x.inner + here, there, 0.0)
    d_n = d * (1.0 - z) * (1.0 - n * n)
    keep(x, 0, d_n * inner * r * (1.0 - r), place, s)
    keep(x, 1, d * (h - n) * z * (1.0 - z), place, s)
    keep(x, 2, d_n, place, s)
    tl.store(x.inner + here, d_n * r, there)
    return d * z
