"""Parameters of `MLPClassifier` and `MLPRegressor`: scikit-learn's, in its order, and ours after them."""

from numbers import Integral, Real
from typing import Any

from sklearn.utils._param_validation import Interval, Options

from panlearn.core.constraints import (
    ARRAY,
    BOOLEAN,
    COUNT,
    NONNEGATIVE,
    POSITIVE,
    RANDOM,
    UNIT,
    VERBOSE,
    options,
)
from panlearn.neural_network.training.optimizers import OPTIMIZERS
from panlearn.neural_network.training.schedules import SCHEDULES
from panlearn.nn.activations import ACTIVATIONS
from panlearn.nn.initialization import SCHEMES

SHARE = Interval(Real, 0, 1, closed="left")

CONSTRAINTS: dict[str, list] = {
    "hidden_layer_sizes": [ARRAY, COUNT],
    "activation": [options(*ACTIVATIONS)],
    "solver": [options(*OPTIMIZERS), tuple],
    "alpha": [NONNEGATIVE],
    "batch_size": [options("auto"), COUNT],
    "learning_rate": [options(*SCHEDULES), tuple],
    "learning_rate_init": [POSITIVE],
    "power_t": [NONNEGATIVE],
    "max_iter": [COUNT],
    "shuffle": [BOOLEAN],
    "random_state": [RANDOM],
    "tol": [NONNEGATIVE],
    "verbose": [VERBOSE],
    "warm_start": [BOOLEAN],
    "momentum": [UNIT],
    "nesterovs_momentum": [BOOLEAN],
    "early_stopping": [BOOLEAN],
    "validation_fraction": [SHARE],
    "beta_1": [SHARE],
    "beta_2": [SHARE],
    "epsilon": [POSITIVE],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {float("inf")})],
    "max_fun": [COUNT],
    "dropout": [SHARE],
    "batch_norm": [BOOLEAN],
    "layer_norm": [BOOLEAN],
    "blocks": [options("plain", "residual", "highway")],
    "initialization": [options(*SCHEMES)],
    "standardize": [BOOLEAN],
    "categorical_features": [ARRAY, options("from_dtype"), None],
}


class PerceptronParameters:
    """The constructor, which only stores."""

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        dropout: float = 0.0,
        batch_norm: bool = False,
        layer_norm: bool = False,
        blocks: str = "plain",
        initialization: str = "sklearn",
        standardize: bool = False,
        categorical_features: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.layer_norm = layer_norm
        self.blocks = blocks
        self.initialization = initialization
        self.standardize = standardize
        self.categorical_features = categorical_features
