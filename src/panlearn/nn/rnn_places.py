"""Places: numbers read and written in a loop whose arrays do not overlap, so that LLVM fills vectors without asking.

A loop over the units of a cell reads and writes half a dozen rows. LLVM must prove that none of them overlaps another
before it works on eight units at once, or test it at run time; beyond a few pairs it gives up, and the loop runs unit
by unit. One loop for each row that is written avoids that, at the price of a dozen loops that each load and store.

    take(a, k)            a[k]
    put(n, a, k, x)       a[k] = x

Whoever calls them promises: within a loop no two numbers n share a place, and a place that is both read and written is
read first, in the same round.
"""

from typing import Any

from numba import extending, types

intrinsic: Any = extending.intrinsic
SCOPES = 8  # 0 for all that is read, one for each array that is written


@intrinsic
def take(context, array, k):
    """Entry k of an array."""

    def generate(context, builder, signature, args):
        value = builder.load(_place(context, builder, signature.args[0], args[0], args[1]))
        _promise(builder.module, value, 0)
        return value

    return array.dtype(array, types.intp), generate


@intrinsic(prefer_literal=True)
def put(context, number, array, k, value):
    """Write entry k of an array; `number`, 1 to 7, is written out in the source."""
    if not isinstance(number, types.IntegerLiteral):
        return None

    def generate(context, builder, signature, args):
        value = context.cast(builder, args[3], signature.args[3], array.dtype)
        stored = builder.store(value, _place(context, builder, signature.args[1], args[1], args[2]))
        _promise(builder.module, stored, number.literal_value)
        return context.get_dummy_value()

    return types.void(number, array, types.intp, value), generate


def _place(context, builder, kind, array, k):
    return builder.gep(context.make_array(kind)(context, builder, array).data, [k])


def _promise(module, instruction, scope):
    """Say to LLVM what this access does not meet: those of all other scopes."""
    domain = module.add_metadata(["panlearn places"])
    scopes = [module.add_metadata([f"panlearn place {i}", domain]) for i in range(SCOPES)]
    instruction.set_metadata("alias.scope", module.add_metadata([scopes[scope]]))
    instruction.set_metadata("noalias", module.add_metadata([s for i, s in enumerate(scopes) if i != scope]))
