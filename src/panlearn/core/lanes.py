"""Lanes: eight float64 numbers side by side as one value of a kernel.

A loop over a small array of sums keeps the array in memory: each addition waits for the store of the one before. A
value of eight lanes lives in registers, so that a recursion over few states runs at the speed of the multiply-adds.
Eight sequences are worked on at once, one a lane: no sum ever crosses lanes, and any number of states fills them.

    x = load(a, k)              the eight numbers a[8 k], …, a[8 k + 7] of a C-contiguous array
    store(a, k, x)              and back
    s = s + A[i, j] * x         number times lanes and lanes plus lanes; a sum of a product is one fused multiply-add
    x * y,  x / y,  x - y       lane by lane
    maximum(x, y)               the larger one, lane by lane
    lanes(0.0)                  the same number in all
    total(x), largest(x)        the sum of the eight, and the largest of them
    transpose(a, i, b, j)       eight rows of eight, from the places i of a, as columns to the places j of b

LLVM splits eight lanes into what the machine has: two registers of AVX2, one of AVX-512, four of NEON.
"""

import operator
from typing import Any

from llvmlite import ir
from numba import extending, types
from numba.extending import lower_builtin, models, register_model, type_callable

WIDTH = 8
FLAGS = ("contract", "reassoc", "nsz")  # those of `core.jit.FAST`: a product and a sum become one instruction
VECTOR = ir.VectorType(ir.DoubleType(), WIDTH)
INT32 = ir.IntType(32)
intrinsic: Any = extending.intrinsic  # a caller does not give the first argument, the context


class Lanes(types.Type):
    """Numba's type of eight float64 numbers."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


LANES = Lanes()


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, kind) -> None:
        super().__init__(manager, kind, VECTOR)


@intrinsic
def lanes(context, number):
    """The same number in all lanes."""
    return LANES(types.float64), lambda _, builder, __, args: _splat(builder, args[0])


@intrinsic
def load(context, array, k):
    """Row k of an array seen as rows of eight."""

    def generate(context, builder, signature, args):
        return builder.load(_row(context, builder, signature, args), align=8)

    return LANES(array, types.intp), generate


@intrinsic
def store(context, array, k, value):
    """Write row k of an array seen as rows of eight."""

    def generate(context, builder, signature, args):
        builder.store(args[2], _row(context, builder, signature, args), align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, LANES), generate


@intrinsic
def maximum(context, x, y):
    """The larger number, lane by lane; neither may be NaN."""

    def generate(_, builder, __, args):
        return builder.select(builder.fcmp_ordered(">", args[0], args[1]), args[0], args[1])

    return LANES(LANES, LANES), generate


@intrinsic
def total(context, x):
    """The sum of the eight numbers, in halves."""

    def generate(_, builder, __, args):
        value, width = args[0], WIDTH
        while width > 1:
            width //= 2
            halves = [_pick(builder, value, value, range(at, at + width)) for at in (0, width)]
            value = builder.fadd(*halves)
        return builder.extract_element(value, ir.Constant(INT32, 0))

    return types.float64(LANES), generate


@intrinsic
def largest(context, x):
    """The largest of the eight numbers, in halves; none may be NaN."""

    def generate(_, builder, __, args):
        value, width = args[0], WIDTH
        while width > 1:
            width //= 2
            a, b = (_pick(builder, value, value, range(at, at + width)) for at in (0, width))
            value = builder.select(builder.fcmp_ordered(">", a, b), a, b)
        return builder.extract_element(value, ir.Constant(INT32, 0))

    return types.float64(LANES), generate


@intrinsic
def transpose(context, source, places, target, spots):
    """Read eight numbers from each of eight places of `source`, write the columns to eight places of `target`.

    Places (8,) are positions in the arrays seen as flat. Three rounds of exchanges between pairs of rows.
    """

    def generate(context, builder, signature, args):
        def pointers(array, at):
            data = context.make_array(signature.args[array])(context, builder, args[array]).data
            index = context.make_array(signature.args[at])(context, builder, args[at]).data
            for k in range(WIDTH):
                offset = builder.load(builder.gep(index, [ir.Constant(INT32, k)]))
                yield builder.bitcast(builder.gep(data, [offset]), VECTOR.as_pointer())

        rows = [builder.load(p, align=8) for p in pointers(0, 1)]
        for step in (4, 2, 1):
            first = [k if k & step == 0 else k - step + WIDTH for k in range(WIDTH)]
            second = [k + step for k in first]
            pairs = [(k, k + step) for k in range(WIDTH) if k & step == 0]
            for k, m in pairs:
                x, y = rows[k], rows[m]
                rows[k], rows[m] = _pick(builder, x, y, first), _pick(builder, x, y, second)
        for row, p in zip(rows, pointers(2, 3)):
            builder.store(row, p, align=8)
        return context.get_dummy_value()

    return types.void(source, places, target, spots), generate


def _pick(builder, x, y, which):
    """Numbers of x (0 to 7) and y (8 to 15) in this order."""
    indices = list(which)
    return builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(INT32, len(indices)), indices))


def _splat(builder, number):
    one = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), number, ir.Constant(INT32, 0))
    pattern = ir.Constant(ir.VectorType(INT32, WIDTH), [0] * WIDTH)
    return builder.shuffle_vector(one, ir.Constant(VECTOR, ir.Undefined), pattern)


def _row(context, builder, signature, args):
    data = context.make_array(signature.args[0])(context, builder, args[0]).data
    offset = builder.mul(args[1], ir.Constant(args[1].type, WIDTH))
    return builder.bitcast(builder.gep(data, [offset]), VECTOR.as_pointer())


def _arithmetic(function, instruction: str) -> None:
    """Teach Numba an operator: lanes with lanes, and a number with lanes."""

    @type_callable(function)
    def _(context):
        def typer(x, y):
            if (x == LANES and y in (LANES, types.float64)) or (x == types.float64 and y == LANES):
                return LANES
            return None

        return typer

    for left in (LANES, types.float64):
        for right in (LANES, types.float64):
            if LANES in (left, right):

                def generate(_, builder, signature, args):
                    x, y = (_splat(builder, v) if t != LANES else v for t, v in zip(signature.args, args))
                    return getattr(builder, instruction)(x, y, flags=FLAGS)

                lower_builtin(function, left, right)(generate)


for _function, _instruction in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _arithmetic(_function, _instruction)
