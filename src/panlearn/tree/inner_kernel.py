"""`inner_kernel`: the parts of one large kernel, each a function of its own to read.

A kernel that Python can call carries a wrapper that takes its arguments apart. Twenty kernels that hand each other
tuples of arrays would spend most of their compiling time on wrappers that nobody calls; these have none. They are
compiled, and cached, with the kernel that calls them; called from Python they run as plain Python.
"""

from collections.abc import Callable
from typing import Any

from numba.extending import overload

from panlearn.core.jit import EXACT

OPTIONS: Any = {"error_model": "numpy", "fastmath": set(EXACT), "nogil": True}


def inner_kernel(function: Callable | None = None, *, inline: bool = False) -> Any:
    """Let kernels call this function; floating-point arithmetic keeps its order.

    Parameters
    ----------
    function : callable
        A module-level function.
    inline : bool
        Ask LLVM to merge it into its callers.

    Returns
    -------
    callable
        The function itself.
    """
    if function is None:
        return lambda body: inner_kernel(body, inline=inline)

    options: Any = {**OPTIONS, "forceinline": inline}

    @overload(function, jit_options=options, strict=False)
    def choose(*_: Any) -> Callable:
        return function

    return function
