"""Steps of optimisers on a network of many small tensors, against `torch.optim`: time where calls cost, not arithmetic.

The network has blocks of three tensors, 64 x 32, 64 x 64 and 64; eight blocks make the 24 tensors of the usual
comparison. Everybody takes the same steps from the same start on the same gradients, and the parameters reached are
compared with those of torch's plain loop over the tensors (its default on the CPU) in float64.
"""

from functools import cache, partial
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.cases import Case, Contender, Problem, Quality
from panlearn.neural_network.training.flat_parameters import flatten
from panlearn.neural_network.training.optimizers import make_optimizer

SHAPES = ((64, 32), (64, 64), (64,))
STEPS, RATE = 100, 1e-3
PEERS: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "nag": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "adagrad": ("Adagrad", {}),
    "rmsprop": ("RMSprop", {}),
    "adadelta": ("Adadelta", {}),
    "adam": ("Adam", {}),
    "adamw": ("AdamW", {"weight_decay": 0.0}),
}
WAYS: dict[str, dict[str, Any]] = {"default": {}, "foreach": {"foreach": True}, "fused": {"fused": True}}
WITHOUT_FUSED = ("rmsprop", "adadelta")


@cache
def problem(blocks: int, columns: int) -> Problem:
    """Values and gradients of the tensors, end to end."""
    rng = np.random.default_rng(0)
    size = blocks * sum(int(np.prod(shape)) for shape in SHAPES)
    return Problem(rng.normal(size=(size, columns)), rng.normal(size=size))


class Tensors(nn.Module):
    """The parameters."""

    def __init__(self, data: Problem, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        shapes = list(SHAPES) * (len(data.y) // sum(int(np.prod(shape)) for shape in SHAPES))
        sizes = [int(np.prod(shape)) for shape in shapes]
        values, slopes = (torch.from_numpy(a).to(dtype).split(sizes) for a in (data.X[:, 0], data.y))
        self.parts = nn.ParameterList([nn.Parameter(v.reshape(s).clone()) for v, s in zip(values, shapes, strict=True)])
        for part, slope, shape in zip(self.parts, slopes, shapes, strict=True):
            part.grad = slope.reshape(shape).clone()

    def values(self) -> np.ndarray:
        """End to end, in the order of the tensors."""
        return torch.cat([part.detach().flatten() for part in self.parts]).double().numpy()


@cache
def prepared(name: str, way: str, blocks: int) -> tuple[Tensors, Any]:
    """A network with its optimiser, made before the clock starts; the state goes on from call to call."""
    module = Tensors(problem(blocks, 1))
    if way == "panlearn":
        slopes = [part.grad.clone() for part in module.parts if part.grad is not None]
        segments = flatten(module)
        for part, slope in zip(module.parts, slopes, strict=True):
            assert part.grad is not None
            part.grad.copy_(slope)
        optimizer = make_optimizer(name, segments)
        return module, partial(optimizer.step, RATE)
    cls, settings = PEERS[name]
    return module, getattr(torch.optim, cls)(module.parameters(), lr=RATE, **settings, **WAYS[way]).step


def contender(name: str, way: str) -> Contender:
    def fit(data: Problem, tol: float) -> tuple[str, str]:
        step = prepared(name, way, len(data.y) // sum(int(np.prod(shape)) for shape in SHAPES))[1]
        for _ in range(STEPS):
            step()
        return name, way

    return Contender(
        "panlearn" if way == "panlearn" else f"torch {way}", "panlearn" if way == "panlearn" else "torch", fit
    )


def quality(data: Problem, model: tuple[str, str]) -> Quality:
    """Largest distance of a parameter from torch's loop in float64, after `STEPS` steps from the start."""
    name, way = model
    blocks = len(data.y) // sum(int(np.prod(shape)) for shape in SHAPES)
    prepared.cache_clear()
    module, step = prepared(name, way, blocks)
    for _ in range(STEPS):
        step()
    return Quality(float(np.abs(module.values() - reference(name, blocks)).max()), 0.0)


@cache
def reference(name: str, blocks: int) -> np.ndarray:
    """Parameters after the steps of torch's default in float64."""
    module = Tensors(problem(blocks, 1), torch.float64)
    cls, settings = PEERS[name]
    optimizer = getattr(torch.optim, cls)(module.parameters(), lr=RATE, **settings)
    for _ in range(STEPS):
        optimizer.step()
    return module.values()


CASES = tuple(
    Case(
        f"{STEPS} steps of {name}",
        {"tiny": (1, 1), "small": (8, 1), "medium": (80, 1), "large": (800, 1)},
        problem,
        contender(name, "panlearn"),
        tuple(contender(name, way) for way in WAYS if not (way == "fused" and name in WITHOUT_FUSED)),
        quality,
        1e-4,
        "largest distance of a parameter from the same steps in float64",
    )
    for name in PEERS
)
