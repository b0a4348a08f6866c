"""panlearn: the whole core of machine learning in one library.

The areas (`panlearn.linear_model`, `panlearn.optimize`, ...) are loaded when they are first used, so importing
`panlearn` costs little and loads neither PyTorch nor matplotlib.
"""

import importlib
from typing import TYPE_CHECKING, Any

from panlearn.core.registry import areas as _areas

if TYPE_CHECKING:
    from panlearn.core.persistence import load, save
    from panlearn.core.threads import threads

__version__ = "0.1.0"
__all__ = ["load", "save", "threads"]

_HOME = {"load": "core.persistence", "save": "core.persistence", "threads": "core.threads"}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"panlearn.{_HOME[name]}"), name)
    if not name.startswith("_") and name in _areas():
        return importlib.import_module(f"panlearn.{name}")
    raise AttributeError(f"module 'panlearn' has no attribute {name!r}; its areas are {', '.join(_areas())}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_areas()})
