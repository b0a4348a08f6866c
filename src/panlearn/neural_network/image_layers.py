"""What the layers of a convolutional network hold: their filters, and the maps they make of images.

    filters        the weights of a convolution, one small picture a filter            note 001 §6.5
    feature_maps   what a layer makes of an image, one map a filter

Only the filters of the first layer look at pixels, and can be read: edges, spots, means. What a later layer looks for
is seen better in its maps: where on the image they light up.
"""

from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from panlearn.core.errors import DataError

BATCH = 256  # images of a pass


def filters(model: Any, layer: str | None = None) -> np.ndarray:
    """Return the filters of a convolution.

    Parameters
    ----------
    model : fitted classifier of images, or torch.nn.Module
        With a convolution.
    layer : str, optional
        Name of a module as in `model.module_.named_modules()`, of which the first convolution counts; by default the
        first of the network.

    Returns
    -------
    ndarray of shape (o, c, k, k)
        Weights: filter, channel, row, column.

    Raises
    ------
    ValueError
        If there is no such layer, or no convolution in it.

    Examples
    --------
    >>> from torch import nn
    >>> filters(nn.Sequential(nn.Conv2d(1, 16, 3), nn.ReLU())).shape
    (16, 1, 3, 3)
    """
    module = module_of(model)
    part = module if layer is None else layer_of(module, layer)
    found = _convolutions(part)
    if not found:
        raise DataError(
            f"layer={layer!r} must hold a convolution: name one of {[n for n, _ in _convolutions(module)]}."
        )
    return found[0][1].weight.detach().cpu().numpy().copy()


def feature_maps(model: Any, X: Any, layer: str | None = None) -> np.ndarray:
    """Return what a layer makes of images.

    Parameters
    ----------
    model : fitted classifier of images, or torch.nn.Module
        A module takes X as a tensor (n, c, h, w).
    X : images
        As in `predict`.
    layer : str, optional
        Name of a module; by default the last that gives maps of more than one place.

    Returns
    -------
    ndarray of shape (n, o, h, w)
        Maps.

    Raises
    ------
    ValueError
        If there is no such layer, or it gives no maps.

    Examples
    --------
    Two 2 x 2 poolings make maps of 7 x 7 of an image of 28 x 28 (note 002):

    >>> import numpy as np
    >>> from torch import nn
    >>> module = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.MaxPool2d(2), nn.MaxPool2d(2))
    >>> feature_maps(module, np.zeros((2, 1, 28, 28), np.float32)).shape
    (2, 8, 7, 7)
    """
    module, images = module_of(model), images_of(model, X)
    name = layer or last_maps(module, images)
    parts = []
    with torch.inference_mode(), Watch(layer_of(module, name)) as watch:
        for batch in images.split(BATCH):
            module(batch)
            parts.append(maps_of(watch.output, name).float().cpu().numpy())
    return np.ascontiguousarray(np.concatenate(parts))


class Watch:
    """The output of a layer, inside a `with` block."""

    def __init__(self, layer: nn.Module) -> None:
        self.layer, self.output = layer, None

    def __enter__(self) -> "Watch":
        self.hook = self.layer.register_forward_hook(lambda module, inputs, output: setattr(self, "output", output))
        return self

    def __exit__(self, *error: Any) -> None:
        self.hook.remove()


def module_of(model: Any) -> nn.Module:
    """The network of an estimator, or the module itself."""
    if isinstance(model, nn.Module):
        return model.eval()
    check_is_fitted(model, "module_")
    return model.module_.eval()


def images_of(model: Any, X: Any) -> Tensor:
    """Images as the network takes them, where it is."""
    if isinstance(model, nn.Module):
        images = torch.as_tensor(X)
    else:
        (images,) = model._rows(X, reset=False).tensors
    device = next((p.device for p in module_of(model).parameters()), torch.device("cpu"))
    return images.to(device)


def layer_of(module: nn.Module, name: str) -> nn.Module:
    """A part of a network by name."""
    found = dict(module.named_modules())
    if name not in found or not name:
        known = [key for key in found if key and key.count(".") <= 1]
        raise DataError(f"layer={name!r} is none of the network's modules: {known}.")
    return found[name]


def _convolutions(module: nn.Module) -> list[tuple[str, nn.Conv2d]]:
    """All convolutions of a network, in order."""
    return [(name, part) for name, part in module.named_modules() if isinstance(part, nn.Conv2d)]


def maps_of(output: Any, name: str) -> Tensor:
    """Check that a layer gave maps."""
    if not isinstance(output, Tensor) or output.ndim != 4:
        raise DataError(f"layer={name!r} gives no maps (n, c, h, w): name a convolutional one.")
    return output


def last_maps(module: nn.Module, images: Tensor) -> str:
    """Name of the last part whose output is maps of more than one place; of nested ones the outermost."""
    seen: list[str] = []
    hooks = []
    for name, part in module.named_modules():
        if name:

            def note(_: nn.Module, __: Any, output: Any, name: str = name) -> None:
                if isinstance(output, Tensor) and output.ndim == 4 and output.shape[2] * output.shape[3] > 1:
                    seen.append(name)

            hooks.append(part.register_forward_hook(note))
    with torch.inference_mode():
        module(images[:1])
    for hook in hooks:
        hook.remove()
    if not seen:
        raise DataError("the network has no maps of more than one place: grad_cam and feature_maps need a convolution.")
    return seen[-1]  # an outer part answers after its own parts
