"""Multilayer perceptron that predicts numbers: drop-in for scikit-learn's, on torch [rumelhart1986].

    z = W_L f(... f(W_1 x + b_1) ...) + b_L
    loss="squared_error"    mean z         (z - y)^2 / 2        summed over the targets of a row
    loss="poisson"          mean e^z       e^z - y z            counts, y >= 0

The objective is the mean loss plus alpha / (2 b) times the squared weights, b rows a batch. Targets in thousands want
scaling as features do: divide them, or learning takes long. Course notes: 001 §5-§7, 004 §3-§4.
"""

from typing import Any, ClassVar

import torch
from sklearn.utils.metaestimators import available_if

from panlearn.core.constraints import options
from panlearn.core.registry import method
from panlearn.neural_network.canonical_objective import CanonicalObjective, canonical
from panlearn.neural_network.network_regressor import NetworkRegressor
from panlearn.neural_network.perceptron_estimator import PerceptronEstimator
from panlearn.neural_network.perceptron_parameters import CONSTRAINTS


@method(
    "Multilayer perceptron",
    tasks=("regression",),
    notes=("001 5", "001 6", "001 7", "004 3"),
    needs=("scaled",),
    cost=lambda n, p, k: 6.0 * 50 * n * 100 * (p + max(k, 1)),
    settings={"standardize": True, "early_stopping": True},
)
class MLPRegressor(PerceptronEstimator, NetworkRegressor):
    r"""Regression by dense layers, trained by back-propagation.

    .. math:: \min_{W, b} \frac1{2n} \sum_i \lVert z(x_i) - y_i \rVert^2 + \frac{\alpha}{2b} \sum_l \lVert W_l \rVert^2

    Parameters
    ----------
    loss : {"squared_error", "poisson"}, default="squared_error"
        Squares, or the deviance of counts.
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of each hidden layer; () is a linear model.
    activation : str, default="relu"
        Of the hidden layers: "identity", "logistic" or "sigmoid", "tanh", "relu", "leaky_relu", "prelu", "elu", "selu",
        "gelu", "silu", "softplus", "maxout".
    solver : str or tuple, default="adam"
        "lbfgs" (all rows at once), "sgd" (with `momentum`), "adam", or "momentum", "nag", "adagrad", "rmsprop",
        "adadelta", "adamw"; or settings such as `panlearn.optimize.RMSProp(rho=0.9)`.
    alpha : float, default=1e-4
        Factor of half the squared weights in the objective, divided by the rows of a batch.
    batch_size : int or "auto", default="auto"
        Rows of a batch; "auto" is min(200, n).
    learning_rate : str or tuple, default="constant"
        Schedule: "constant", "invscaling" and "adaptive" (both for `solver="sgd"` only), or "inverse_time",
        "inverse_sqrt", "step", "cosine", "one_cycle", "plateau", "warm_up"; or an instance of one.
    learning_rate_init : float, default=1e-3
        First learning rate.
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int, default=200
        Most passes over the data; with "lbfgs", iterations.
    shuffle : bool, default=True
        A new order of the rows in each pass.
    random_state : int, RandomState or None, default=None
        Seed of the weights, the order and the validation rows.
    tol : float, default=1e-4
        Least improvement that counts; with "lbfgs", the gradient component to stop at.
    verbose : int, default=0
        1 shows a bar, 2 prints a line a pass.
    warm_start : bool, default=False
        Go on from the weights of the last fit.
    momentum : float, default=0.9
        Of "sgd", "momentum" and "nag".
    nesterovs_momentum : bool, default=True
        Whether the momentum of "sgd" is Nesterov's.
    early_stopping : bool, default=False
        Judge by rows kept aside, and go back to the best weights.
    validation_fraction : float, default=0.1
        Share of the rows kept aside.
    beta_1, beta_2, epsilon : float, default=0.9, 0.999, 1e-8
        Of "adam" and "adamw".
    n_iter_no_change : int, default=10
        Passes without improvement by `tol` that are borne.
    max_fun : int, default=15000
        Most evaluations of "lbfgs".
    dropout : float, default=0.0
        Share of the hidden units dropped in training.
    batch_norm, layer_norm : bool, default=False
        Normalisation before the activations.
    blocks : {"plain", "residual", "highway"}, default="plain"
        Shortcuts round hidden layers of equal width.
    initialization : str, default="sklearn"
        Scheme of the first weights, a name of `panlearn.nn.initialize`.
    standardize : bool, default=False
        Give numeric columns mean 0 and variance 1 by what the first fit saw.
    categorical_features : "from_dtype", array-like of bool, int or str, or None, default=None
        Columns whose values become learned vectors; missing and new values share one.

    Attributes
    ----------
    coefs_ : list of ndarray
        Weights of the linear maps in their order, each (in, out).
    intercepts_ : list of ndarray
        Their biases, each (out,).
    loss_curve_ : list of float
        Mean training loss of each pass, without the penalty.
    loss_, best_loss_ : float
        The last and the least of them; `best_loss_` is None with early stopping.
    validation_scores_ : list of float or None
        Score on the rows kept aside, with early stopping.
    best_validation_score_ : float or None
        The greatest of them.
    history_ : list of Epoch
        Loss, gradient norm, learning rate and validation of each pass.
    n_iter_ : int
        Passes of the last fit.
    t_ : int
        Rows seen.
    n_layers_ : int
        Layers, input and output among them.
    n_outputs_ : int
        Outputs.
    out_activation_ : str
        What makes predictions of outputs.
    module_ : Module
        The network, in torch.
    n_parameters_ : int
        Numbers that were learned.
    certificate_ : str
        Loss reached, gradient norm, best validation score and why training ended.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If a parameter or the data cannot be used, or (DivergenceError) the loss becomes infinite.

    References
    ----------
    [rumelhart1986], [hornik1989]; course notes 001 §5, 004 §3

    Examples
    --------
    Two ReLU units make an absolute value:

    >>> import numpy as np
    >>> from panlearn.neural_network import MLPRegressor
    >>> X = np.linspace(-1, 1, 50)[:, None]
    >>> model = MLPRegressor(hidden_layer_sizes=8, solver="lbfgs", alpha=0, random_state=0).fit(X, abs(X[:, 0]))
    >>> model.predict([[-0.5], [0.0], [0.5]]).round(1) + 0.0
    array([0.5, 0. , 0.5])
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {**CONSTRAINTS, "loss": [options("squared_error", "poisson")]}

    def __init__(
        self,
        loss: str = "squared_error",
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
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            n_iter_no_change=n_iter_no_change,
            max_fun=max_fun,
            dropout=dropout,
            batch_norm=batch_norm,
            layer_norm=layer_norm,
            blocks=blocks,
            initialization=initialization,
            standardize=standardize,
            categorical_features=categorical_features,
        )
        self.loss = loss

    @available_if(PerceptronEstimator._partial_allowed)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> "MLPRegressor":
        """Go once through these rows, from where the last call ended.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.
        y : array-like of shape (n,) or (n, k)
            Targets.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        MLPRegressor
            The fitted estimator.
        """
        self._check_partial()
        NetworkRegressor.partial_fit(self, X, y, sample_weight)
        return self

    @property
    def out_activation_(self) -> str:
        """The exponential for counts, else the identity."""
        return "exp" if self.loss == "poisson" else "identity"

    def _objective(self) -> CanonicalObjective:
        return canonical(self.loss)

    def _float_type(self) -> torch.dtype:
        return getattr(torch, self._columns.dtype)
