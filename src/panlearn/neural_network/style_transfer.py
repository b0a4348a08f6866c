"""Style transfer: the things of one image painted in the manner of another [gatys2016].

    min_x  content_weight * content(x, p) + style_weight * mean_l style_l(x, a) + variation_weight * variation(x)

over the pixels x of an image, each within its range; the losses are in `style_losses`. A trained network is only looked
through: a late layer says what is where, the Gram matrices of the layers say which patterns occur together. The pixels
are found by L-BFGS or Adam (`style_optimization`). Cost: a forward and a backward pass of the network's layers an
evaluation.

It fails where the network has seen nothing like the style: filters for shirts know edges and stripes, not brush
strokes; for those give it a VGG network trained on photographs. Note 001 §6.5.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from panlearn.core.base import Estimator
from panlearn.core.constraints import COUNT, NONNEGATIVE, POSITIVE, RANDOM, VERBOSE, options, validated
from panlearn.core.errors import DataError
from panlearn.core.progress import progress
from panlearn.neural_network.style_losses import gram, relative_error, total_variation
from panlearn.neural_network.style_optimization import by_adam, by_lbfgs
from panlearn.neural_network.style_pixels import Picture, image_of, picture
from panlearn.neural_network.style_view import View, view_of


class Losses(NamedTuple):
    """What is left at an image; each is relative, 0 where the image has it all."""

    total: float  # weighted sum
    content: float
    style: float  # mean over the layers
    variation: float


class StyleTransfer(Estimator):
    r"""The content of one image in the style of another [gatys2016].

    Parameters
    ----------
    network : estimator or torch.nn.Module
        A fitted `CNNClassifier` or `ResNetClassifier`, or any module with two-dimensional convolutions (of torchvision:
        `vgg19(weights="DEFAULT").features`, with its `mean` and `spread`). It is copied, and not changed.
    content_layers : sequence of str, optional
        Names of layers whose maps say what is where; by default the last of the style layers.
    style_layers : sequence of str, optional
        Names of layers whose Gram matrices say how it looks; by default up to five convolutions, spread evenly.
    content_weight, style_weight, variation_weight : float
        Factors of the three losses.
    optimizer : {"lbfgs", "adam"}, default="lbfgs"
        How the pixels are found.
    learning_rate : float, default=0.05
        Step of Adam, as a share of the pixels' range.
    max_iter : int, default=200
        Steps at most.
    start : {"content", "random"}, default="content"
        First image; "random" with `content_weight=0` makes a texture.
    pixel_range : (float, float), optional
        Least and greatest value of a pixel as the network takes it; by default what a fitted estimator was trained on,
        and (0, 1) for a module. Bytes are brought to this range; other images must lie in it.
    mean, spread : sequence of float, optional
        For modules that want scaled pixels, (pixel - mean) / spread for each channel.
    device : str, default="auto"
        "auto" is CUDA where there is one.
    random_state : int, RandomState instance or None
        Seed of the random start.
    verbose : int, default=0
        A progress bar.

    Attributes
    ----------
    grams_ : list of ndarray
        Gram matrices of the style, one a layer.
    image_ : ndarray of shape (h, w) or (h, w, c)
        The last image made.
    losses_ : Losses
        What is left there: `total`, `content`, `style`, `variation`.
    loss_curve_ : list of float
        Total after each step.
    n_iter_ : int
        Steps taken.
    certificate_ : str
        Losses reached, and the largest slope of the loss by a pixel that its range leaves free.

    Raises
    ------
    ValueError
        If the network has no convolutions or no such layer, or images do not fit it.

    Notes
    -----
    A network for grey images changes the brightness of a colour image and keeps its colours [gatys2016b]; a network for
    colours sees a grey image three times.

    References
    ----------
    [gatys2016], [gatys2016b], [rudin1992], note 001 §6.5

    Examples
    --------
    Stripes carried over to a plain square, through two layers of random filters:

    >>> import numpy as np
    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> filters = torch.nn.Sequential(torch.nn.Conv2d(1, 8, 3), torch.nn.ReLU(), torch.nn.Conv2d(8, 8, 3))
    >>> square, stripes = np.zeros((16, 16)), np.tile([0.0, 0.0, 1.0, 1.0], (16, 4))
    >>> square[4:12, 4:12] = 1.0
    >>> model = StyleTransfer(filters, style_weight=10.0, max_iter=50).fit(stripes)
    >>> image = model.transform(square)
    >>> model.losses_.style < 0.2 * model.losses(square).style
    True
    """

    grams_: list[np.ndarray]
    image_: np.ndarray
    losses_: Losses
    loss_curve_: list[float]
    n_iter_: int

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "network": "no_validation",
        "content_layers": ["array-like", None],
        "style_layers": ["array-like", None],
        "content_weight": [NONNEGATIVE],
        "style_weight": [NONNEGATIVE],
        "variation_weight": [NONNEGATIVE],
        "optimizer": [options("lbfgs", "adam")],
        "learning_rate": [POSITIVE],
        "max_iter": [COUNT],
        "start": [options("content", "random")],
        "pixel_range": [tuple, list, None],
        "mean": ["array-like", None],
        "spread": ["array-like", None],
        "device": [str, torch.device],
        "random_state": [RANDOM],
        "verbose": [VERBOSE],
    }

    def __init__(
        self,
        network: Any,
        *,
        content_layers: Sequence[str] | None = None,
        style_layers: Sequence[str] | None = None,
        content_weight: float = 1.0,
        style_weight: float = 1.0,
        variation_weight: float = 0.01,
        optimizer: str = "lbfgs",
        learning_rate: float = 0.05,
        max_iter: int = 200,
        start: str = "content",
        pixel_range: tuple[float, float] | None = None,
        mean: Sequence[float] | None = None,
        spread: Sequence[float] | None = None,
        device: Any = "auto",
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.network = network
        self.content_layers = content_layers
        self.style_layers = style_layers
        self.content_weight = content_weight
        self.style_weight = style_weight
        self.variation_weight = variation_weight
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.start = start
        self.pixel_range = pixel_range
        self.mean = mean
        self.spread = spread
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    @validated
    def fit(self, style: Any, y: Any = None) -> "StyleTransfer":
        """Read the style of an image.

        Parameters
        ----------
        style : array, tensor or PIL image
            (h, w), (h, w, c) or (c, h, w), of any size.
        y : None
            Ignored.

        Returns
        -------
        StyleTransfer
            The fitted object.
        """
        view = self._view()
        with torch.no_grad():
            maps = view.maps(self._picture(style, view, "style").pixels.to(self._device()), view.style_layers)
        self.grams_ = [gram(maps[name]).cpu().numpy() for name in view.style_layers]
        return self

    def transform(self, content: Any) -> np.ndarray:
        """Paint an image in the style.

        Parameters
        ----------
        content : array, tensor or PIL image
            (h, w), (h, w, c) or (c, h, w), of any size.

        Returns
        -------
        ndarray of shape (h, w) or (h, w, c)
            Bytes if the content is, else float32 in the content's range.
        """
        check_is_fitted(self, "grams_")
        view = self._view()
        given = self._picture(content, view, "content")
        target = given.pixels.to(self._device())
        losses = self._losses(view, target)
        start = target
        if self.start == "random":
            seed = int(check_random_state(self.random_state).randint(2**31 - 1))
            start = torch.rand(target.shape, generator=torch.Generator().manual_seed(seed)).to(target)
        steps = iter(progress(self.max_iter, "StyleTransfer", enabled=self.verbose))
        method = partial(by_adam, learning_rate=self.learning_rate) if self.optimizer == "adam" else by_lbfgs
        found = method(lambda x: losses(x)[0], start, self.max_iter, steps)
        self.image_ = image_of(found.pixels, given)
        self.losses_ = Losses(*map(float, losses(found.pixels)))
        self.loss_curve_, self.n_iter_ = found.curve, len(found.curve)
        parts = f"content {self.losses_.content:.3g}, style {self.losses_.style:.3g}"
        self.certificate_ = f"loss {self.losses_.total:.4g} ({parts}), largest free slope {found.slope:.2g}"
        return self.image_

    def losses(self, image: Any, content: Any = None) -> Losses:
        """Measure how far an image is from the content and from the style.

        Parameters
        ----------
        image : array, tensor or PIL image
            The image.
        content : array, tensor or PIL image, optional
            An image of its size whose content is compared; by default the image itself, with a content loss of 0.

        Returns
        -------
        Losses
            `total`, `content`, `style`, `variation`.
        """
        check_is_fitted(self, "grams_")
        view = self._view()
        pixels = self._picture(image, view, "image").pixels.to(self._device())
        target = pixels if content is None else self._picture(content, view, "content").pixels.to(pixels.device)
        if target.shape != pixels.shape:
            sizes = f"{tuple(pixels.shape[2:])} and {tuple(target.shape[2:])}"
            raise DataError(f"image and content must have one size, got {sizes}")
        with torch.no_grad():
            return Losses(*map(float, self._losses(view, target)(pixels)))

    def _losses(self, view: View, content: Tensor) -> Callable[[Tensor], tuple[Tensor, ...]]:
        """Return the losses as a function of pixels: total, content, style, variation."""
        with torch.no_grad():
            wanted = {name: maps.clone() for name, maps in view.maps(content, view.content_layers).items()}
        grams = [torch.from_numpy(g).to(content.device) for g in self.grams_]
        layers = tuple(dict.fromkeys((*view.style_layers, *view.content_layers)))

        def losses(pixels: Tensor) -> tuple[Tensor, ...]:
            maps = view.maps(pixels, layers)
            things = torch.stack([relative_error(maps[name], target) for name, target in wanted.items()]).mean()
            errors = [relative_error(gram(maps[name]), g) for name, g in zip(view.style_layers, grams, strict=True)]
            manner, grain = torch.stack(errors).mean(), total_variation(pixels)
            total = self.content_weight * things + self.style_weight * manner + self.variation_weight * grain
            return total, things, manner, grain

        return losses

    def _picture(self, image: Any, view: View, name: str) -> Picture:
        return picture(image, view.n_channels, view.low, view.high, name)

    def _view(self) -> View:
        scaling = (self.mean, self.spread)
        layers = (self.style_layers, self.content_layers)
        return view_of(self.network, *layers, self.pixel_range, scaling, self._device())

    def _device(self) -> torch.device:
        if self.device == "auto":
            return torch.device("cuda" if torch.cuda.is_available() else "cpu")
        device = torch.device(self.device)
        if device.type == "cuda" and not torch.cuda.is_available():
            raise DataError(f'device={self.device!r} was asked for, but torch finds no CUDA device: use device="auto".')
        return device

    def __sklearn_is_fitted__(self) -> bool:
        """Whether a style has been read."""
        return hasattr(self, "grams_")
