"""A network to look at images through: a frozen copy, and the answers of some of its convolutions.

The forward pass ends with the last layer that is wanted, so that an image may have any size, though the network ends in
linear layers made for one. Course note: 001 §6.5.
"""

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from panlearn.core.errors import DataError

N_STYLE = 5  # convolutions that a style is read from, as in [gatys2016]


class Seen(Exception):  # noqa: N818 - ends a forward pass, no error
    """All the wanted layers have answered."""


class View(NamedTuple):
    """A network, what it takes, and the layers that are asked."""

    network: nn.Module  # frozen copy
    n_channels: int
    low: float  # range of a pixel as the network takes it
    high: float
    mean: Tensor  # (c, 1, 1), taken off after that
    spread: Tensor  # (c, 1, 1), divided by
    style_layers: tuple[str, ...]
    content_layers: tuple[str, ...]

    def maps(self, pixels: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        """Answers of some layers to pixels in [0, 1], (b, c, h, w)."""
        x = self.low + (self.high - self.low) * pixels
        return feature_maps(self.network, layers, (x - self.mean) / self.spread)


def feature_maps(network: nn.Module, layers: Sequence[str], x: Tensor) -> dict[str, Tensor]:
    """Answers of some layers to an input; nothing behind the last of them is computed."""
    wanted, found = set(layers), {}
    modules = dict(network.named_modules())

    def keep(name: str) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Tensor) -> None:
            found[name] = output
            if len(found) == len(wanted):
                raise Seen

        return hook

    handles = [modules[name].register_forward_hook(keep(name)) for name in wanted]
    try:
        network(x)
    except Seen:
        return found
    except RuntimeError as error:
        raise DataError(
            f"the network cannot take images of shape {tuple(x.shape[1:])} (channels, height, width) up to its layer "
            f"{list(layers)[-1]!r}: {error}. Use larger images, or earlier layers."
        ) from error
    finally:
        for handle in handles:
            handle.remove()
    raise DataError(f"the layers {sorted(wanted - set(found))} did not answer: choose layers that the network calls.")


def view_of(
    network: Any,
    style_layers: Sequence[str] | None,
    content_layers: Sequence[str] | None,
    pixel_range: Sequence[float] | None,
    scaling: tuple[Sequence[float] | None, Sequence[float] | None],
    device: torch.device,
) -> View:
    """Copy a network, and choose layers where none are named.

    Parameters
    ----------
    network : estimator or torch.nn.Module
        Has two-dimensional convolutions.
    style_layers, content_layers : sequence of str or None
        By default up to five convolutions, spread evenly, and the last of them.
    pixel_range : (float, float) or None
        What a pixel may be; by default what the estimator was trained on, (0, 1) for a module.
    scaling : (mean, spread)
        By channel; None for 0 and 1.
    device : torch.device
        Where it computes.

    Returns
    -------
    View

    Raises
    ------
    ValueError
        If the network has no convolutions or no such layer, or a range is empty.
    """
    module = getattr(network, "module_", network)
    if not isinstance(module, nn.Module):
        raise DataError(f"network must be a fitted estimator of images or a torch module, got {type(network).__name__}")
    names = [name for name, layer in module.named_modules() if isinstance(layer, nn.Conv2d)]
    if not names:
        raise DataError(f"network must have two-dimensional convolutions, {type(module).__name__} has none.")
    spread_evenly = np.linspace(0, len(names) - 1, min(N_STYLE, len(names))).round().astype(int)
    style = _known("style_layers", style_layers, [names[i] for i in spread_evenly], module)
    content = _known("content_layers", content_layers, style[-1:], module)
    first: Any = module.get_submodule(names[0])
    low, high = pixel_range or getattr(network, "pixel_range_", (0.0, 1.0))
    if not low < high:
        raise DataError(f"pixel_range must be (low, high) with low < high, got {pixel_range}")
    mean, spread = (_channels(v, fill, first.in_channels, device) for v, fill in zip(scaling, (0.0, 1.0)))
    frozen = copy.deepcopy(module).eval().requires_grad_(False).to(device)
    return View(frozen, first.in_channels, float(low), float(high), mean, spread, style, content)


def _known(name: str, chosen: Sequence[str] | None, default: Sequence[str], module: nn.Module) -> tuple[str, ...]:
    """Layers of the network, in the order given."""
    layers = tuple(default if chosen is None else chosen)
    known = [layer for layer, _ in module.named_modules() if layer]
    unknown = [layer for layer in layers if layer not in known]
    if not layers or unknown:
        wrong = ", ".join(map(repr, unknown)) or "none"
        raise DataError(f"{name} must name layers of the network, got {wrong}; it has {', '.join(known[:40])}")
    return layers


def _channels(values: Sequence[float] | None, fill: float, n: int, device: torch.device) -> Tensor:
    """One number a channel, (c, 1, 1)."""
    numbers = [fill] * n if values is None else list(values)
    if len(numbers) != n or (fill == 1 and min(numbers) <= 0):
        raise DataError(f"mean and spread must have a number (spread > 0) for each of the {n} channels, got {numbers}")
    return torch.tensor(numbers, dtype=torch.float32, device=device)[:, None, None]
