"""Regression by the mean of the k nearest training points [stone1977].

    y(x) = sum_{i in N_k(x)} w_i y_i / sum_{i in N_k(x)} w_i,     w_i = 1, or 1 / |x - x_i|

N_k(x) are the k training points nearest to x. Nothing is fitted: the training set is the model. The answer is piecewise
constant (or passes through the training points, with weights 1 / distance), and constant outside the range of the
training points. The search, and all else, is scikit-learn's, as is the meaning of every parameter.

When it fails: columns in unlike units (scale first), many columns without information, extrapolation. A prediction
costs p log n in few columns, n p in many; memory n p.

Course note 001 §1.2 (named among the nonlinear models).
"""

from typing import Any

from sklearn import neighbors as peers

from panlearn.core.base import Estimator
from panlearn.core.registry import method
from panlearn.neighbors.k_neighbors_classifier import SEARCHES


@method(
    "k nearest neighbours",
    tasks=("regression", "counts"),
    notes=("001 1.2",),
    needs=("scaled",),
    cost=lambda n, p, k: 2.0 * n * n * p,  # of asking for every row
)
class KNeighborsRegressor(peers.KNeighborsRegressor, Estimator):
    """The mean of the k nearest training points.

    Parameters
    ----------
    n_neighbors : int, default=5
        k, at least 1.
    weights : {"uniform", "distance"}, callable or None, default="uniform"
        Weights of the neighbours: one each, 1 / distance, or what a function makes of an array of distances.
    algorithm : {"auto", "ball_tree", "kd_tree", "brute"}, default="auto"
        How neighbours are searched; the answer is the same.
    leaf_size : int, default=30
        Points of a leaf of the trees.
    p : float, default=2
        Power of the Minkowski metric: 1 city blocks, 2 Euclidean.
    metric : str or callable, default="minkowski"
        The distance, or "precomputed".
    metric_params : dict, optional
        Further arguments of the metric.
    n_jobs : int, optional
        Jobs of a search; one by default.

    Attributes
    ----------
    effective_metric_ : str or callable
        The distance that is measured.
    effective_metric_params_ : dict
        Its arguments.
    n_samples_fit_ : int
        Training rows.
    certificate_ : str
        That the neighbours are exact, and how they are searched.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If there are fewer training rows than neighbours, or a parameter or the data cannot be used.

    References
    ----------
    [stone1977]; course note 001 §1.2

    Examples
    --------
    Between two points it takes their mean; beyond the last one it stays where it is:

    >>> from panlearn.neighbors import KNeighborsRegressor
    >>> model = KNeighborsRegressor(n_neighbors=2).fit([[0.0], [1.0], [2.0]], [0.0, 10.0, 30.0])
    >>> model.predict([[0.4], [1.6], [99.0]])
    array([ 5., 20., 20.])
    """

    def __init__(
        self,
        n_neighbors: int = 5,
        *,
        weights: Any = "uniform",
        algorithm: str = "auto",
        leaf_size: int = 30,
        p: float = 2,
        metric: Any = "minkowski",
        metric_params: Any = None,
        n_jobs: int | None = None,
    ) -> None:  # the parent's would store a radius as well, which is no parameter
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.algorithm = algorithm
        self.leaf_size = leaf_size
        self.p = p
        self.metric = metric
        self.metric_params = metric_params
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any) -> "KNeighborsRegressor":
        """Keep the training rows, in a tree where that is faster.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features; distances, of shape (n, n), for `metric="precomputed"`.
        y : array-like of shape (n,) or (n, outputs)
            Targets.

        Returns
        -------
        KNeighborsRegressor
            The fitted estimator.
        """
        super().fit(X, y)
        self.certificate_ = f"exact neighbours among {self.n_samples_fit_} rows, by {SEARCHES[self._fit_method]}"
        return self
