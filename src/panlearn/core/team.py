"""Teams: threads that run one kernel together and wait for each other inside it.

A parallel region (`panlearn.core.threads`) costs 80 microseconds to enter. A method of thousands of short phases, as
growing a boosted tree, enters one region and stays: each of its threads calls the same kernel on the same arrays,
takes its share of each phase by its rank, and meets the others at a barrier, for less than a microsecond.

    rank, size = join(team, wanted)     the first to come is rank 0; it waits a moment for others, then shuts the door
    if rank < 0: return                 came late: the others do without
    ...                                 my share of the phase: what rank of size says
    meet(team, size)                    nobody goes on before all are here, and all writes before it are seen after it

Because the team is made of threads that are already running, a busy pool, a second fit, or more threads than cores
make it smaller or slower, but cannot make it wait for ever. A kernel of a team must not raise, and every member must
come to the same barriers. A waiting thread spins for a few microseconds and then offers its core to others.
"""

import ctypes

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from panlearn.core.jit import kernel

ARRIVED, DOOR, WAITING, PHASE = 0, 16, 32, 48  # places in the array of a team, a pair of cache lines each
SPINS = 2000  # looks before a waiting thread offers its core
PATIENCE = 400  # offers of its core for which the first waits for the others to come: some 100 microseconds
YIELD = "panlearn_yield"


def new_team() -> np.ndarray:
    """State of a team that nobody has joined; for one call of `run`."""
    return np.zeros(64, np.int64)


@kernel
def join(team, wanted):
    """Rank and size of the team for the calling thread; rank -1 if the door is shut."""
    if wanted <= 1:
        return 0, 1
    rank = atomic_add(team, ARRIVED, 1)  # type: ignore[call-arg]
    if rank == 0:
        waited = 0
        while atomic_add(team, ARRIVED, 0) < wanted and waited < PATIENCE * 100:
            waited += 1
            if waited % 100 == 0:
                offer_core()
        size = atomic_add(team, ARRIVED, 1 << 32)  # whoever comes now sees that it is late
        atomic_add(team, DOOR, size)
        return 0, size
    if rank >= 1 << 32:
        return -1, 0
    waited = 0
    while atomic_add(team, DOOR, 0) == 0:
        waited += 1
        if waited % 100 == 0:
            offer_core()
    return rank, atomic_add(team, DOOR, 0)


@kernel
def meet(team, size):
    """Wait until all members are here."""
    if size == 1:
        return
    phase = atomic_load(team, PHASE)  # type: ignore[call-arg]
    if atomic_add(team, WAITING, 1) == size - 1:  # the last to come opens
        atomic_add(team, WAITING, -size)
        atomic_add(team, PHASE, 1)
        return
    spins = 0
    while atomic_load(team, PHASE) == phase:
        spins += 1
        if spins >= SPINS:
            offer_core()


@intrinsic
def atomic_add(context, array, index, value):
    """Add to an entry of an int64 array and return what was there before, as one step for all threads."""

    def generate(context, builder, _, args):
        place = _place(context, builder, array, args)
        return builder.atomic_rmw("add", place, args[2], "seq_cst")

    return types.int64(array, types.int64, types.int64), generate


@intrinsic
def atomic_load(context, array, index):
    """Entry of an int64 array; what other threads wrote before they changed it is visible from here on."""

    def generate(context, builder, _, args):
        return builder.load_atomic(_place(context, builder, array, args), "seq_cst", 8)

    return types.int64(array, types.int64), generate


@intrinsic
def offer_core(context):
    """Let another thread run on this core."""

    def generate(context, builder, _, args):
        kind = ir.FunctionType(ir.IntType(32), [])
        function = builder.module.globals.get(YIELD) or ir.Function(builder.module, kind, YIELD)
        builder.call(function, [])
        return context.get_dummy_value()

    return types.void(), generate


def _place(context, builder, array, args):
    return builder.gep(context.make_array(array)(context, builder, args[0]).data, [args[1]])


def _register_yield() -> None:
    """Tell LLVM under a name of our own where the system's function is: kernels on disk refer to it by that name."""
    try:
        windows = hasattr(ctypes, "windll")
        function = ctypes.windll.kernel32.SwitchToThread if windows else ctypes.CDLL(None).sched_yield  # type: ignore
    except (AttributeError, OSError):  # spin on
        function = ctypes.pythonapi.Py_IsInitialized
    llvm.add_symbol(YIELD, ctypes.cast(function, ctypes.c_void_p).value)


_register_yield()
