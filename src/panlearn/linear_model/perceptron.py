"""The perceptron: the first machine that learned from its errors [rosenblatt1958].

    for each row i with y_i (x_i'w + b) <= 0:     w <- w + eta0 y_i x_i,     b <- b + eta0 y_i

This is stochastic gradient descent on max(0, -y z) with a constant rate. If some hyperplane separates the classes with
margin gamma and |x| <= R, it makes at most (R / gamma)^2 errors, whatever eta0 and the number of rows [novikoff1962];
if none does, the weights cycle for ever, and where they stand at the end is a matter of luck.

Course notes: 001 §4, 000 §2.1 (hyperplane and margin).
"""

from typing import Any, ClassVar

from panlearn.core.registry import method
from panlearn.linear_model.stochastic_gradient_classifier import StochasticClassifier


@method(
    "Perceptron",
    tasks=("binary", "multiclass"),
    notes=("001 4", "000 2.1"),
    needs=("scaled",),
    cost=lambda n, p, k: 30.0 * n * (p + 10) * k,
)
class Perceptron(StochasticClassifier):
    """Linear classification by the perceptron's rule.

    Parameters
    ----------
    penalty : {"l2", "l1", "elasticnet"} or None, default=None
        A penalty on the weights; the perceptron has none.
    alpha : float, default=1e-4
        Its strength, at least 0.
    l1_ratio : float, default=0.15
        Share of L1 in the elastic net.
    fit_intercept : bool, default=True
        Fit an intercept.
    max_iter : int, default=1000
        Most epochs (passes over the rows).
    tol : float or None, default=1e-3
        Stop when the mean loss of an epoch has not improved by `tol` for `n_iter_no_change` epochs; None never stops.
    shuffle : bool, default=True
        Visit the rows in a new order in each epoch.
    verbose : int, default=0
        1 shows progress.
    eta0 : float, default=1.0
        Size of the steps; without a penalty, and from zero weights, it only sets the scale of the weights.
    n_jobs : int, default=None
        Not used: threads are set by `panlearn.threads`.
    random_state : int, RandomState or None, default=0
        Seed of the order and of the rows held out.
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
        Mean loss seen during each epoch, mean over the classes.
    certificate_ : str
        The last of these in words.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If y has one class, or a parameter or the data cannot be used.

    References
    ----------
    [rosenblatt1958], [novikoff1962]

    Examples
    --------
    Separable classes are separated after finitely many errors:

    >>> from panlearn.linear_model import Perceptron
    >>> X, y = [[2.0, 1.0], [3.0, 3.0], [-1.0, -2.0], [-3.0, 0.0]], [1, 1, 0, 0]
    >>> model = Perceptron().fit(X, y)
    >>> model.score(X, y), float(model.loss_curve_[-1])
    (1.0, 0.0)
    """

    loss, learning_rate, power_t, epsilon, average = "perceptron", "constant", 0.5, 0.1, False
    optimizer, batch_size = "sgd", 1
    _parameter_constraints: ClassVar[dict[str, list]] = {
        name: constraint
        for name, constraint in StochasticClassifier._parameter_constraints.items()
        if name not in ("loss", "learning_rate", "power_t", "epsilon", "average", "optimizer", "batch_size")
    }

    def __init__(
        self,
        *,
        penalty: str | None = None,
        alpha: float = 1e-4,
        l1_ratio: float = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        eta0: float = 1.0,
        n_jobs: int | None = None,
        random_state: Any = 0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        class_weight: Any = None,
        warm_start: bool = False,
    ) -> None:
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.eta0 = eta0
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.warm_start = warm_start
