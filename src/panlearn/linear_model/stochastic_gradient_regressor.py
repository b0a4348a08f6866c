"""Linear regression by stochastic gradient descent [robbins1951], [bottou2010].

    minimise   1/n sum_i loss(x_i'w + b, y_i) + alpha R(w)        one row, or one batch of rows, at a time

with the squared error, Huber's loss, or one that ignores small residuals. For the squared error `LinearRegression` and
`Ridge` have the exact answer; this is for data that do not fit in memory or keep coming (`partial_fit`), for the other
losses, and to see gradient descent at work.

Course notes: 003 §1.5-1.6, 001 §3 and §7.4, 004 §7.1.
"""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import check_random_state

from panlearn.core.constraints import options, validated
from panlearn.core.registry import method
from panlearn.linear_model.stochastic_gradient import LARGEST_SEED, REGRESSION, WORSE, Descent, StochasticGradient


@method(
    "Linear regression by stochastic gradient descent",
    tasks=("regression",),
    notes=("003 1.5-1.6", "001 3", "001 7.4", "004 7.1"),
    needs=("scaled",),
    cost=lambda n, p, k: 100.0 * n * (p + 10),
)
class SGDRegressor(RegressorMixin, StochasticGradient):
    """Linear regression fitted by stochastic gradient descent.

    Parameters
    ----------
    loss : {"squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive"}, default="squared_error"
        The loss of a row; all but the first use `epsilon`.
    penalty : {"l2", "l1", "elasticnet"} or None, default="l2"
        The penalty on the weights.
    alpha : float, default=1e-4
        Strength of the penalty, at least 0.
    l1_ratio : float or None, default=0.15
        Share of L1 in the elastic net.
    fit_intercept : bool, default=True
        Fit an intercept, which is not penalised.
    max_iter : int, default=1000
        Most epochs (passes over the rows) of `fit`.
    tol : float or None, default=1e-3
        Stop when the mean objective of an epoch, or the score on the rows held out, has not improved by `tol` for
        `n_iter_no_change` epochs; None never stops.
    shuffle : bool, default=True
        Visit the rows in a new order in each epoch.
    verbose : int, default=0
        1 shows progress.
    epsilon : float, default=0.1
        Residual up to which a loss is squared (Huber) or 0 (the insensitive ones), in units of y.
    random_state : int, RandomState or None, default=None
        Seed of the order and of the rows held out.
    learning_rate : {"invscaling", "constant", "optimal", "inverse_sqrt", "adaptive", "pa1", "pa2"}, \
default="invscaling"
        Of step t: eta0 / t^power_t, eta0, 1 / (alpha (t0 + t)), eta0 / sqrt(t); "adaptive": eta0, a fifth whenever the
        objective stops falling; "pa1", "pa2": the passive-aggressive steps, bounded by or softened with eta0.
        `power_t=1` gives the 1/t decay.
    eta0 : float, default=0.01
        The first learning rate.
    power_t : float, default=0.25
        Exponent of "invscaling".
    early_stopping : bool, default=False
        Hold out rows, and stop when R^2 on them stops improving.
    validation_fraction : float, default=0.1
        Share of the rows held out.
    n_iter_no_change : int, default=5
        Epochs without improvement before stopping.
    warm_start : bool, default=False
        Start from the weights of the last fit.
    average : bool or int, default=False
        Return the average of the weights over all steps, or over those from this one on.
    optimizer : {"sgd", "momentum", "nag", "adagrad", "rmsprop", "adadelta", "adam"}, default="sgd"
        How a gradient becomes a step; all but "sgd" suit batches. "optimal" means a constant rate for them.
    batch_size : int or "full", default=1
        Rows of a gradient; "full" is batch gradient descent.

    Attributes
    ----------
    coef_ : ndarray of shape (p,)
        Weights.
    intercept_ : ndarray of shape (1,)
        Intercept.
    n_iter_ : int
        Epochs.
    t_ : float
        Steps made, and 1.
    loss_curve_ : ndarray of shape (epochs,)
        Mean objective (loss plus penalty) seen during each epoch; `partial_fit` adds to it.
    certificate_ : str
        The last of these in words.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If the weights leave the range of numbers (the message names the feature to scale), or a parameter or the data
        cannot be used.

    References
    ----------
    [robbins1951], [bottou2010], [polyak1992], [tsuruoka2009], [tan2019] §1.5

    Examples
    --------
    Batch gradient descent multiplies the error along a direction of curvature c by 1 - eta c at each step (note 003
    §1.6): here c = 1, eta = 1/2.

    >>> from panlearn.linear_model import SGDRegressor
    >>> descent = SGDRegressor(
    ...     alpha=0, fit_intercept=False, learning_rate="constant", eta0=0.5, batch_size="full", max_iter=3, tol=None
    ... )
    >>> descent.fit([[-1.0], [1.0]], [-8.0, 8.0]).coef_.tolist()
    [7.0]
    """

    loss_functions: ClassVar[dict[str, tuple]] = REGRESSION
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **StochasticGradient._parameter_constraints,
        "loss": [options(*REGRESSION)],
    }

    def __init__(
        self,
        loss: str = "squared_error",
        *,
        penalty: str | None = "l2",
        alpha: float = 1e-4,
        l1_ratio: float | None = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        epsilon: float = 0.1,
        random_state: Any = None,
        learning_rate: str = "invscaling",
        eta0: float = 0.01,
        power_t: float = 0.25,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        warm_start: bool = False,
        average: bool | int = False,
        optimizer: str = "sgd",
        batch_size: int | str = 1,
    ) -> None:
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.epsilon = epsilon
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.average = average
        self.optimizer = optimizer
        self.batch_size = batch_size

    @validated
    def fit(
        self, X: Any, y: Any, coef_init: Any = None, intercept_init: Any = None, sample_weight: Any = None
    ) -> "SGDRegressor":
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features, on like scales.
        y : array-like of shape (n,)
            Targets.
        coef_init : array-like of shape (p,), optional
            Weights to start from.
        intercept_init : float or array-like of shape (1,), optional
            Intercept to start from.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0: factors on their steps.

        Returns
        -------
        SGDRegressor
            The fitted estimator.
        """
        self._check()
        rows = self._data(X, y, sample_weight, reset=True, y_numeric=True)
        start = self._fresh((1, rows.X.shape[1]), coef_init, intercept_init)
        end = self._pass(rows, start, self.max_iter)
        self.loss_curve_ = end.curve
        self._report(rows.X, WORSE * float(self._loss().values(0.0, rows.y).mean()))
        return self

    @validated
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> "SGDRegressor":
        """Go once through these rows, from where the last call ended.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.
        y : array-like of shape (n,)
            Targets.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        SGDRegressor
            The fitted estimator.
        """
        self._check(partial=True)
        first = not hasattr(self, "coef_")
        rows = self._data(X, y, sample_weight, reset=first, y_numeric=True)
        start = self._fresh((1, rows.X.shape[1])) if first else self._resumed(1)
        end = self._pass(rows, start, 1)
        self.loss_curve_ = np.append([] if first else self.loss_curve_, end.curve)
        return self

    def _pass(self, rows: Any, start: Descent, epochs: int) -> Descent:
        held = self._held_out(rows.y, rows.weight)
        seed = check_random_state(self.random_state).randint(0, LARGEST_SEED)
        rule = self._rule(seed, -1.0, (1.0, 1.0), not isinstance(rows.X, np.ndarray))
        end = self._learn(rows, held, [rule], start, epochs)
        self._keep(end, rows.X.dtype, single=True)
        return end

    def predict(self, X: Any) -> np.ndarray:
        """Predict targets.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n,)
            x'w + b.
        """
        return self._raw(X)[:, 0]

    @classmethod
    def _warm_kernels(cls) -> None:
        """Compile the kernels for dense and sparse rows."""
        from scipy.sparse import csr_array

        X = np.eye(4)
        for Z in (X, X.astype(np.float32), csr_array(X)):
            cls(max_iter=1, tol=None).fit(Z, X[0])
