"""What in an image speaks for its class: saliency and Grad-CAM.

    saliency       |d z_y / d pixel|, the largest over the channels [simonyan2014]
    grad_cam       relu(sum_k a_k A_k), a_k = mean over places of d z_y / d A_k [selvaraju2017]

z_y is the output of a class before the softmax, A the maps of the last convolutional layer. Saliency is sharp and
noisy: a pixel's slope tells what would change the answer, which need not be what made it. Grad-CAM is as coarse as the
maps it weighs, and says which part of the image speaks for the class. Neither shows that the network is right; both
show when it looks at the background. Each costs a forward and a backward pass.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional as F

from panlearn.core.errors import DataError
from panlearn.neural_network.image_layers import BATCH, Watch, images_of, last_maps, layer_of, maps_of, module_of


def saliency(model: Any, X: Any, target: ArrayLike | None = None) -> np.ndarray:
    """Return how much each pixel moves the output of a class.

    Parameters
    ----------
    model : fitted classifier of images, or torch.nn.Module
        A module takes X as a tensor (n, c, h, w).
    X : images
        As in `predict`.
    target : label, or array-like of shape (n,), optional
        Class asked about, one for all or one for each; by default the one predicted. Numbers of outputs for a module.

    Returns
    -------
    ndarray of shape (n, h, w)
        Absolute slopes, output per unit of the pixels.

    Raises
    ------
    ValueError
        If a target is none of the classes.

    References
    ----------
    [simonyan2014]

    Examples
    --------
    A network that adds up the left half of an image sees nothing else:

    >>> import torch
    >>> from torch import nn
    >>> module = nn.Sequential(nn.Flatten(), nn.Linear(8, 2))
    >>> half = torch.tensor([1.0, 1.0, 0.0, 0.0] * 2)
    >>> _ = module[1].weight.data.copy_(torch.stack([half, -half]))
    >>> saliency(module, torch.ones(1, 1, 2, 4), 0)[0]
    array([[1., 1., 0., 0.],
           [1., 1., 0., 0.]], dtype=float32)
    """
    module, images = module_of(model), images_of(model, X)
    chosen, parts = _targets(model, target, len(images)), []
    for batch, wanted in zip(images.split(BATCH), chosen):
        batch = batch.float().requires_grad_()
        (slope,) = torch.autograd.grad(_score(module(batch), wanted), batch)
        parts.append(slope.abs().amax(1).cpu().numpy())
    return np.concatenate(parts)


def grad_cam(model: Any, X: Any, target: ArrayLike | None = None, layer: str | None = None) -> np.ndarray:
    """Return which parts of images speak for a class.

    Parameters
    ----------
    model : fitted classifier of images, or torch.nn.Module
        A module takes X as a tensor (n, c, h, w).
    X : images
        As in `predict`.
    target : label, or array-like of shape (n,), optional
        Class asked about, one for all or one for each; by default the one predicted. Numbers of outputs for a module.
    layer : str, optional
        Layer whose maps are weighed; by default the last that gives maps of more than one place.

    Returns
    -------
    ndarray of shape (n, h, w)
        Weighted sums of the maps, at least 0, brought to the size of the images.

    Raises
    ------
    ValueError
        If there is no such layer, it gives no maps, or a target is none of the classes.

    References
    ----------
    [selvaraju2017]

    Examples
    --------
    Class 0 is the mean brightness, so what is bright speaks for it:

    >>> import torch
    >>> from torch import nn
    >>> module = nn.Sequential(nn.Conv2d(1, 1, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, 2))
    >>> for layer, weight in ((module[0], 1.0), (module[3], torch.tensor([[4.0], [-4.0]]))):
    ...     _ = layer.weight.data.fill_(weight) if layer is module[0] else layer.weight.data.copy_(weight)
    ...     _ = layer.bias.data.zero_()
    >>> grad_cam(module, torch.tensor([[[[0.0, 2.0]]]]), 0)[0]
    array([[0., 4.]], dtype=float32)
    """
    module, images = module_of(model), images_of(model, X)
    name = layer or last_maps(module, images)
    chosen, parts = _targets(model, target, len(images)), []
    with Watch(layer_of(module, name)) as watch:
        for batch, wanted in zip(images.split(BATCH), chosen):
            with torch.enable_grad():
                # floats that ask for a gradient: so do the maps, also where the layers before are frozen
                score = _score(module(batch.float().requires_grad_()), wanted)
                maps = maps_of(watch.output, name)
                (slopes,) = torch.autograd.grad(score, maps)
            weights = slopes.mean((2, 3), keepdim=True)  # a_k, [selvaraju2017] eq. 1
            heat = (weights * maps).sum(1, keepdim=True).relu().detach()
            heat = F.interpolate(heat, batch.shape[2:], mode="bilinear")
            parts.append(heat[:, 0].cpu().numpy())
    return np.concatenate(parts)


def _targets(model: Any, target: Any, n: int) -> list[Tensor | None]:
    """Numbers of the outputs asked about, by batches."""
    if target is None:
        return [None] * -(-n // BATCH)
    asked = np.asarray(target)
    asked = np.full(n, asked) if asked.ndim == 0 else asked.ravel()
    if len(asked) != n:
        raise DataError(f"target must be one label, or one for each of the {n} images, got {len(asked)}.")
    codes = asked if isinstance(model, nn.Module) else model._known_codes(asked)
    return list(torch.from_numpy(np.asarray(codes, dtype=np.int64)).split(BATCH))


def _score(outputs: Tensor, wanted: Tensor | None) -> Tensor:
    """Sum over the images of the output asked about; images do not see each other, so gradients stay apart."""
    codes = outputs.argmax(1) if wanted is None else wanted.to(outputs.device)
    if len(codes) and not 0 <= int(codes.min()) <= int(codes.max()) < outputs.shape[1]:
        raise DataError(f"target must be in [0, {outputs.shape[1] - 1}], got {int(codes.min())} to {int(codes.max())}.")
    return outputs.gather(1, codes[:, None]).sum()
