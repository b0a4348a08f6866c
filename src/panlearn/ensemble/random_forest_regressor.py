"""The random forest for regression [breiman2001]: the mean of CART trees on bootstrap samples.

By default every node looks at all features, as scikit-learn does: bagging of trees [breiman1996]. `max_features=1/3` is
Breiman's own advice for regression and often better. With `keep_members=True` the forest predicts quantiles
[meinshausen2006]. `panlearn.ensemble.forest` has the whole lesson. Course notes: 000 §4.3, §4.4.
"""

from typing import Any, ClassVar

import numpy as np

from panlearn.core.constraints import BOOLEAN, options
from panlearn.core.registry import method
from panlearn.ensemble.forest import Forest
from panlearn.ensemble.forest_regressor import ForestRegressor
from panlearn.tree.decision_tree_regressor import DecisionTreeRegressor


@method(
    "Random forest",
    tasks=("regression", "counts"),
    notes=("000 4", "004 4"),
    needs=("native",),
    cost=lambda n, p, k: 1500.0 * n * p * np.log2(n + 2),
    settings={"min_samples_leaf": 2, "max_features": 0.5},
)
class RandomForestRegressor(ForestRegressor):
    """Mean of regression trees grown on bootstrap samples.

    Parameters
    ----------
    n_estimators : int, default=100
        Number of trees.
    criterion : {"squared_error", "friedman_mse", "absolute_error", "poisson"}, default="squared_error"
        Impurity: the variance ("friedman_mse" is another name for it), the mean distance from the median, or the mean
        Poisson deviance.
    max_depth : int, optional
        Most questions on a path; no limit by default.
    min_samples_split : int or float, default=2
        Fewest rows of a node that may split; a float is a share of n, rounded up.
    min_samples_leaf : int or float, default=1
        Fewest rows of a leaf; a float is a share of n, rounded up.
    min_weight_fraction_leaf : float, default=0.0
        Least share of a tree's weight in a leaf.
    max_features : int, float, "sqrt", "log2" or None, default=1.0
        Features drawn at each node: a number, a share of p, the root or logarithm of p, or all.
    max_leaf_nodes : int, optional
        Most leaves of a tree; the node with the largest decrease is then split first.
    min_impurity_decrease : float, default=0.0
        Least decrease of impurity by a split, times the node's share of the weight.
    bootstrap : bool, default=True
        Grow each tree on a sample drawn with replacement rather than on all rows.
    oob_score : bool or callable, default=False
        Judge the rows by the trees that did not see them: R squared, or a function of (y_true, y_pred).
    n_jobs : int, optional
        Most threads; all that `panlearn.threads` allows by default. The forest does not depend on it.
    random_state : int, RandomState or None, default=None
        Seed of the samples and of what is drawn at the nodes.
    verbose : int, default=0
        Show progress.
    warm_start : bool, default=False
        Add trees to those of the last fit.
    ccp_alpha : float, default=0.0
        Price of a leaf: each tree is pruned to the smallest that minimises impurity + ccp_alpha times leaves.
    max_samples : int or float, optional
        Rows drawn for a tree: a number, or a share of n; n by default.
    monotonic_cst : array-like of shape (p,), optional
        1 where the prediction may only rise with the feature, -1 where it may only fall, 0 elsewhere.
    categorical_features : "from_dtype", array-like of bool, int or str, or None, default="from_dtype"
        Columns of categories: those of a categorical, text or bool type in a frame; a mask, indices or names; or none.
    max_bins : int, optional
        Merge the values of a numeric feature to at most so many bins, cut only between them; exact by default.
    keep_members : bool, default=False
        Keep the rows in the leaves, 8 bytes a row and tree, for `predict_quantiles`.

    Attributes
    ----------
    estimator_ : DecisionTreeRegressor
        Kind of the trees, not fitted.
    estimators_ : list of DecisionTreeRegressor
        The trees.
    n_outputs_ : int
        Number of targets.
    feature_importances_ : ndarray of shape (p,)
        Decrease of impurity by feature, mean over the trees.
    estimators_samples_ : list of ndarray
        Rows that each tree saw, drawn again from its seed.
    oob_score_ : float
        Out-of-bag score, with `oob_score`.
    oob_prediction_ : ndarray of shape (n,) or (n, outputs)
        Out-of-bag predictions, with `oob_score`.
    is_categorical_ : ndarray of shape (p,) or None
        Which features are categories; None if none is.
    certificate_ : str
        Size, and the out-of-bag score if there is one.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If X holds infinities, or text in a column that is not categorical, or a weight is negative.

    References
    ----------
    [breiman2001], [meinshausen2006]; course notes 000 §4.3

    Examples
    --------
    The middle 80 % of the targets, where the noise grows with x:

    >>> import numpy as np
    >>> from panlearn.ensemble import RandomForestRegressor
    >>> x = np.linspace(0, 1, 2000)
    >>> y = x * np.random.default_rng(0).normal(size=2000)
    >>> model = RandomForestRegressor(min_samples_leaf=40, keep_members=True, random_state=0).fit(x[:, None], y)
    >>> low, high = model.predict_quantiles([[0.2], [0.8]], [0.1, 0.9]).T
    >>> (high - low).round(1)
    array([0.5, 2.3])
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **Forest._parameter_constraints,
        "criterion": [options("squared_error", "friedman_mse", "absolute_error", "poisson")],
        "keep_members": [BOOLEAN],
    }
    _tree_class: ClassVar[type] = DecisionTreeRegressor
    _expected_failed_checks: ClassVar[dict[str, str]] = {
        f"check_sample_weight_equivalence_on_{kind}_data": "the rows drawn at random depend on how many rows there are"
        for kind in ("dense", "sparse")
    }

    def __init__(
        self,
        n_estimators: int = 100,
        *,
        criterion: str = "squared_error",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: Any = 1.0,
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = 0.0,
        bootstrap: bool = True,
        oob_score: Any = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
        warm_start: bool = False,
        ccp_alpha: float = 0.0,
        max_samples: float | None = None,
        monotonic_cst: Any = None,
        categorical_features: Any = "from_dtype",
        max_bins: int | None = None,
        keep_members: bool = False,
    ) -> None:
        self.n_estimators = n_estimators
        self.criterion = criterion
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.bootstrap = bootstrap
        self.oob_score = oob_score
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.ccp_alpha = ccp_alpha
        self.max_samples = max_samples
        self.monotonic_cst = monotonic_cst
        self.categorical_features = categorical_features
        self.max_bins = max_bins
        self.keep_members = keep_members

    @classmethod
    def _warm_kernels(cls) -> None:
        X = np.random.default_rng(0).normal(size=(60, 3))
        model = cls(10).fit(X, X[:, 0])
        model.predict(X)
        model.apply(X)
