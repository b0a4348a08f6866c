"""Triton where it is installed; elsewhere a stand-in by which kernels can be defined, and read, but not run.

Triton comes with torch's builds for CUDA. Kernels name it when they are defined, and a module must import anywhere.

>>> @jit
... def kernel(x, size: tl.constexpr):
...     tl.store(x, tl.load(x))
>>> kernel.__name__
'kernel'
"""

# pyright: reportMissingImports=false, reportAssignmentType=false

from types import SimpleNamespace
from typing import Any

try:
    from triton import jit, language
except ImportError:

    def jit(function: Any) -> Any:
        """Leave the function as it is."""
        return function

    language = SimpleNamespace(constexpr=lambda value: value)

tl: Any = language
installed = not isinstance(language, SimpleNamespace)
