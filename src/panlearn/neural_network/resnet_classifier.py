"""Residual networks for images: stages of blocks that add to what they get [he2016].

    stem       3 x 3 convolution, normalisation, activation, pooling
    stages     blocks y = f(x + F(x)); the first of each later stage halves height and width
    head       mean of each map; K outputs

Each block has only to learn what is missing, and the gradient reaches the first layers through the sums: depth no
longer hurts training (note 004 §5, `panlearn.nn.Residual`). The mean over the maps has no weights, so that most of the
network is convolutions: 300,000 weights do what a flattened head needs millions for.

A block of c maps of h x w costs 18 c^2 h w multiply-adds a row. Halving the sides while doubling c keeps that constant;
the early pooling takes most of the cost away where images are small. When it fails: see `cnn_classifier`.
"""

from typing import Any, ClassVar

import numpy as np
from torch import nn

from panlearn.core.constraints import COUNT
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.neural_network.cnn_classifier import SHARE
from panlearn.neural_network.image_classifier import ImageClassifier
from panlearn.neural_network.image_rows import ImageShape, Layout
from panlearn.nn.blocks.convolution import Convolution
from panlearn.nn.blocks.residual_convolution import ResidualConvolution
from panlearn.nn.initialization import initialize


@method(
    "Residual network",
    tasks=(),
    notes=("004 5",),
    cost=lambda n, p, k: 20 * 6.0 * n * p * 15_000,
    needs=("scaled", "dense"),
)
class ResNetClassifier(ImageClassifier):
    """Residual network for images, small enough for a CPU.

    X is what `CNNClassifier` takes.

    Parameters
    ----------
    filters : tuple of int, default=(32, 64, 128)
        Maps of each stage; the stem has those of the first.
    blocks : int or tuple of int, default=1
        Residual blocks of all stages, or of each.
    stem_pool_size : int, default=2
        Side of the pooling after the stem; 1 for none.
    activation : str, default="relu"
        A name of `panlearn.nn.activation` other than "maxout".
    dropout : float, default=0.0
        Share of the means dropped before the output.
    map_dropout : float, default=0.0
        Share of whole maps dropped inside each block.
    initialization : str, default="auto"
        A name of `panlearn.nn.initialize`.
    channels : {"auto", "last", "first"}, default="auto"
        Where the channels of colour images are.
    image_shape : (h, w) or (h, w, c), optional
        What images are resized to; for a table, how its pixels lie.
    augment : Augmentation, optional
        Changes to the training images.
    optimizer : str or settings, default="adam"
        A name, or one of `panlearn.optimize`.
    learning_rate : float, default=1e-3
        Step of the optimiser.
    learning_rate_schedule : str or settings, default="constant"
        How the rate changes; "one_cycle" trains fastest.
    max_epochs : int, default=20
        Passes over the data.
    batch_size : int, default=128
        Rows of a step.
    l1, l2 : float, default=0.0
        Penalties on the weights; with "adamw" l2 is the decay.
    max_norm : float, optional
        Bound on the norm of the weights into a unit.
    clipping : GradientClipping, optional
        Bound on the gradient.
    early_stopping : bool or EarlyStopping, default=False
        Stop when the score on rows kept aside no longer rises.
    validation_fraction : float, default=0.1
        Share of those rows.
    class_weight : dict, "balanced" or None, default=None
        Factors on the losses of the classes.
    label_smoothing : float, default=0.0
        Share of each label spread over all classes.
    precision : {"float32", "bfloat16", "float16"}, default="float32"
        Type of the products.
    compile : bool, default=False
        Use torch.compile.
    device : str, default="auto"
        "cpu", "cuda", or "auto" for a GPU if there is one.
    warm_start : bool, default=False
        Go on from the last fit.
    callbacks : sequence of Callback, default=()
        Watchers of the training.
    random_state : int, RandomState or None, default=None
        Seed.
    verbose : int, default=0
        Show progress.

    Attributes
    ----------
    module_ : torch.nn.Sequential
        The network: "scaling", "stem", "stage1", ..., "head".
    classes_ : ndarray of shape (K,)
        Labels.
    image_shape_ : ImageShape
        Channels, height and width of the images.
    map_shapes_ : list of ImageShape
        Maps after the stem and after each stage.
    pixel_mean_, pixel_spread_ : ndarray of shape (c,)
        Mean and standard deviation of the training pixels.
    history_ : list of Epoch
        Loss, gradient norm, rate and validation of each epoch.
    loss_curve_ : list of float
        Its losses.
    n_iter_ : int
        Epochs made.
    n_parameters_ : int
        Weights and biases.
    certificate_ : str
        Loss, gradient norm and validation score, in words.
    n_features_in_ : int
        Numbers of an image.
    feature_names_in_ : ndarray of str
        Names of the columns, if X was a table with names.

    Raises
    ------
    ValueError
        If images differ in size, the channels cannot be told, or the data or a parameter cannot be used.

    References
    ----------
    [he2016], [goyal2017], note 004 §5

    Examples
    --------
    Sides halve where the maps double, and each stage costs the same:

    >>> import numpy as np
    >>> from panlearn.neural_network import ResNetClassifier
    >>> X, y = np.random.default_rng(0).normal(size=(64, 16, 16)), np.arange(64) % 2
    >>> model = ResNetClassifier((4, 8, 16), stem_pool_size=1, max_epochs=1, random_state=0).fit(X, y)
    >>> [tuple(shape) for shape in model.map_shapes_[1:]]
    [(4, 16, 16), (8, 8, 8), (16, 4, 4)]
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **ImageClassifier._parameter_constraints,
        "filters": [tuple, list],
        "blocks": [COUNT, tuple, list],
        "stem_pool_size": [COUNT],
        "activation": [str],
        "dropout": [SHARE],
        "map_dropout": [SHARE],
        "initialization": [str],
    }

    def __init__(
        self,
        filters: tuple[int, ...] = (32, 64, 128),
        *,
        blocks: int | tuple[int, ...] = 1,
        stem_pool_size: int = 2,
        activation: str = "relu",
        dropout: float = 0.0,
        map_dropout: float = 0.0,
        initialization: str = "auto",
        channels: Layout = "auto",
        image_shape: tuple[int, ...] | None = None,
        augment: Any = None,
        optimizer: Any = "adam",
        learning_rate: float = 1e-3,
        learning_rate_schedule: Any = "constant",
        max_epochs: int = 20,
        batch_size: int = 128,
        l1: float = 0.0,
        l2: float = 0.0,
        max_norm: float | None = None,
        clipping: Any = None,
        early_stopping: Any = False,
        validation_fraction: float = 0.1,
        class_weight: Any = None,
        label_smoothing: float = 0.0,
        precision: str = "float32",
        compile: bool = False,
        device: str = "auto",
        warm_start: bool = False,
        callbacks: Any = (),
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.filters = filters
        self.blocks = blocks
        self.stem_pool_size = stem_pool_size
        self.activation = activation
        self.dropout = dropout
        self.map_dropout = map_dropout
        self.initialization = initialization
        self.channels = channels
        self.image_shape = image_shape
        self.augment = augment
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.l1 = l1
        self.l2 = l2
        self.max_norm = max_norm
        self.clipping = clipping
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.precision = precision
        self.compile = compile
        self.device = device
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose

    def _layers(self, shape: ImageShape) -> dict[str, nn.Module]:
        filters, blocks = self._stages()
        window = tuple(min(self.stem_pool_size, side) for side in shape[1:])
        pooling = None if window == (1, 1) else nn.MaxPool2d(window)
        self.map_shapes_ = [shape.after(filters[0], window, window)]
        stem = Convolution(shape.channels, filters[0], activation=self.activation, pooling=pooling)
        layers: dict[str, nn.Module] = {"stem": stem}
        for number, (maps, n_blocks) in enumerate(zip(filters, blocks), 1):
            depth, stride = self.map_shapes_[-1].channels, 1 if number == 1 else 2
            chain = [(depth, stride)] + [(maps, 1)] * (n_blocks - 1)
            parts = [
                ResidualConvolution(d, maps, s, activation=self.activation, dropout=self.map_dropout) for d, s in chain
            ]
            layers[f"stage{number}"] = nn.Sequential(*parts)
            self.map_shapes_.append(self.map_shapes_[-1].after(maps, 3, stride, 1))
        output = nn.Linear(filters[-1], self._n_outputs)
        dropout = [nn.Dropout(self.dropout)] if self.dropout else []
        layers["head"] = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), *dropout, output)
        for layer in layers.values():
            initialize(layer, self.initialization, self.activation)
        nn.init.normal_(output.weight, 0, 0.01)  # unsure at first, whatever the maps hold [goyal2017] §5.1
        return layers

    def _stages(self) -> tuple[list[int], list[int]]:
        """Maps and blocks of each stage."""
        whole = lambda values: all(isinstance(v, (int, np.integer)) and v >= 1 for v in values)  # noqa: E731
        filters, n = [*self.filters], len(self.filters)
        if not filters or not whole(filters):
            raise DataError(f"filters must name at least one stage, each a whole number, got {self.filters!r}.")
        blocks = [self.blocks] * n if isinstance(self.blocks, (int, np.integer)) else [*self.blocks]
        if len(blocks) != n or not whole(blocks):
            raise DataError(f"blocks must be a whole number, or one for each of the {n} stages, got {self.blocks!r}.")
        if self.activation == "maxout":
            raise DataError(
                'activation="maxout" changes the number of maps, which a sum of two paths cannot: use another.'
            )
        return filters, blocks
