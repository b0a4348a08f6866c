"""Linear classification by stochastic gradient descent [robbins1951], [bottou2010].

    two classes   y = -1 or 1:   minimise 1/n sum_i s_i loss(y_i (x_i'w + b)) + alpha R(w)
    K classes     one such problem for each class against the rest; the largest x'w_k + b_k decides

The loss decides what is fitted: "hinge" a linear support vector machine, "log_loss" logistic regression, "perceptron"
the perceptron, "squared_hinge" and "modified_huber" smooth relatives, and the regression losses on the labels -1 and 1.

Course notes: 001 §3, §4 and §7.4, 000 §2, 004 §7.1.
"""

from typing import Any, ClassVar

import numpy as np
from scipy.special import expit
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call
from sklearn.utils.validation import check_is_fitted

from panlearn.core.constraints import options, validated
from panlearn.core.errors import DataError
from panlearn.core.linear_classifier import LinearClassifier
from panlearn.core.registry import method
from panlearn.linear_model.stochastic_gradient import (
    CLASSIFICATION,
    LARGEST_SEED,
    WORSE,
    Descent,
    StochasticGradient,
)


class StochasticClassifier(LinearClassifier, StochasticGradient):
    """Base of `SGDClassifier` and `Perceptron`."""

    loss_functions: ClassVar[dict[str, tuple]] = CLASSIFICATION
    class_weight: Any
    _parameter_constraints: ClassVar[dict[str, list]] = {
        **StochasticGradient._parameter_constraints,
        "loss": [options(*CLASSIFICATION)],
        "n_jobs": [int, None],
        "class_weight": [dict, options("balanced"), None],
    }

    @validated
    def fit(
        self, X: Any, y: Any, coef_init: Any = None, intercept_init: Any = None, sample_weight: Any = None
    ) -> "StochasticClassifier":
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features, on like scales.
        y : array-like of shape (n,)
            Labels.
        coef_init : array-like of shape (p,) or (K, p), optional
            Weights to start from.
        intercept_init : array-like of shape (1,) or (K,), optional
            Intercepts to start from.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0: factors on their steps.

        Returns
        -------
        StochasticClassifier
            The fitted estimator.
        """
        self._check()
        rows = self._data(X, y, sample_weight, reset=True)
        weights, rows = self._coded(rows._replace(y=self._encode(rows.y)), rows.y)
        start = self._fresh((self._columns, rows.X.shape[1]), coef_init, intercept_init)
        end = self._pass(rows, weights, start, self.max_iter)
        self.loss_curve_ = end.curve
        self._report(rows.X, WORSE * float(self._loss().values(0.0, 1.0)))
        return self

    @validated
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> "StochasticClassifier":
        """Go once through these rows, from where the last call ended.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.
        y : array-like of shape (n,)
            Labels.
        classes : array-like of shape (K,), optional
            All labels that will ever come; needed in the first call.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        StochasticClassifier
            The fitted estimator.
        """
        self._check(partial=True)
        if self.class_weight == "balanced":
            raise DataError(
                "class_weight 'balanced' is not supported for partial_fit. In order to use 'balanced' weights, use "
                "compute_class_weight('balanced', classes=classes, y=y). In place of y you can use a large enough "
                "sample of the full training set target to properly estimate the class frequency distributions. Pass "
                "the resulting weights as the class_weight parameter."
            )
        first = not hasattr(self, "coef_")
        rows = self._data(X, y, sample_weight, reset=first)
        _check_partial_fit_first_call(self, classes)
        codes = np.minimum(np.searchsorted(self.classes_, rows.y), len(self.classes_) - 1)
        if len(self.classes_) < 2 or (self.classes_[codes] != rows.y).any():
            raise DataError(
                f"partial_fit needs 2 classes or more, and no label that is not in classes {self.classes_}."
            )
        weights, rows = self._coded(rows._replace(y=codes), rows.y)
        start = self._fresh((self._columns, rows.X.shape[1])) if first else self._resumed(self._columns)
        end = self._pass(rows, weights, start, 1)
        self.loss_curve_ = np.append([] if first else self.loss_curve_, end.curve)
        return self

    @property
    def _columns(self) -> int:
        return 1 if len(self.classes_) == 2 else len(self.classes_)

    def _coded(self, rows: Any, y: np.ndarray) -> tuple[np.ndarray, Any]:
        """Weights of the classes (K,), and the rows."""
        return compute_class_weight(self.class_weight, classes=self.classes_, y=y), rows

    def _pass(self, rows: Any, weights: np.ndarray, start: Descent, epochs: int) -> Descent:
        rng, K = check_random_state(self.random_state), self._columns
        if K == 1:
            rng.randint(1, LARGEST_SEED)  # scikit-learn draws one number more here: the same seed, the same order
        held = self._held_out(rows.y, rows.weight)
        if K == 1:
            rules = [self._problem(rng, 1, (weights[1], weights[0]), rows.X)]
        else:
            rules = []
            for k, seed in enumerate(rng.randint(LARGEST_SEED, size=K)):
                own = np.random.RandomState(seed)
                own.randint(1, LARGEST_SEED)
                rules.append(self._problem(own, k, (weights[k], 1.0), rows.X))
        end = self._learn(rows, held, rules, start, epochs)
        self._keep(end, rows.X.dtype, single=False)
        return end

    def _problem(self, rng: Any, k: int, weights: tuple[float, float], X: Any) -> Any:
        sparse = not isinstance(X, np.ndarray)
        return self._rule(rng.randint(LARGEST_SEED), float(k), (float(weights[0]), float(weights[1])), sparse)


def _has_probabilities(self: Any) -> bool:
    if self.loss not in ("log_loss", "modified_huber"):
        raise AttributeError(f"probability estimates are not available for loss={self.loss!r}")
    return True


@method(
    "Linear classification by stochastic gradient descent",
    tasks=("binary", "multiclass"),
    notes=("001 3", "001 7.4", "004 7.1"),
    needs=("scaled",),
    cost=lambda n, p, k: 100.0 * n * (p + 10) * k,
    settings={"loss": "log_loss"},
)
class SGDClassifier(StochasticClassifier):
    """Linear classification fitted by stochastic gradient descent.

    Parameters
    ----------
    loss : {"hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron", "squared_error", "huber", \
"epsilon_insensitive", "squared_epsilon_insensitive"}, default="hinge"
        The loss of a row.
    penalty : {"l2", "l1", "elasticnet"} or None, default="l2"
        The penalty on the weights.
    alpha : float, default=1e-4
        Strength of the penalty, at least 0; sets the learning rate "optimal" too.
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
        Residual up to which the regression losses are squared (Huber) or 0 (the insensitive ones).
    n_jobs : int, default=None
        Not used: threads are set by `panlearn.threads`.
    random_state : int, RandomState or None, default=None
        Seed of the order and of the rows held out.
    learning_rate : {"optimal", "constant", "invscaling", "inverse_sqrt", "adaptive", "pa1", "pa2"}, default="optimal"
        Of step t: 1 / (alpha (t0 + t)), eta0, eta0 / t^power_t, eta0 / sqrt(t); "adaptive": eta0, a fifth whenever the
        objective stops falling; "pa1", "pa2": the passive-aggressive steps, bounded by or softened with eta0.
    eta0 : float, default=0.01
        The first learning rate; not used by "optimal".
    power_t : float, default=0.5
        Exponent of "invscaling".
    early_stopping : bool, default=False
        Hold out rows, and stop when the accuracy on them stops improving.
    validation_fraction : float, default=0.1
        Share of the rows held out.
    n_iter_no_change : int, default=5
        Epochs without improvement before stopping.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes.
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
    classes_ : ndarray of shape (K,)
        The labels.
    coef_ : ndarray of shape (1, p) or (K, p)
        Weights.
    intercept_ : ndarray of shape (1,) or (K,)
        Intercepts.
    n_iter_ : int
        Epochs, the most of any class.
    t_ : float
        Steps made, and 1.
    loss_curve_ : ndarray of shape (epochs,)
        Mean objective (loss plus penalty) seen during each epoch, mean over the classes; `partial_fit` adds to it.
    certificate_ : str
        The last of these in words.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If the weights leave the range of numbers (the message names the feature to scale), y has one class, or a
        parameter or the data cannot be used.

    References
    ----------
    [robbins1951], [bottou2010], [polyak1992], [tsuruoka2009], [zadrozny2002], [tan2019] §1.5

    Examples
    --------
    The hinge loss asks for a margin of 1: the nearest rows of a wide gap end beside it.

    >>> from panlearn.linear_model import SGDClassifier
    >>> X, y = [[-3.0], [-2.0], [2.0], [3.0]], ["a", "a", "b", "b"]
    >>> model = SGDClassifier(alpha=0.1, fit_intercept=False, max_iter=2000, tol=None, random_state=0).fit(X, y)
    >>> model.decision_function([[-2.0], [2.0]]).round(1).tolist()
    [-1.0, 1.0]
    """

    def __init__(
        self,
        loss: str = "hinge",
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
        n_jobs: int | None = None,
        random_state: Any = None,
        learning_rate: str = "optimal",
        eta0: float = 0.01,
        power_t: float = 0.5,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        class_weight: Any = None,
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
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.average = average
        self.optimizer = optimizer
        self.batch_size = batch_size

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Class probabilities, for the losses "log_loss" and "modified_huber".

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K)
            Of two classes the inverse link of the loss; of more, these for each class against the rest, divided by
            their sum [zadrozny2002].
        """
        check_is_fitted(self)
        z = self.decision_function(X)
        p = expit(z) if self.loss == "log_loss" else (np.clip(z, -1, 1) + 1) / 2
        if p.ndim == 1:
            return np.column_stack([1 - p, p])
        p[p.sum(axis=1) == 0] = 1  # no class wants the row: all are as likely
        return p / p.sum(axis=1, keepdims=True)

    @available_if(_has_probabilities)
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of the class probabilities.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K)
            Log-probabilities, -inf where "modified_huber" gives 0.
        """
        return np.log(self.predict_proba(X))

    @classmethod
    def _warm_kernels(cls) -> None:
        """Nothing of its own: `SGDRegressor` compiles the kernels."""
