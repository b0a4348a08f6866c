"""State of a run as one file: tensors in safetensors, all else as JSON in its header.

safetensors holds names, types, shapes and bytes: nothing in it can execute, and any program can read the weights. A
state is a tree of dicts, lists and tuples whose leaves are tensors, numbers, strings and None; the tree goes into the
header with each tensor replaced by its name, and its dicts with keys that are no strings (an optimiser counts its
parameters) as lists of pairs.

A file is written beside the old one, flushed to the disk, and then takes its place in one step: whenever the machine
stops, and however full the disk, one whole file is there.
"""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from torch import Tensor

from panlearn.core.errors import ModelFileError

KEY = "panlearn"  # the header's entry


def to_bytes(state: dict[str, Any]) -> bytes:
    """Content of the file of a state.

    Examples
    --------
    >>> import torch
    >>> state = {"weights": torch.ones(2), "moments": {0: (1.5, None)}}
    >>> from_bytes(to_bytes(state))
    {'weights': tensor([1., 1.]), 'moments': {0: (1.5, None)}}
    """
    from safetensors.torch import save

    tensors: dict[str, Tensor] = {}
    tree = _without_tensors(state, "", tensors)
    return save(tensors, metadata={KEY: json.dumps(tree)})


def from_bytes(data: bytes) -> dict[str, Any]:
    """State in the content of a file.

    Raises
    ------
    ModelFileError
        If it is not one.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        size = int.from_bytes(data[:8], "little")
        tree = json.loads(json.loads(data[8 : 8 + size])["__metadata__"][KEY])
        tensors = load(data)
        return _with_tensors(tree, tensors)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ModelFileError(f"not a state that panlearn wrote, or damaged: {type(error).__name__}: {error}") from None


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    OSError
        If the disk refuses; what was there before is still there.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
    if os.name == "posix":  # the new name itself is on the disk only after its folder was flushed
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _without_tensors(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """Tree with tensors moved into `tensors`, under names that tell where they stood."""
    if isinstance(value, Tensor):
        name = name if name not in tensors else f"{name}#{len(tensors)}"
        tensors[name] = value.detach().to("cpu", copy=True).contiguous()  # a copy: parameters share one storage
        return {"tensor": name}
    if isinstance(value, dict):
        pairs = [[key, _without_tensors(item, _joined(name, key), tensors)] for key, item in value.items()]
        return {"dict": dict(pairs)} if all(isinstance(key, str) for key in value) else {"pairs": pairs}
    if isinstance(value, (list, tuple)):
        items = [_without_tensors(item, _joined(name, k), tensors) for k, item in enumerate(value)]
        return {"tuple": items} if isinstance(value, tuple) else items
    if hasattr(value, "item"):  # a NumPy scalar
        return value.item()
    return value


def _joined(name: str, key: Any) -> str:
    return f"{name}.{key}" if name else str(key)


def _with_tensors(tree: Any, tensors: dict[str, Tensor]) -> Any:
    """Inverse of `_without_tensors`."""
    if isinstance(tree, list):
        return [_with_tensors(item, tensors) for item in tree]
    if not isinstance(tree, dict):
        return tree
    ((kind, content),) = tree.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "tuple":
        return tuple(_with_tensors(item, tensors) for item in content)
    pairs = content.items() if kind == "dict" else content
    return {key: _with_tensors(item, tensors) for key, item in pairs}
