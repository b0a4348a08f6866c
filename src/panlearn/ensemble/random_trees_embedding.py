"""Random trees as features [moosmann2006]: a row becomes the list of the leaves it falls into.

The trees are grown on a target of pure noise, one random cut a node: they only partition the space, coarsely where rows
are few. Each leaf of each tree is a column, one if the row ends there: a sparse code in which near rows share columns,
so that a linear model on it is a smooth nonlinear one. Cost: that of T shallow trees. No target is used.
Course note: 000 §4.4 (randomness of forests).
"""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_feature_names_in, _num_samples, check_is_fitted

from panlearn.core.constraints import BOOLEAN, validated
from panlearn.core.registry import method
from panlearn.ensemble.forest import Forest
from panlearn.tree.extra_tree_regressor import ExtraTreeRegressor

OWN = (
    "n_estimators",
    "max_depth",
    "min_samples_split",
    "min_samples_leaf",
    "min_weight_fraction_leaf",
    "max_leaf_nodes",
    "min_impurity_decrease",
    "n_jobs",
    "random_state",
    "verbose",
    "warm_start",
)


@method(
    "Random trees embedding",
    tasks=(),
    notes=("000 4",),
    cost=lambda n, p, k: 1000.0 * n * np.log2(n + 2),
)
class RandomTreesEmbedding(TransformerMixin, Forest):
    """One column for each leaf of a forest of random trees.

    Parameters
    ----------
    n_estimators : int, default=100
        Number of trees.
    max_depth : int, default=5
        Most questions on a path; 2 to this power is the most columns a tree gives.
    min_samples_split : int or float, default=2
        Fewest rows of a node that may split; a float is a share of n, rounded up.
    min_samples_leaf : int or float, default=1
        Fewest rows of a leaf; a float is a share of n, rounded up.
    min_weight_fraction_leaf : float, default=0.0
        Least share of the total weight in a leaf.
    max_leaf_nodes : int, optional
        Most leaves of a tree.
    min_impurity_decrease : float, default=0.0
        Least decrease of impurity by a split, times the node's share of the weight.
    sparse_output : bool, default=True
        Return a sparse matrix.
    n_jobs : int, optional
        Most threads; all that `panlearn.threads` allows by default.
    random_state : int, RandomState or None, default=None
        Seed of the trees.
    verbose : int, default=0
        Show progress.
    warm_start : bool, default=False
        Add trees to those of the last fit.

    Attributes
    ----------
    estimator_ : ExtraTreeRegressor
        Kind of the trees, not fitted.
    estimators_ : list of ExtraTreeRegressor
        The trees.
    one_hot_encoder_ : OneHotEncoder
        From leaves to columns.
    feature_importances_ : ndarray of shape (p,)
        Decrease of the noise's impurity: how often and how high up a feature is asked about.
    n_outputs_ : int
        1, the noise.
    certificate_ : str
        Size of the trees.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If the data cannot be used.

    References
    ----------
    [moosmann2006], [geurts2006]; course notes 000 §4.4

    Examples
    --------
    A row is in exactly one leaf of each tree:

    >>> import numpy as np
    >>> from panlearn.ensemble import RandomTreesEmbedding
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> Z = RandomTreesEmbedding(10, random_state=0).fit_transform(X)
    >>> Z.shape[0], set(np.asarray(Z.sum(axis=1)).ravel().tolist())
    (50, {10.0})
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **{name: Forest._parameter_constraints[name] for name in OWN},
        "sparse_output": [BOOLEAN],
    }
    _tree_class: ClassVar[type] = ExtraTreeRegressor
    _splitter: ClassVar[str] = "random"
    _expected_failed_checks: ClassVar[dict[str, str]] = {
        f"check_sample_weight_equivalence_on_{kind}_data": "the noise drawn depends on how many rows there are"
        for kind in ("dense", "sparse")
    }
    criterion = "squared_error"
    max_features = 1

    def __init__(
        self,
        n_estimators: int = 100,
        *,
        max_depth: int | None = 5,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = 0.0,
        sparse_output: bool = True,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
        warm_start: bool = False,
    ) -> None:
        self.n_estimators = n_estimators
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.sparse_output = sparse_output
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "RandomTreesEmbedding":
        """Grow the trees.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.
        y : object, default=None
            Not used.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        RandomTreesEmbedding
            The fitted transformer.
        """
        self.fit_transform(X, y, sample_weight=sample_weight)
        return self

    @validated
    def fit_transform(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """Grow the trees, and return the columns of their leaves.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.
        y : object, default=None
            Not used.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        CSR matrix or ndarray of shape (n, leaves)
            One in the column of a row's leaf in each tree.
        """
        from sklearn.preprocessing import OneHotEncoder

        noise = check_random_state(self.random_state).uniform(size=_num_samples(X))
        self._fit(X, noise, sample_weight)
        self.one_hot_encoder_ = OneHotEncoder(sparse_output=self.sparse_output)
        out = self.one_hot_encoder_.fit_transform(self.apply(X))
        self._n_features_out = out.shape[1]
        return out

    def transform(self, X: Any) -> Any:
        """Columns of the leaves.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        CSR matrix or ndarray of shape (n, leaves)
            One in the column of a row's leaf in each tree.
        """
        check_is_fitted(self)
        return self.one_hot_encoder_.transform(self.apply(X))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns.

        Parameters
        ----------
        input_features : array-like of str, optional
            Names of the features, checked only.

        Returns
        -------
        ndarray of str
            "randomtreesembedding_{tree}_{leaf}".
        """
        check_is_fitted(self, "_n_features_out")
        _check_feature_names_in(self, input_features=input_features, generate_names=False)
        leaves = self.one_hot_encoder_.categories_
        names = [f"randomtreesembedding_{t}_{leaf}" for t in range(self.n_estimators) for leaf in leaves[t]]
        return np.asarray(names, dtype=object)

    @classmethod
    def _warm_kernels(cls) -> None:
        cls(10).fit(np.random.default_rng(0).normal(size=(60, 3)))
