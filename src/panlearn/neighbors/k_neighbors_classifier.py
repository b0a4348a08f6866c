"""Classification by the k nearest training points [cover1967].

    P(y = c | x) = sum_{i in N_k(x)} w_i 1(y_i = c) / sum_{i in N_k(x)} w_i,     w_i = 1, or 1 / |x - x_i|

N_k(x) are the k training points nearest to x. Nothing is fitted: the training set is the model, and a large k smooths
the boundary (more bias, less variance). With ever more rows the error for k = 1 comes within twice the least possible.
The search, and all else, is scikit-learn's, as is the meaning of every parameter.

When it fails: columns in unlike units (scale first), many columns without information, of which each adds noise to
every distance, and rare classes under a large k (`panlearn.evaluation.balanced_resample`). A prediction costs p log n
in few columns, n p in many; memory n p.

Course note 001 §1.2 (named among the nonlinear models).
"""

from typing import Any

from sklearn import neighbors as peers

from panlearn.core.base import Estimator
from panlearn.core.registry import method

SEARCHES = {"kd_tree": "k-d tree", "ball_tree": "ball tree", "brute": "all distances"}


@method(
    "k nearest neighbours",
    tasks=("binary", "multiclass"),
    notes=("001 1.2",),
    needs=("scaled",),
    cost=lambda n, p, k: 2.0 * n * n * p,  # of asking for every row
)
class KNeighborsClassifier(peers.KNeighborsClassifier, Estimator):
    """The label that most of the k nearest training points bear.

    Parameters
    ----------
    n_neighbors : int, default=5
        k, at least 1.
    weights : {"uniform", "distance"}, callable or None, default="uniform"
        Votes of the neighbours: one each, 1 / distance, or what a function makes of an array of distances.
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
    classes_ : ndarray of shape (K,)
        Labels.
    effective_metric_ : str or callable
        The distance that is measured.
    effective_metric_params_ : dict
        Its arguments.
    n_samples_fit_ : int
        Training rows.
    outputs_2d_ : bool
        Whether y has several columns.
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
    [cover1967]; course note 001 §1.2

    Examples
    --------
    One neighbour repeats a wrong label, five outvote it:

    >>> from panlearn.neighbors import KNeighborsClassifier
    >>> X, y = [[0.0], [1.0], [2.0], [3.0], [4.0]], [0, 0, 1, 0, 0]
    >>> [KNeighborsClassifier(n_neighbors=k).fit(X, y).predict([[2.1]]).tolist() for k in (1, 5)]
    [[1], [0]]
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

    def fit(self, X: Any, y: Any) -> "KNeighborsClassifier":
        """Keep the training rows, in a tree where that is faster.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features; distances, of shape (n, n), for `metric="precomputed"`.
        y : array-like of shape (n,) or (n, outputs)
            Labels.

        Returns
        -------
        KNeighborsClassifier
            The fitted estimator.
        """
        super().fit(X, y)
        self.certificate_ = f"exact neighbours among {self.n_samples_fit_} rows, by {SEARCHES[self._fit_method]}"
        return self
