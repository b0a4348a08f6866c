"""All parameters of a module in one vector, and all gradients in another.

A small network has dozens of small tensors, and an optimiser that visits them one by one spends its time on calls:
1.0 ms for a step of Adam on 24 tensors of a few thousand numbers, whose arithmetic takes 20 microseconds. Here every
parameter is a view of one vector, and every gradient a view of another, so that a step, a norm, a penalty or a sum over
processes is one call. Weights stand before biases: penalties apply to weights, and biases and the gains of normalising
layers, which only place and scale, are left alone (note 001 §2.3).

Parameters that learn at a rate of their own, or have another type, get a segment of their own. Frozen parameters
(`requires_grad = False`) belong to none. Filters that lie in memory channels last stay that way.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

NORMALISING = (nn.LayerNorm, nn.GroupNorm, nn.modules.batchnorm._NormBase, nn.RMSNorm)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


class Segment(NamedTuple):
    """Parameters end to end, weights first."""

    values: nn.Parameter  # (m,), its .grad the gradients
    n_weights: int  # the first so many numbers are weights, of matrices and filters
    rate: float  # factor on the learning rate
    parts: tuple[nn.Parameter, ...]  # the module's own parameters, views of `values`
    neurons: tuple[Tensor, ...] = ()  # those of them whose rows are the weights into a neuron, rows first

    @property
    def gradient(self) -> Tensor:
        """Gradients end to end."""
        assert self.values.grad is not None  # set when the segment is made
        return self.values.grad


def flatten(module: nn.Module, rate_of: Callable[[str], float] = lambda name: 1.0) -> tuple[Segment, ...]:
    """Move a module's parameters into vectors; the module computes what it computed before.

    Parameters
    ----------
    module : Module
        Its parameters become views.
    rate_of : callable
        Maps a parameter's name to the factor on its learning rate.

    Returns
    -------
    tuple of Segment
        One for each (rate, dtype, device) there is.
    """
    owners = {p: owner for owner in module.modules() for p in owner.parameters(recurse=False)}
    groups: dict[tuple, list[nn.Parameter]] = {}
    for name, parameter in module.named_parameters():  # each once, however often it is used
        if parameter.requires_grad:
            groups.setdefault((rate_of(name), parameter.dtype, parameter.device), []).append(parameter)
    return tuple(_segment(parts, key[0], owners) for key, parts in groups.items())


def _segment(parts: list[nn.Parameter], rate: float, owners: dict[nn.Parameter, nn.Module]) -> Segment:
    is_weight = {p: p.ndim >= 2 and not isinstance(owners[p], NORMALISING) for p in parts}
    parts = sorted(parts, key=lambda p: not is_weight[p])  # stable: weights first
    values = nn.Parameter(torch.cat([_in_memory(p.detach()).reshape(-1) for p in parts]))
    values.grad = torch.zeros_like(values)
    sizes = [p.numel() for p in parts]
    for part, value, gradient in zip(parts, values.detach().split(sizes), values.grad.split(sizes)):
        like = part.detach()
        part.data, part.grad = _view(value, like), _view(gradient, like)
    neurons = [
        p.detach().transpose(0, 1) if isinstance(owners[p], TRANSPOSED) else p.detach()
        for p in parts
        if is_weight[p] and not isinstance(owners[p], nn.Embedding | nn.EmbeddingBag)
    ]
    return Segment(values, sum(s for p, s in zip(parts, sizes) if is_weight[p]), rate, tuple(parts), tuple(neurons))


def _channels_last(tensor: Tensor) -> bool:
    """Whether filters lie in memory with their channels last, and not also in the order of their axes."""
    last = tensor.ndim == 4 and tensor.is_contiguous(memory_format=torch.channels_last)
    return last and not tensor.is_contiguous()


def _in_memory(tensor: Tensor) -> Tensor:
    """Axes in the order in which they lie in memory."""
    return tensor.permute(0, 2, 3, 1) if _channels_last(tensor) else tensor  # (out, height, width, in)


def _view(flat: Tensor, like: Tensor) -> Tensor:
    """Part of the vector in the shape of a parameter, and in its order in memory."""
    if not _channels_last(like):
        return flat.view(like.shape)
    return flat.view(like.shape[0], *like.shape[2:], like.shape[1]).permute(0, 3, 1, 2)
