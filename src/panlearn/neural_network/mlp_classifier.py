"""Multilayer perceptron that classifies: drop-in for scikit-learn's, on torch [rumelhart1986].

    z = W_L f(... f(W_1 x + b_1) ...) + b_L        P(k | x) = softmax(z)_k;  two classes, or labels: sigmoid(z)
    minimise  mean_i w_i (-log P(y_i | x_i)) + alpha / (2 b) sum_l |W_l|^2        b: rows of a batch

Cost of a pass: about 6 n (number of weights) multiplications. It fails where features are on unlike scales
(`standardize=True`), and where a learning rate is too large: the loss then rises, or a clear error says that it is no
number. For small tables boosted trees are mostly better. Course notes: 001 §5-§7, 004 §3-§4.
"""

from typing import Any, ClassVar

import numpy as np
from scipy.special import log_expit, log_softmax
from sklearn.utils import assert_all_finite
from sklearn.utils.metaestimators import available_if
from torch import Tensor

from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.neural_network.canonical_objective import CanonicalObjective, canonical
from panlearn.neural_network.network_classifier import NetworkClassifier
from panlearn.neural_network.perceptron_estimator import PerceptronEstimator


@method(
    "Multilayer perceptron",
    tasks=("binary", "multiclass"),
    notes=("001 5", "001 6", "001 7", "004 3"),
    needs=("scaled",),
    cost=lambda n, p, k: 6.0 * 50 * n * 100 * (p + max(k, 1)),
    settings={"standardize": True, "early_stopping": True},
)
class MLPClassifier(PerceptronEstimator, NetworkClassifier):
    r"""Classifier of dense layers, trained by back-propagation.

    .. math:: \min_{W, b} \frac1n \sum_i -\log P(y_i \mid x_i) + \frac{\alpha}{2b} \sum_l \lVert W_l \rVert^2

    Parameters
    ----------
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
    classes_ : ndarray of shape (K,)
        Labels; for y of shape (n, L), the numbers of the columns. If there is one only, it is always predicted.
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
    XOR, which no line can part (note 001 §5.1):

    >>> import numpy as np
    >>> from panlearn.neural_network import MLPClassifier
    >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> MLPClassifier(4, activation="tanh", solver="lbfgs", random_state=0).fit(X, [0, 1, 1, 0]).predict(X)
    array([0, 1, 1, 0])
    """

    class_weight: ClassVar[Any] = None
    label_smoothing: float = 0.0
    _one_logit: ClassVar[bool] = True
    _multilabel_allowed: ClassVar[bool] = True

    @available_if(PerceptronEstimator._partial_allowed)
    def partial_fit(  # type: ignore[override]  # scikit-learn's order of arguments here
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> "MLPClassifier":
        """Go once through these rows, from where the last call ended.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.
        y : array-like of shape (n,) or (n, L)
            Labels.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.
        classes : array-like of shape (K,), optional
            All labels that will ever come; needed in the first call.

        Returns
        -------
        MLPClassifier
            The fitted estimator.
        """
        self._check_partial()
        NetworkClassifier.partial_fit(self, X, y, classes, sample_weight)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Most probable labels.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n,), or (n, L) of 0 and 1
            Labels.
        """
        return np.repeat(self.classes_, len(self._outputs(X))) if self._one_class() else super().predict(X)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K)
            Each row sums to 1, but for independent labels.
        """
        p = super().predict_proba(X)
        return np.ones_like(p[:, :1]) if self._one_class() else p

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of the probabilities, finite also where those round to 0.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K)
            At most 0.
        """
        z = self._outputs(X, link=False)
        if self._one_class():
            return np.zeros_like(z)
        if self.out_activation_ == "softmax":
            return log_softmax(z, axis=1)
        return log_expit(z) if self._multilabel else np.concatenate([log_expit(-z), log_expit(z)], axis=1)

    @property
    def out_activation_(self) -> str:
        """Softmax for three classes and more, else the logistic function."""
        return "logistic" if self._multilabel or self._n_outputs == 1 else "softmax"

    def _objective(self) -> CanonicalObjective:
        return canonical("cross_entropy" if self.out_activation_ == "softmax" else "binary_cross_entropy")

    def _one_class(self) -> bool:
        """Whether y held one class, which is then sure; scikit-learn's perceptron takes such data too."""
        return len(getattr(self, "classes_", ())) == 1

    def _encode(self, y: Any, least: int = 1) -> np.ndarray:
        assert_all_finite(y, input_name="y")
        return np.require(super()._encode(y, least), requirements="W")  # torch shares its memory

    def _target(self, y: Any, *, reset: bool) -> Tensor:
        if not reset and not hasattr(self, "_run") and self.warm_start and np.ndim(y) == 1:
            found = np.unique(np.asarray(y))
            if not np.array_equal(found, self.classes_):
                raise DataError(
                    "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                    f"Previously got {self.classes_}, `y` has {found}"
                )
        return self._typed(super()._target(y, reset=reset))

    def _strata(self, target: Tensor) -> np.ndarray | None:
        codes = super()._strata(target)
        if codes is None:
            return None
        return codes.astype(bool) if self._n_outputs == 1 else self.classes_[codes]
