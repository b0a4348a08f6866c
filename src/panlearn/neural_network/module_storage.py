"""A built module as a description that can be read back without running anything of its own.

A module is a class, plain attributes, parameters, buffers and further modules. The description holds the class by
name if torch or panlearn defines it, and the attributes and weights as they are; `rebuilt` makes an empty object of
each class and fills it. No constructor runs, and a name is looked up only among the modules of `torch.nn` and
`panlearn.nn`. A class of the user's own is stored as a class: the file is then opened only by who names it in
`panlearn.load(path, trusted=[...])`.
"""

import importlib
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from panlearn.core.errors import ModelFileError

KNOWN = ("torch.nn.modules.", "panlearn.nn.", "panlearn.neural_network.")
POINTERS = ("_flat_weights", "_flat_weight_refs")  # how recurrent layers find their own parameters
ACTIVATIONS = (
    "relu",
    "gelu",
    "silu",
    "tanh",
    "sigmoid",
    "softplus",
    "elu",
    "selu",
    "leaky_relu",
)  # of torch.nn.functional
PLAIN = (bool, int, float, str, type(None))


class Sketch(NamedTuple):
    """What a module is made of."""

    kind: Any  # its class, by name if it is torch's or panlearn's own
    attributes: dict[str, Any]  # plain settings, as in_features
    parameters: dict[str, Any]  # name to (values, whether it is trained); None where a layer has no bias
    buffers: dict[str, Any]  # name to (values, whether they belong to the weights)
    modules: dict[str, "Sketch | None"]


def sketch(module: nn.Module) -> Sketch:
    """Describe a module.

    Parameters
    ----------
    module : Module
        Built of plain attributes, parameters, buffers and modules; hooks cannot be kept.

    Returns
    -------
    Sketch
        Without anything of torch in it, unless a class.

    Raises
    ------
    ModelFileError
        If an attribute is none of those.
    """
    cls = type(module)
    name = f"{cls.__module__}.{cls.__qualname__}"
    left_out = {*vars(nn.Module()), *POINTERS}
    attributes = {k: _plain(v, f"{name}.{k}") for k, v in vars(module).items() if k not in left_out}
    transient = module._non_persistent_buffers_set
    return Sketch(
        name if name.startswith(KNOWN) else cls,
        {"training": module.training, **attributes},
        {k: None if p is None else (_array(p), p.requires_grad) for k, p in module._parameters.items()},
        {k: None if b is None else (_array(b), k not in transient) for k, b in module._buffers.items()},
        {k: None if m is None else sketch(m) for k, m in module._modules.items()},
    )


def rebuilt(given: Sketch) -> nn.Module:
    """Return the module of a description.

    Parameters
    ----------
    given : Sketch
        From `sketch`.

    Returns
    -------
    Module
        Equal to the one described.

    Raises
    ------
    ModelFileError
        If a class is not a module of torch.nn or panlearn.nn by its name.
    """
    cls = _known(given.kind) if isinstance(given.kind, str) else given.kind
    if not (isinstance(cls, type) and issubclass(cls, nn.Module)):
        raise ModelFileError(f"{given.kind} is no torch module: the file was tampered with")
    module = cls.__new__(cls)
    nn.Module.__init__(module)
    vars(module).update({k: _restored(v) for k, v in given.attributes.items()})
    for name, found in given.parameters.items():
        value = None if found is None else nn.Parameter(_tensor(found[0]), requires_grad=bool(found[1]))
        module._parameters[name] = value
    for name, found in given.buffers.items():
        module._buffers[name] = None if found is None else _tensor(found[0])
        if found is not None and not found[1]:
            module._non_persistent_buffers_set.add(name)
    for name, inner in given.modules.items():
        module._modules[name] = None if inner is None else rebuilt(inner)
    if isinstance(module, nn.RNNBase):
        module._init_flat_weights()
    return module


def _known(name: str) -> type | None:
    """A class of torch.nn or panlearn, by its own address."""
    path, _, cls = name.rpartition(".")
    if not name.startswith(KNOWN):
        return None
    try:
        found = getattr(importlib.import_module(path), cls, None)
    except ImportError:
        return None
    return found if isinstance(found, type) and found.__module__ == path else None


def _plain(value: Any, where: str) -> Any:
    """Settings, and containers of them; a torch type by its name."""
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, (torch.dtype, torch.device)):
        return {"torch": str(value).removeprefix("torch."), "kind": type(value).__name__}
    name = getattr(value, "__name__", "")
    if name in ACTIVATIONS and value is getattr(nn.functional, name):
        return {"torch": name, "kind": "activation"}
    if isinstance(value, Tensor):
        return {"values": _array(value)}
    if isinstance(value, (list, tuple, set)):
        return type(value)(_plain(v, where) for v in value) if type(value) in (list, tuple, set) else list(value)
    if isinstance(value, dict):
        return {"items": {k: _plain(v, where) for k, v in value.items()}}
    raise ModelFileError(
        f"{where} is a {type(value).__name__}, which a file cannot hold: give the class as module= and its arguments "
        "in module_params"
    )


def _restored(value: Any) -> Any:
    """Undo `_plain`."""
    if isinstance(value, dict):
        if "items" in value:
            return {k: _restored(v) for k, v in value["items"].items()}
        if "values" in value:
            return _tensor(value["values"])
        name, kind = value["torch"], value["kind"]
        if kind == "device":
            return torch.device(name)
        found = getattr(torch if kind == "dtype" else nn.functional, name, None)
        return found if isinstance(found, torch.dtype) or name in ACTIVATIONS else None
    if type(value) in (list, tuple, set):
        return type(value)(map(_restored, value))
    return value


def _array(tensor: Tensor) -> np.ndarray:
    found = tensor.detach().cpu()
    if found.dtype == torch.bfloat16:
        found = found.float()
    return found.numpy().copy()


def _tensor(values: Any) -> Tensor:
    return torch.from_numpy(np.array(values))
