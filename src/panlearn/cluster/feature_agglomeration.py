"""Feature agglomeration: columns instead of rows are merged, and each cluster of columns is pooled into one.

A way to fewer features that keeps them readable: the new ones are means of groups of similar columns, as of
neighbouring pixels with a connectivity, not mixtures of all of them as with PCA.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csr_array, issparse
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from panlearn.cluster.agglomerative_clustering import AgglomerativeClustering
from panlearn.core.constraints import validated
from panlearn.core.registry import method


@method(
    "Feature agglomeration",
    tasks=("decomposition",),
    notes=("001 10.1",),
    needs=("scaled", "dense"),
    cost=lambda n, p, k: 3.0 * p * p * n,
)
class FeatureAgglomeration(ClassNamePrefixFeaturesOutMixin, TransformerMixin, AgglomerativeClustering):
    """Merge similar columns, and pool each group into one column.

    Parameters
    ----------
    n_clusters : int or None, default=2
        Number of groups; None with a `distance_threshold`.
    metric : str or callable, default="euclidean"
        Distance of columns, as in `AgglomerativeClustering`.
    memory : str or joblib.Memory, optional
        Where to keep trees.
    connectivity : array_like, sparse matrix or callable, optional
        Which columns are neighbours, (p, p).
    compute_full_tree : {"auto"} or bool, default="auto"
        With a connectivity, whether to go on below `n_clusters`.
    linkage : {"ward", "complete", "average", "single", "weighted", "centroid", "median"}, default="ward"
        Distance of groups.
    pooling_func : callable, default=np.mean
        Makes one column of several: takes an (n, m) array and `axis=1`.
    distance_threshold : float, optional
        Height at or above which groups do not merge.
    compute_distances : bool, default=False
        Keep `distances_` without a threshold too.

    Attributes
    ----------
    n_clusters_ : int
        Number of groups.
    labels_ : ndarray of shape (p,)
        Group of each column.
    children_, distances_, linkage_matrix_ : ndarray
        The tree, as in `AgglomerativeClustering`, with columns as leaves.
    n_leaves_ : int
        Number of columns p.
    n_connected_components_ : int
        Components of the connectivity.
    certificate_ : str
        Between which heights the tree was cut.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        As `AgglomerativeClustering`.

    References
    ----------
    [ward1963]; course notes 001 §10.1

    Examples
    --------
    >>> import numpy as np
    >>> from panlearn.cluster import FeatureAgglomeration
    >>> X = np.array([[1.0, 1.1, 9.0], [2.0, 2.1, 7.0], [3.0, 3.1, 8.0]])
    >>> FeatureAgglomeration().fit_transform(X)  # two columns that say the same become one
    array([[1.05, 9.  ],
           [2.05, 7.  ],
           [3.05, 8.  ]])
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **AgglomerativeClustering._parameter_constraints,
        "pooling_func": [callable],
    }

    def __init__(
        self,
        n_clusters: int | None = 2,
        *,
        metric: str | Callable = "euclidean",
        memory: Any = None,
        connectivity: Any = None,
        compute_full_tree: str | bool = "auto",
        linkage: str = "ward",
        pooling_func: Callable = np.mean,
        distance_threshold: float | None = None,
        compute_distances: bool = False,
    ) -> None:
        super().__init__(
            n_clusters,  # type: ignore[call-arg]
            metric=metric,
            memory=memory,
            connectivity=connectivity,
            compute_full_tree=compute_full_tree,
            linkage=linkage,
            distance_threshold=distance_threshold,
            compute_distances=compute_distances,
        )
        self.pooling_func = pooling_func

    @validated
    def fit(self, X: Any, y: Any = None) -> "FeatureAgglomeration":
        """Build the tree of the columns and cut it.

        Parameters
        ----------
        X : array_like of shape (n, p)
            Data.
        y : object, optional
            Ignored.

        Returns
        -------
        FeatureAgglomeration
            The fitted estimator.
        """
        X = np.asarray(validate_data(self, X, ensure_min_features=2))
        self._fit(X.T)
        self._n_features_out = self.n_clusters_
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Pool the columns of each group.

        Parameters
        ----------
        X : array_like of shape (n, p)
            Data.

        Returns
        -------
        ndarray of shape (n, k)
            A column a group.
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        if self.pooling_func is np.mean and not issparse(X):
            p, size = len(self.labels_), np.bincount(self.labels_)
            members = csr_array((np.ones(p), self.labels_, np.arange(p + 1)), shape=(p, len(size)))
            return (members.T @ np.asarray(X).T).T / size
        groups = [self.pooling_func(X[:, self.labels_ == g], axis=1) for g in np.unique(self.labels_)]
        return np.array(groups).T

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Give each column the value of its group.

        Parameters
        ----------
        X : array_like of shape (n, k) or (k,)
            Values of the groups.

        Returns
        -------
        ndarray of shape (n, p) or (p,)
            Values of the columns.
        """
        check_is_fitted(self)
        return np.asarray(X)[..., self.labels_]

    @property
    def fit_predict(self) -> Any:
        """Not offered: labels belong to columns, and would be taken for labels of rows."""
        raise AttributeError("FeatureAgglomeration has labels_ of columns, and no fit_predict")
