"""Any torch module as a classifier.

    minimise over theta   1/n sum_i w_i loss(z_i, y_i) + l1 |W|_1 + l2/2 |W|^2,   z_i = module_theta(x_i)

by the training engine: batches cut from tensors, a fused optimiser on one vector of all parameters, schedules, early
stopping, checkpoints. The module returns logits; the estimator makes probabilities of them.

Cost: epochs times three forward passes. It fails where the module cannot be trained: see `diagnostics`.
Course notes: 001 §5-§7, 004 §7.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor

from panlearn.core.constraints import options
from panlearn.core.registry import method
from panlearn.neural_network.network_classifier import NetworkClassifier
from panlearn.neural_network.training.objective import softmax
from panlearn.neural_network.user_module import UserModule


@method(
    "Network of any architecture, for classes",
    tasks=(),
    notes=("001 5", "004 7"),
    cost=lambda n, p, k: 1e4 * n * (p + k),
)
class NeuralClassifier(UserModule, NetworkClassifier):
    """A torch module as a scikit-learn classifier.

    Parameters
    ----------
    module : Module, class, callable or None, default=None
        The network: a class or function that builds it from `module_params`, or a built one, which is copied. It
        returns logits (b, K). Arguments of the constructor called `n_features` and `n_outputs` are filled in. None: one
        hidden layer of 100 rectified units.
    module_params : dict, optional
        Arguments of the class.
    loss : {"cross_entropy", "binary_cross_entropy"} or callable, default="cross_entropy"
        "binary_cross_entropy": one logit for two classes. A callable gets (logits, codes) and returns a loss for each
        row, or their mean where rows have no weights; it may be one of `torch.nn` or `torch.nn.functional`.
    dtype : {"float32", "float64", "keep"}, default="float32"
        Of floating-point inputs, and with "float64" of the network. "keep" leaves X as it is, so that an array of whole
        numbers can be tokens; in tensors and sequences they always stay whole.
    optimizer : str or settings, default="adam"
        A name, or settings of `panlearn.optimize`.
    learning_rate : float, default=1e-3
        Size of a step.
    learning_rate_schedule : str or schedule, default="constant"
        How the rate changes.
    max_epochs : int, default=20
        Passes over the data.
    batch_size : int, default=64
        Rows of a step.
    l1, l2 : float, default=0.0
        Penalties on the weights.
    max_norm : float, optional
        Largest norm of the weights into a neuron.
    clipping : GradientClipping, optional
        Bound on the gradient.
    early_stopping : bool or EarlyStopping, default=False
        Keep rows aside, stop when the network no longer gets better on them, and go back to the best.
    validation_fraction : float, default=0.1
        Share of the rows kept aside.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes.
    label_smoothing : float, default=0.0
        Share of each label spread over all classes.
    precision : {"float32", "bfloat16", "float16"}, default="float32"
        Of products.
    compile : bool, default=False
        Whether `torch.compile` translates the module.
    device : str, default="auto"
        "auto" takes a GPU where there is one.
    warm_start : bool, default=False
        Start from the weights of the last fit.
    callbacks : sequence of Callback, default=()
        What looks at the run.
    random_state : int, RandomState or None, default=None
        Seed of the weights, of the order of rows, and of dropout.
    verbose : int, default=0
        1 shows progress.

    Attributes
    ----------
    module_ : Module
        The trained network.
    classes_ : ndarray of shape (K,)
        Labels.
    history_ : list of Epoch
        Loss, gradient norm, rate and validation of each pass.
    loss_curve_ : list of float
        Training loss of each pass.
    n_iter_ : int
        Passes made.
    n_parameters_ : int
        Numbers in the network.
    certificate_ : str
        Loss, gradient norm and validation score, in words.
    n_features_in_ : int
        Number of features, where X is a table.

    Raises
    ------
    ValueError
        If the data cannot be used, or the module's answers do not fit them.

    References
    ----------
    [goodfellow2016]; course notes 001 §5-§7, 004 §7

    Examples
    --------
    XOR has no linear solution: a module without a hidden layer stays at chance, one with a hidden layer does not.

    >>> import numpy as np
    >>> from torch import nn
    >>> from panlearn.neural_network import NeuralClassifier
    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 8), np.array([0, 1, 1, 0] * 8)
    >>> settings = dict(max_epochs=100, learning_rate=0.05, random_state=0)
    >>> hidden = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))
    >>> NeuralClassifier(nn.Linear(2, 2), **settings).fit(X, y).score(X, y) <= 0.75
    True
    >>> NeuralClassifier(hidden, **settings).fit(X, y).score(X, y)
    1.0
    """

    _multilabel_allowed: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **UserModule._parameter_constraints,
        **NetworkClassifier._parameter_constraints,
        "loss": [options("cross_entropy", "binary_cross_entropy"), callable],
    }

    def __init__(
        self,
        module: Any = None,
        *,
        module_params: dict | None = None,
        loss: Any = "cross_entropy",
        dtype: str = "float32",
        optimizer: Any = "adam",
        learning_rate: float = 1e-3,
        learning_rate_schedule: Any = "constant",
        max_epochs: int = 20,
        batch_size: int = 64,
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
        device: Any = "auto",
        warm_start: bool = False,
        callbacks: Any = (),
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.module = module
        self.module_params = module_params
        self.loss = loss
        self.dtype = dtype
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

    def _width(self, n_classes: int) -> int:
        return 1 if self.loss == "binary_cross_entropy" and n_classes == 2 else n_classes

    def _link(self) -> Callable[[Tensor], Tensor]:
        return softmax if self._n_outputs > 1 and not self._multilabel else torch.sigmoid

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True  # pyright: ignore[reportOptionalMemberAccess]
        return tags
