"""Hooks that see every layer of a network during one forward and backward pass.

What a module returns is measured at once, before a later layer may overwrite it, and a hook on the tensor keeps the
length of the gradient that comes back. A layer is a module without children, or one that uses parameters by itself: a
parameter belongs to the innermost module that was called. A ReLU that is called as a function is seen too, as
`<module>.relu`. A module that is called several times (a recurrent cell in a loop) leaves one record for each call.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence
from torch.overrides import TorchFunctionMode

from panlearn.diagnostics.recurrent_steps import step_by_step
from panlearn.diagnostics.unrolled_recurrence import Watch

RELU_FUNCTIONS = {F.relu, F.relu_, F.relu6, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_}
RELU_MODULES = (nn.ReLU, nn.ReLU6)
FUNCTION = "relu"  # kind of a ReLU that is not a module


class Seen:
    """One output of one layer."""

    def __init__(self, name: str, kind: str, output: Tensor, relu: bool, leaf: bool = False) -> None:
        self.name, self.kind, self.leaf = name, kind, leaf
        self.own: list[str] = []  # names of its parameters
        values = output.detach()
        self.mean = float(values.mean()) if values.numel() else float("nan")
        self.std = float(values.std(correction=0)) if values.numel() else float("nan")
        self.size = float(values.norm())
        zeros = values == 0
        self.zero_share = float(zeros.float().mean())
        self.dead_share = float(_every_row(zeros).float().mean()) if relu else float("nan")
        self.squares = 0.0  # of the gradient that comes back
        self.reached = False
        if output.requires_grad:
            output.register_hook(self._receive)

    def _receive(self, gradient: Tensor) -> None:
        self.reached = True
        self.squares += float(gradient.double().square().sum())

    @property
    def signal(self) -> float:
        """Length of the gradient of the loss in this output; NaN if none came."""
        return self.squares**0.5 if self.reached else float("nan")


def _every_row(zeros: Tensor) -> Tensor:
    """Whether a unit is 0 for every row; a map of a convolution, (b, c, h, w), is a unit, as its filter is."""
    if zeros.ndim > 3:
        return zeros.flatten(2).all(2).all(0)
    return zeros.flatten(0, -2).all(0)


class LayerWatch(TorchFunctionMode):
    """Sees the layers of a module inside a `with` block."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module
        self.layers: list[Seen] = []
        self._states: dict[tuple[str, str], dict[int, Seen]] = defaultdict(dict)
        self._inside: list[str] = []  # modules that are running
        self._hooks = ExitStack()

    def __enter__(self) -> "LayerWatch":
        for name, part in self.module.named_modules():
            self._hooks.callback(part.register_forward_pre_hook(partial(self._begin, name)).remove)
            self._hooks.callback(part.register_forward_hook(partial(self._end, name), always_call=True).remove)
        self._hooks.enter_context(step_by_step(self.module, self._watcher))
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self._hooks.close()
        first = {seen.name: seen for seen in reversed(self.layers) if seen.kind != FUNCTION}
        for name, _ in self.module.named_parameters():
            owner = name
            while owner not in first and owner:
                owner = owner.rpartition(".")[0]
            if owner in first:
                first[owner].own.append(name)
        self.layers = [seen for seen in self.layers if seen.leaf or seen.own]

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """See a ReLU that is a function."""
        output = func(*args, **(kwargs or {}))
        if func in RELU_FUNCTIONS:
            where = self._inside[-1] if self._inside else ""
            if not isinstance(self.module.get_submodule(where), RELU_MODULES):
                self.layers.append(Seen(f"{where}.relu".lstrip("."), FUNCTION, output, True, True))
        return output

    def steps(self) -> Iterator[tuple[str, str, Any, Any]]:
        """Name, state, signal and size by time step, of each recurrent layer."""
        for (name, state), found in self._states.items():
            ordered = [found[t] for t in sorted(found)]
            yield (
                name,
                state,
                np.array([seen.squares**0.5 for seen in ordered]),
                np.array([seen.size for seen in ordered]),
            )

    def _begin(self, name: str, module: nn.Module, inputs: Any) -> None:
        self._inside.append(name)

    def _end(self, name: str, module: nn.Module, inputs: Any, output: Any) -> None:
        self._inside.pop()
        if isinstance(module, nn.RNNCellBase):
            for state, value in zip("hc", output if isinstance(output, tuple) else (output,)):
                steps = self._states[name, state]
                steps[len(steps)] = Seen(name, type(module).__name__, value, False)
        first = output[0] if isinstance(output, tuple) and not isinstance(output, PackedSequence) else output
        first = first.data if isinstance(first, PackedSequence) else first
        leaf = next(module.children(), None) is None
        if isinstance(first, Tensor) and first.is_floating_point():
            self.layers.append(Seen(name, type(module).__name__, first, isinstance(module, RELU_MODULES), leaf))

    def _watcher(self, name: str, layer: str) -> Watch:
        def watch(state: str, step: int, value: Tensor) -> None:
            self._states[f"{name} {layer}".strip(), state][step] = Seen(name, "state", value, False)

        return watch
