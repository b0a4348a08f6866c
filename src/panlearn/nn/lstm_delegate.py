"""The plain LSTM by torch's own routine: oneDNN on a CPU, cuDNN on a GPU, for whole batches.

What torch computes for all layers at once is wrapped as one node, for two reasons. oneDNN's routine cannot be
differentiated twice; here a second derivative goes through torch's native operations instead. And a node may be asked
for its gradients more than once, as any other.

Course notes: 003 §2.2.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import Function


class Settings(NamedTuple):
    """What torch's routine asks for beside tensors."""

    bias: bool
    num_layers: int
    bidirectional: bool


def torch_lstm(x: Tensor, h: Tensor, c: Tensor, weights: list[Tensor], settings: Settings) -> tuple[Tensor, ...]:
    """Outputs, last h and last c.

    Parameters
    ----------
    x : Tensor of shape (T, B, I)
        Sequences of equal length.
    h, c : Tensor of shape (num_layers * directions, B, P or H)
        First state.
    weights : list of Tensor
        In torch's order.
    settings : Settings
        The rest.

    Returns
    -------
    tuple of Tensor
        (T, B, directions * H), and the states as they came.
    """
    if not torch.is_grad_enabled():
        return _routine(settings, x, h, c, *weights)
    return _Delegated.apply(settings, x, h, c, *weights)  # type: ignore[return-value]


class _Delegated(Function):
    """Torch's routine with its graph inside."""

    @staticmethod
    def forward(ctx: Any, settings: Settings, *given: Tensor) -> Any:
        with torch.enable_grad():
            ctx.inner = [x.detach().requires_grad_(x.requires_grad) for x in given]
            ctx.results = _routine(settings, *ctx.inner)
        ctx.settings = settings
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*given)
        return tuple(x.detach() for x in ctx.results)

    @staticmethod
    def backward(ctx: Any, *outer: Any) -> Any:
        again = torch.is_grad_enabled()
        given, results = ctx.inner, ctx.results
        if again:
            given = list(ctx.saved_tensors)
            with _native():
                results = _routine(ctx.settings, *given)
        wanted = [x for x in given if x.requires_grad]
        pairs = [(x, g) for x, g in zip(results, outer) if g is not None]
        ends, gradients = zip(*pairs)
        found = iter(torch.autograd.grad(ends, wanted, gradients, retain_graph=True, create_graph=again))
        return None, *(next(found) if x.requires_grad else None for x in given)


def _routine(settings: Settings, x: Tensor, h: Tensor, c: Tensor, *weights: Tensor) -> tuple[Tensor, ...]:
    bias, layers, bidirectional = settings
    routine: Any = torch._VF.lstm  # type: ignore[attr-defined]
    if h.shape[2] != c.shape[2] and x.device.type == "cpu":  # oneDNN has no projection, and torch would warn of it
        with _native():
            return routine(x, (h, c), list(weights), bias, layers, 0.0, False, bidirectional, False)
    return routine(x, (h, c), list(weights), bias, layers, 0.0, False, bidirectional, False)


@contextmanager
def _native() -> Iterator[None]:
    """Context in which torch takes its own operations, which can be differentiated as often as one likes."""
    before = torch.backends.mkldnn.enabled, torch.backends.cudnn.enabled
    torch._C._set_mkldnn_enabled(False)  # type: ignore[attr-defined]  # `mkldnn.flags` warns on machines without a GPU
    torch._C._set_cudnn_enabled(False)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        torch._C._set_mkldnn_enabled(before[0])  # type: ignore[attr-defined]
        torch._C._set_cudnn_enabled(before[1])  # type: ignore[attr-defined]
