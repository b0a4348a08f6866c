"""Augmentation: each epoch sees every training image a little changed, labels as they were (note 000 §1.3).

What a change may be is knowledge about the task: a coat seen in a mirror is a coat, a 6 upside down is a 9. Where it
holds, the network learns from many more images than there are, and overfits less [simard2003].

The changes are kornia's [riba2020], drawn for each image by itself and computed for a batch at a time: torchvision's
transforms draw once a batch. Rotation, shift and scale are one
resampling. Pixels are brought to 0..1 by the range of the training images first, so that all strengths are shares of
it; what comes into view from beyond the rim is 0, the darkest.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from panlearn.core.errors import DataError

Change = Callable[[tuple[Tensor, ...]], tuple[Tensor, ...]]


class Augmentation(NamedTuple):
    """How training images may be changed; 0 leaves a change out.

    Parameters
    ----------
    horizontal_flip, vertical_flip : float
        Probability of a mirror image, 0 to 1.
    rotation : float
        Largest angle to either side, degrees.
    shift : float
        Largest shift in each direction, as a share of height and width.
    scale : float
        Largest change of size: factors 1 - scale to 1 + scale, less than 1.
    crop : float
        A part of at least 1 - crop of the area is cut out and brought to full size; less than 1.
    padding : int
        A rim of so many pixels is put round, and an image of the old size cut out of that.
    noise : float
        Standard deviation of Gaussian noise on each pixel, as a share of the pixels' range.
    brightness, contrast, saturation : float
        Largest change of the factor, from 1 - x to 1 + x; saturation needs colours.
    hue : float
        Largest turn of the colour circle, up to 0.5; needs colours.
    sharpness : float
        Largest factor of sharpening.

    Raises
    ------
    ValueError
        In `fit`, if a strength is out of its range, or colours of grey images are to be changed.
    ImportError
        In `fit`, if kornia is not installed.

    References
    ----------
    [simard2003], [riba2020], note 000 §1.3

    Examples
    --------
    A mirror image has the same pixels in another order:

    >>> import torch
    >>> from panlearn.neural_network import Augmentation
    >>> mirror = Augmentation(horizontal_flip=1.0).transform((0.0, 255.0))
    >>> mirror((torch.tensor([[[[10, 20], [30, 40]]]], dtype=torch.uint8),))[0].round()
    tensor([[[[20., 10.],
              [40., 30.]]]])
    """

    horizontal_flip: float = 0.0
    vertical_flip: float = 0.0
    rotation: float = 0.0
    shift: float = 0.0
    scale: float = 0.0
    crop: float = 0.0
    padding: int = 0
    noise: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    sharpness: float = 0.0

    def transform(self, pixel_range: tuple[float, float]) -> Change:
        """Return a function that changes a batch of images.

        Parameters
        ----------
        pixel_range : (low, high)
            Smallest and largest value a pixel can have.

        Returns
        -------
        callable
            Maps (images (b, c, h, w), ...) to the same with changed images, float32 in the old unit.
        """
        self._check()
        _library()
        return _Changes(self, pixel_range)

    def _check(self) -> None:
        """Refuse strengths out of range."""
        top = {"rotation": 180.0, "noise": float("inf"), "sharpness": float("inf"), "padding": float("inf"), "hue": 0.5}
        open_ = ("scale", "crop")
        for name, value in self._asdict().items():
            most = top.get(name, 1.0)
            fits = isinstance(value, (int, float)) and 0 <= value <= most and not (name in open_ and value == 1)
            if not fits or (name == "padding" and value != int(value)):
                kind = "a whole number" if name == "padding" else "a number"
                end = ")" if name in open_ or most == float("inf") else "]"
                raise DataError(f"augment: {name} must be {kind} in [0, {most:g}{end}, got {value!r}.")


def _library() -> Any:
    """Return kornia's augmentations, or say how to get them."""
    try:
        import kornia.augmentation as changes
    except ImportError:
        raise ImportError(
            "augment= needs kornia, which is not installed: pip install kornia, or pip install 'panlearn[images]'."
        ) from None
    return changes


class _Changes:
    """The changes as modules, made when the size of the images is known."""

    def __init__(self, settings: Augmentation, pixel_range: tuple[float, float]) -> None:
        self.settings = settings
        self.low, high = pixel_range
        self.spread = (high - self.low) or 1.0
        self.modules: list[nn.Module] | None = None

    @torch.no_grad()
    def __call__(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Change the images of a batch."""
        images, *others = inputs
        if self.modules is None:
            self.modules = _modules(self.settings, tuple(images.shape[1:]))
        x = (images.float() - self.low) / self.spread
        for module in self.modules:
            x = module(x)
        return (x * self.spread + self.low, *others)


def _modules(s: Augmentation, shape: tuple[int, ...]) -> list[nn.Module]:
    """Kornia's modules for the changes that are on, geometry before colour before noise."""
    changes, (depth, height, width) = _library(), shape
    if (s.saturation or s.hue) and depth != 3:
        raise DataError(f"augment: saturation and hue need 3 channels, the images have {depth}: set both to 0.")
    modules = []
    if s.horizontal_flip:
        modules.append(changes.RandomHorizontalFlip(p=s.horizontal_flip))
    if s.vertical_flip:
        modules.append(changes.RandomVerticalFlip(p=s.vertical_flip))
    if s.rotation or s.shift or s.scale:
        scale = (1 - s.scale, 1 + s.scale) if s.scale else None
        shift = (s.shift, s.shift) if s.shift else None
        modules.append(changes.RandomAffine(s.rotation, shift, scale, p=1.0))
    if s.crop:
        part = (1 - s.crop, 1.0)
        modules.append(changes.RandomResizedCrop((height, width), part, cropping_mode="resample"))
    if s.padding:
        modules.append(changes.RandomCrop((height, width), padding=int(s.padding)))
    if s.brightness or s.contrast or s.saturation or s.hue:
        modules.append(changes.ColorJitter(s.brightness, s.contrast, s.saturation, s.hue))
    if s.sharpness:
        modules.append(changes.RandomSharpness(s.sharpness, p=1.0))
    if s.noise:
        modules.append(changes.RandomGaussianNoise(0.0, s.noise, p=1.0))
    return modules
