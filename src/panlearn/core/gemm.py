"""`gemm`: a matrix product inside a kernel, C = A B + beta C, by the routine of a BLAS library.

NumPy's `@` inside a kernel allocates its result, and calls a library whose threads then fight with those of a region
(`panlearn.core.threads`). Here the product is written where it belongs, by one thread, and the library is a number:

    address = routine(np.float32)                          in Python, once a call
    gemm(address, True, m, n, k, A, B, beta, C)            in the kernel

The address of the routine goes through the kernel as an argument. A kernel that held it as a constant could not be kept
on disk: the next process loads its libraries elsewhere.

SciPy's BLAS is always there. Where torch is loaded and carries Intel's MKL, that is taken: on few rows it is up to
twice as fast. MKL would start threads of its own in each thread that calls it: `single_threaded_products` forbids it.
"""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from llvmlite import ir
from numba import extending, types
from numba.extending import get_cython_function_address

from panlearn.core.threads import single_threaded_blas

intrinsic: Any = extending.intrinsic  # a caller does not give the first argument, the context
INT = ir.IntType(32)


def routine(dtype: Any) -> int:
    """Address of the product of matrices of this type, float32 or float64, for `gemm`.

    Examples
    --------
    >>> import numpy as np
    >>> routine(np.float32) == routine(np.float64)
    False
    """
    name = {"f": "sgemm", "d": "dgemm"}[np.dtype(dtype).char]
    return _address(name, "torch" in sys.modules)


@contextmanager
def single_threaded_products() -> Iterator[None]:
    """Context in which products that this thread makes through `gemm` run on this thread alone."""
    mkl = _mkl() if "torch" in sys.modules else None
    if mkl is None:
        with single_threaded_blas():
            yield
        return
    before = mkl.MKL_Set_Num_Threads_Local(1)
    try:
        yield
    finally:
        mkl.MKL_Set_Num_Threads_Local(before)


@intrinsic
def gemm(context, routine, transpose_b, m, n, k, A, B, beta, C):
    """Write A (m, k) times B (k, n), or times the transpose of B (n, k), plus beta C, to the first rows of C (m, n).

    A, B and C are 2-D of one type, each with neighbours in a row side by side; rows may lie apart, so that a block of
    columns of a wider array will do. Nothing is checked.
    """

    def generate(context, builder, signature, args):
        letter = ir.IntType(8)
        flag = builder.icmp_unsigned("!=", args[1], args[1].type(0))
        second = builder.select(flag, ir.Constant(letter, ord("T")), ir.Constant(letter, ord("N")))
        _call(context, builder, signature.args, args, (args[0], *args[2:]), (second, ir.Constant(letter, ord("N"))))
        return context.get_dummy_value()

    sizes = (types.int64,) * 3
    return types.void(types.int64, types.boolean, *sizes, A, B, beta, C), generate


@intrinsic
def gemm_transposed(context, routine, m, n, k, A, B, beta, C):
    """Write the transpose of A (k, m) times B (k, n), plus beta C, to the first rows of C (m, n); else as `gemm`."""

    def generate(context, builder, signature, args):
        letters = ir.Constant(ir.IntType(8), ord("N")), ir.Constant(ir.IntType(8), ord("T"))
        _call(context, builder, signature.args, args, args, letters)
        return context.get_dummy_value()

    return types.void(types.int64, *(types.int64,) * 3, A, B, beta, C), generate


def _call(context, builder, kinds, raw, args, letters):
    """Ask the library for C' = B' A': a row-major matrix is the transpose of a column-major one."""
    address, m, n, k, _, _, _, _ = args
    m, n, k = (builder.trunc(x, INT) for x in (m, n, k))
    at = len(raw) - 4
    (a, a_row), (b, b_row), (c, c_row) = (_rows(context, builder, kinds[x], raw[x]) for x in (at, at + 1, at + 3))
    beta = context.cast(builder, raw[at + 2], kinds[at + 2], kinds[at].dtype)
    one = ir.Constant(a.type.pointee, 1.0)
    values = [*letters, n, m, k, one, b, b_row, a, a_row, beta, c, c_row]
    given = [x if isinstance(x.type, ir.PointerType) else _stack(builder, x) for x in values]
    kind = ir.FunctionType(ir.VoidType(), [x.type for x in given])
    builder.call(builder.inttoptr(address, kind.as_pointer()), given)


def _rows(context, builder, kind, value):
    """Where a matrix begins, and how many numbers lie between the beginnings of its rows."""
    array = context.make_array(kind)(context, builder, value)
    stride = builder.extract_value(array.strides, 0)
    return array.data, builder.trunc(builder.sdiv(stride, array.itemsize), INT)


def _stack(builder, value):
    """Pointer to a value: Fortran takes every argument by its place."""
    with builder.goto_entry_block():  # a place taken inside a loop would be taken anew each time round
        place = builder.alloca(value.type)
    builder.store(value, place)
    return place


@cache
def _address(name: str, torch_loaded: bool) -> int:
    mkl = _mkl() if torch_loaded else None
    if mkl is not None:
        return ctypes.cast(mkl[name + "_"], ctypes.c_void_p).value or 0
    return get_cython_function_address("scipy.linalg.cython_blas", name)


@cache
def _mkl() -> Any:
    """MKL inside torch's library; None where it is not exported (macOS, Windows, builds for ARM)."""
    folder = Path(sys.modules["torch"].__file__ or "").parent / "lib"
    try:
        library = ctypes.CDLL(str(folder / "libtorch_cpu.so"))
        for name in ("sgemm_", "dgemm_", "MKL_Set_Num_Threads_Local"):
            getattr(library, name)
    except (AttributeError, OSError):
        return None
    return library
