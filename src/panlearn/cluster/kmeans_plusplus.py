r"""Greedy k-means++: starting centres that are spread as the data are [arthur2007].

The first centre is a row drawn by weight. Each next one is drawn with probability proportional to w_i D_i, where D_i is
the squared distance from row i to the nearest centre so far; of 2 + log k such draws the one that lowers sum_i w_i D_i
most is kept. In expectation the inertia of these centres alone is within a factor O(log k) of the best possible.

Cost: n p k log k, as much as several iterations of k-means. On many dense rows most of it is saved by the triangle
inequality: a candidate c can be nearer to x than x's nearest centre s only if |c - s|^2 < 4 |x - s|^2
(`panlearn.cluster.seeding_kernels`).

When it fails: outliers, which it seeks. Then `init="random"`, or rows without them.

Course notes: 001 §10.1 (step 2, the choice of the centres).
"""

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import _check_sample_weight

from panlearn.cluster.centred_rows import CentredRows
from panlearn.core.errors import DataError


def kmeans_plusplus(
    X: Any,
    n_clusters: int,
    *,
    sample_weight: Any = None,
    x_squared_norms: Any = None,
    random_state: Any = None,
    n_local_trials: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw starting centres by greedy k-means++.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n, p)
        Rows.
    n_clusters : int
        Number of centres, between 1 and n.
    sample_weight : array-like of shape (n,), optional
        Weights of the rows, at least 0.
    x_squared_norms : array-like of shape (n,), optional
        Accepted for compatibility; only its length is looked at.
    random_state : int, RandomState or None, default=None
        Seed.
    n_local_trials : int, optional
        Candidates for each centre, at least 1; 2 + log(k) by default.

    Returns
    -------
    centers : ndarray of shape (n_clusters, p)
        The chosen rows.
    indices : ndarray of shape (n_clusters,)
        Where they stand in X.

    Raises
    ------
    ValueError
        If there are fewer rows than centres, or a parameter or the data cannot be used.

    References
    ----------
    [arthur2007]; course note 001 §10.1

    Examples
    --------
    Three groups of rows, and each gets a centre:

    >>> import numpy as np
    >>> from panlearn.cluster import kmeans_plusplus
    >>> X = np.repeat([[0.0], [10.0], [20.0]], 50, axis=0) + np.random.default_rng(0).normal(size=(150, 1))
    >>> sorted(kmeans_plusplus(X, 3, random_state=0)[1] // 50)
    [np.int64(0), np.int64(1), np.int64(2)]
    """
    kinds: Any = {"accept_sparse": "csr", "dtype": [np.float64, np.float32]}
    X = check_array(X, order="C", **kinds)
    for name, value in (("n_clusters", n_clusters), ("n_local_trials", n_local_trials)):
        if value is not None and (not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1):
            raise DataError(
                f"The {name!r} parameter of kmeans_plusplus must be an int in the range [1, inf). Got {value!r}."
            )
    weight = None if sample_weight is None else _check_sample_weight(sample_weight, X, ensure_non_negative=True)
    if X.shape[0] < n_clusters:
        raise DataError(f"n_samples={X.shape[0]} should be >= n_clusters={n_clusters}.")
    if x_squared_norms is not None and len(x_squared_norms) != X.shape[0]:
        raise DataError(
            f"The length of x_squared_norms {len(x_squared_norms)} should be equal to the length of n_samples "
            f"{X.shape[0]}."
        )
    indices = draw_seeds(CentredRows(X, weight), n_clusters, check_random_state(random_state), n_local_trials)
    picked = X[indices]
    return (picked.toarray() if issparse(picked) else picked), indices


def draw_seeds(data: CentredRows, k: int, random_state: np.random.RandomState, trials: int | None = None) -> np.ndarray:
    """Indices of the rows that greedy k-means++ chooses.

    Parameters
    ----------
    data : CentredRows
        Rows and weights.
    k : int
        Number of centres.
    random_state : RandomState
        Where the draws come from.
    trials : int, optional
        Candidates for each centre.

    Returns
    -------
    ndarray of shape (k,)
        Row numbers.
    """
    trials = trials or 2 + int(np.log(k))
    n = data.X.shape[0]
    p = data.weight / data.weight.sum() if data.weight.size else np.full(n, 1.0 / n)
    indices = np.empty(k, np.int64)
    indices[0] = random_state.choice(n, p=p)
    if data.uses_kernels(k):
        from panlearn.cluster.seeding import PrunedDistances

        distances: Any = PrunedDistances(data, k, trials)
    else:
        distances = AllDistances(data)
    distances.start(indices[0])
    for c in range(1, k):
        candidates = distances.draw(random_state.uniform(size=trials))
        indices[c] = candidates[distances.keep_best(candidates)]
    return indices


class AllDistances:
    """Squared distances to the nearest centre so far, where all are computed: few rows, or sparse ones.

    Parameters
    ----------
    data : CentredRows
        Rows and weights.
    """

    def __init__(self, data: CentredRows) -> None:
        Z = self.Z = data.scaled
        self.weight = data.weight if data.weight.size else None
        self.square = np.asarray(Z.multiply(Z).sum(axis=1)).ravel() if issparse(Z) else np.einsum("ij,ij->i", Z, Z)

    def _to(self, rows: np.ndarray) -> np.ndarray:
        C = self.Z[rows]
        inner = (self.Z @ C.T.toarray()).T if issparse(C) else C @ self.Z.T
        inner *= -2.0
        inner += self.square
        inner += self.square[rows, None]
        return np.maximum(inner, 0.0, out=inner)

    def start(self, first: int) -> None:
        """Make a row the first centre."""
        self.nearest = self._to(np.array([first]))[0]
        self.potential = float(self._weighted(self.nearest).sum())

    def _weighted(self, distances: np.ndarray) -> np.ndarray:
        return distances if self.weight is None else distances * self.weight

    def draw(self, shares: np.ndarray) -> np.ndarray:
        """Rows at which the running sum of the weighted distances passes these shares of the whole."""
        found = np.searchsorted(np.cumsum(self._weighted(self.nearest)), shares * self.potential)
        return np.minimum(found, self.nearest.size - 1)

    def keep_best(self, candidates: np.ndarray) -> int:
        """Add the candidate that leaves the least potential; returns which of them."""
        to = self._to(candidates)
        np.minimum(to, self.nearest, out=to)
        potentials = to.sum(axis=1) if self.weight is None else to @ self.weight
        best = int(np.argmin(potentials))
        self.nearest, self.potential = to[best], float(potentials[best])
        return best
