"""Any torch module as a regressor, of one target or several.

    minimise over theta   1/n sum_i w_i loss(z_i, y_i) + l1 |W|_1 + l2/2 |W|^2,   z_i = module_theta(x_i)

by the training engine: batches cut from tensors, a fused optimiser on one vector of all parameters, schedules, early
stopping, checkpoints. The module returns one output for each target; with the Poisson loss the mean is its exponential.

Cost: epochs times three forward passes. It fails where the module cannot be trained: see `diagnostics`.
Course notes: 001 §5-§7, 004 §7.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from torch import Tensor

from panlearn.core.constraints import options
from panlearn.core.registry import method
from panlearn.neural_network.network_regressor import NetworkRegressor
from panlearn.neural_network.training.objective import identity
from panlearn.neural_network.user_module import UserModule


@method(
    "Network of any architecture, for numbers",
    tasks=(),
    notes=("001 5", "004 7"),
    cost=lambda n, p, k: 1e4 * n * (p + k),
)
class NeuralRegressor(UserModule, NetworkRegressor):
    """A torch module as a scikit-learn regressor.

    Parameters
    ----------
    module : Module, class, callable or None, default=None
        The network: a class or function that builds it from `module_params`, or a built one, which is copied. It
        returns (b, k), one column a target. Arguments of the constructor called `n_features` and `n_outputs` are
        filled in. None: one hidden layer of 100 rectified units.
    module_params : dict, optional
        Arguments of the class.
    loss : {"squared_error", "absolute_error", "huber", "poisson"} or callable, default="squared_error"
        A callable gets (outputs, targets), both (b, k), and returns a loss for each row, or their mean where rows have
        no weights; it may be one of `torch.nn` or `torch.nn.functional`.
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
    Both coordinates of a circle at once, as two targets of an angle:

    >>> import numpy as np
    >>> from torch import nn
    >>> from panlearn.neural_network import NeuralRegressor
    >>> angle = np.linspace(-np.pi, np.pi, 200)[:, None]
    >>> circle = np.hstack([np.cos(angle), np.sin(angle)])
    >>> network = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 2))
    >>> model = NeuralRegressor(network, max_epochs=100, learning_rate=0.01, random_state=0).fit(angle, circle)
    >>> bool(np.abs(np.linalg.norm(model.predict(angle), axis=1) - 1).max() < 0.2)
    True
    """

    _expected_failed_checks: ClassVar[dict[str, str]] = {
        **UserModule._expected_failed_checks,
        "check_regressor_multioutput": "it wants float64, but a network of float32 answers in float32",
    }
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **UserModule._parameter_constraints,
        **NetworkRegressor._parameter_constraints,
        "loss": [options("squared_error", "absolute_error", "huber", "poisson"), callable],
    }

    def __init__(
        self,
        module: Any = None,
        *,
        module_params: dict | None = None,
        loss: Any = "squared_error",
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
        self.precision = precision
        self.compile = compile
        self.device = device
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose

    def _link(self) -> Callable[[Tensor], Tensor]:
        return identity

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
