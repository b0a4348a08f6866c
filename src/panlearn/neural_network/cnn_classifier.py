r"""Convolutional networks: filters that look at small parts, the same everywhere [lecun1998].

    stage      (convolution, normalisation, activation) once or more, then a pooling          note 001 §6, 002
    head       flatten, or the mean of each map; dense layers; K outputs

A pattern is smaller than the image and may stand anywhere: so a filter sees k x k pixels (sparse) and is slid over all
places (shared). A pooling keeps the largest or the mean of each little square: fewer places, and the same object a
pixel further gives nearly the same maps. A stage on c maps of h x w with o filters costs c o k^2 h w multiply-adds a
row and has only c o k^2 weights; the dense head after it has most of the weights, few of the operations.

When it fails: where position is the message (the board of Go: no poolings, note 001 §6.5); on small sets without
augmentation; on tables whose columns have no order, which have no neighbours.
"""

from typing import Any, ClassVar

import numpy as np
from torch import nn

from panlearn.core.constraints import BOOLEAN, COUNT, options
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.neural_network.image_classifier import ImageClassifier
from panlearn.neural_network.image_rows import ImageShape, Layout
from panlearn.neural_network.neural_estimator import Interval, Real
from panlearn.nn.activations import activation as activation_of
from panlearn.nn.activations import units_per_output
from panlearn.nn.blocks.convolution import Convolution
from panlearn.nn.initialization import initialize

SHARE = Interval(Real, 0, 1, closed="left")
POOLINGS = {"max": nn.MaxPool2d, "average": nn.AvgPool2d}


@method(
    "Convolutional network",
    tasks=(),
    notes=("001 6", "002 CNN", "004 6", "004 14"),
    cost=lambda n, p, k: 20 * 6.0 * n * p * 10_000,
    needs=("scaled", "dense"),
)
class CNNClassifier(ImageClassifier):
    """Convolutional network for images.

    X may be an array (n, h, w), (n, h, w, c) or (n, c, h, w), a list of arrays or of PIL images, or a table (n, h w) of
    rows of pixels. Pixels are scaled inside, and stay bytes until their batch is computed.

    Parameters
    ----------
    filters : tuple of int or tuple, default=(32, 64)
        Filters of each stage; a tuple in it, as ((32, 32), (64, 64)), puts several convolutions before the pooling.
    kernel_size : int or tuple of int, default=3
        Side of the filters, of all stages or of each; 1 mixes channels only.
    stride : int or tuple of int, default=1
        Step of the first convolution of the stages.
    pooling : {"max", "average"}, default="max"
        What is kept of each square at the end of a stage.
    pool_size : int or tuple of int, default=2
        Side of the squares, of all stages or of each; 1 for no pooling. Never more than the maps have.
    head : {"flatten", "average"}, default="flatten"
        All numbers of the last maps, or the mean of each.
    hidden_layer_sizes : tuple of int, default=(128,)
        Dense layers of the head.
    activation : str, default="relu"
        A name of `panlearn.nn.activation`.
    batch_norm : bool, default=True
        Normalise the maps after each convolution.
    dropout : float, default=0.0
        Share of the units dropped before each dense layer.
    map_dropout : float, default=0.0
        Share of whole maps dropped after each pooling.
    initialization : str, default="auto"
        A name of `panlearn.nn.initialize`.
    channels : {"auto", "last", "first"}, default="auto"
        Where the channels of colour images are; "auto" looks for an axis of 1, 3 or 4.
    image_shape : (h, w) or (h, w, c), optional
        What images are resized to; for a table, how its pixels lie: by default a square, or 1 x p if p has no root.
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
        The network: "scaling", "stage1", ..., "head".
    classes_ : ndarray of shape (K,)
        Labels.
    image_shape_ : ImageShape
        Channels, height and width of the images.
    map_shapes_ : list of ImageShape
        Maps after each stage.
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
    [lecun1998], [ioffe2015], notes 001 §6, 002, 004 §6

    Examples
    --------
    A bar that stands or lies, anywhere: twenty images of each are enough.

    >>> import numpy as np
    >>> from panlearn.neural_network import CNNClassifier
    >>> random = np.random.default_rng(0)
    >>> X, y = np.zeros((60, 12, 12), np.uint8), np.arange(60) % 2
    >>> for image, lies, (i, j) in zip(X, y, random.integers(0, 8, (60, 2))):
    ...     (image.T if lies else image)[i : i + 5, j] = 255
    >>> model = CNNClassifier((8,), head="average", hidden_layer_sizes=(), batch_size=10, learning_rate=0.01,
    ...                       random_state=0)
    >>> float(model.fit(X[:40], y[:40]).score(X[40:], y[40:]))
    1.0
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **ImageClassifier._parameter_constraints,
        "filters": [tuple, list],
        "kernel_size": [COUNT, tuple, list],
        "stride": [COUNT, tuple, list],
        "pooling": [options(*POOLINGS)],
        "pool_size": [COUNT, tuple, list],
        "head": [options("flatten", "average")],
        "hidden_layer_sizes": [tuple, list],
        "activation": [str],
        "batch_norm": [BOOLEAN],
        "dropout": [SHARE],
        "map_dropout": [SHARE],
        "initialization": [str],
    }

    def __init__(
        self,
        filters: tuple = (32, 64),
        *,
        kernel_size: int | tuple[int, ...] = 3,
        stride: int | tuple[int, ...] = 1,
        pooling: str = "max",
        pool_size: int | tuple[int, ...] = 2,
        head: str = "flatten",
        hidden_layer_sizes: tuple[int, ...] = (128,),
        activation: str = "relu",
        batch_norm: bool = True,
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
        self.kernel_size = kernel_size
        self.stride = stride
        self.pooling = pooling
        self.pool_size = pool_size
        self.head = head
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.batch_norm = batch_norm
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
        layers: dict[str, nn.Module] = {}
        self.map_shapes_ = []
        stages = zip(_each(self.filters), *(self._per_stage(name) for name in ("kernel_size", "stride", "pool_size")))
        for number, (filters, kernel, stride, pool) in enumerate(stages, 1):
            layers[f"stage{number}"], shape = self._stage(shape, filters, kernel, stride, pool)
            self.map_shapes_.append(shape)
        layers["head"] = self._head(shape)
        return {name: initialize(layer, self.initialization, self.activation) for name, layer in layers.items()}

    def _stage(
        self, shape: ImageShape, filters: tuple[int, ...], kernel: int, stride: int, pool: int
    ) -> tuple[nn.Sequential, ImageShape]:
        """Convolutions and a pooling; the maps they give."""
        stage, padding = nn.Sequential(), kernel // 2 if stride > 1 else "same"
        maps = shape.after(filters[-1], kernel, stride, padding)
        window = min(pool, maps.height), min(pool, maps.width)  # maps of one row stay one row
        pooling = None if window == (1, 1) else POOLINGS[self.pooling](window)
        inside = pooling if self.pooling == "max" else None
        depth = shape.channels
        for number, n_filters in enumerate(filters, 1):
            form = depth, n_filters, kernel, stride if number == 1 else 1
            behind = inside if number == len(filters) else None
            block = Convolution(*form, activation=self.activation, batch_norm=self.batch_norm, pooling=behind)
            stage.add_module(f"convolution{number}", block)
            depth = n_filters
        if pooling is not None and inside is None:
            stage.add_module("pooling", pooling)
        if self.map_dropout:
            stage.add_module("dropout", nn.Dropout2d(self.map_dropout))
        return stage, maps.after(depth, window, window)

    def _head(self, shape: ImageShape) -> nn.Sequential:
        """Maps to outputs."""
        average = self.head == "average"
        head = nn.Sequential(*([nn.AdaptiveAvgPool2d(1)] if average else []), nn.Flatten())
        width = shape.channels if average else int(np.prod(shape))
        for size in self.hidden_layer_sizes:
            layers = [nn.Linear(width, size * units_per_output(self.activation)), activation_of(self.activation)]
            head.extend([nn.Dropout(self.dropout), *layers] if self.dropout else layers)
            width = size
        return head.extend([*([nn.Dropout(self.dropout)] if self.dropout else []), nn.Linear(width, self._n_outputs)])

    def _per_stage(self, name: str) -> list[int]:
        """Values of a parameter for each stage."""
        value, n = getattr(self, name), len(self.filters)
        values = [value] * n if isinstance(value, (int, np.integer)) else list(value)
        if len(values) != n or not all(isinstance(v, (int, np.integer)) and v >= 1 for v in values):
            raise DataError(
                f"{name} must be a whole number of at least 1, or one for each of the {n} stages, got {value!r}."
            )
        return [int(v) for v in values]


def _each(filters: Any) -> list[tuple[int, ...]]:
    """Filters of each stage as tuples."""
    whole = (int, np.integer)
    stages: list[tuple[int, ...]] = [(int(each),) if isinstance(each, whole) else tuple(each) for each in filters]
    if not stages or not all(stage and all(isinstance(n, whole) and n >= 1 for n in stage) for stage in stages):
        raise DataError(
            f"filters must name at least one stage, each a whole number or a tuple of them, got {filters!r}."
        )
    return stages
