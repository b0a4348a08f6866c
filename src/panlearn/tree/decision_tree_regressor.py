"""Regression by one tree [breiman1984]: each leaf predicts the mean (or the median) of its rows.

The value that minimises the criterion over the rows of a leaf is what it predicts: the mean for the squared error and
for Poisson's deviance, the median for the absolute error. With the squared error the best subset of a category's
levels cuts the levels ordered by the mean of y [fisher1958]: k - 1 subsets are enough.

What an output space with a distance changes: an error has a size, so impurity is a spread rather than a mixture.
`panlearn.tree.decision_tree` has the whole lesson. Course notes: 000 §4.1, §4.2.
"""

from typing import Any, ClassVar

import numpy as np

from panlearn.core.constraints import options, validated
from panlearn.core.registry import method
from panlearn.tree.decision_tree import DecisionTree
from panlearn.tree.tree_estimator import TreeRegressor


@method(
    "Regression tree",
    tasks=("regression", "counts"),
    notes=("000 4",),
    needs=("native",),
    cost=lambda n, p, k: 15.0 * n * p * np.log2(n + 2),
    settings={"min_samples_leaf": 20},
)
class DecisionTreeRegressor(DecisionTree, TreeRegressor):
    """A step function: questions about one feature each, down to a leaf with a value.

    Parameters
    ----------
    criterion : {"squared_error", "friedman_mse", "absolute_error", "poisson"}, default="squared_error"
        Impurity: the variance ("friedman_mse" is another name for it), the mean distance from the median, or the mean
        Poisson deviance.
    splitter : {"best", "random"}, default="best"
        The best of all cuts of a feature, or the best feature for one cut of each, drawn at random.
    max_depth : int, optional
        Most questions on a path; no limit by default.
    min_samples_split : int or float, default=2
        Fewest rows of a node that may split; a float is a share of n, rounded up.
    min_samples_leaf : int or float, default=1
        Fewest rows of a leaf; a float is a share of n, rounded up.
    min_weight_fraction_leaf : float, default=0.0
        Least share of the total weight in a leaf.
    max_features : int, float, "sqrt", "log2" or None, default=None
        Features drawn at each node: a number, a share of p, the root or logarithm of p, or all.
    random_state : int, RandomState or None, default=None
        Seed of what is drawn at random.
    max_leaf_nodes : int, optional
        Most leaves; the node with the largest decrease is then split first.
    min_impurity_decrease : float, default=0.0
        Least decrease of impurity by a split, times the node's share of the weight.
    ccp_alpha : float, default=0.0
        Price of a leaf: the tree is pruned to the smallest that minimises impurity + ccp_alpha times leaves.
    monotonic_cst : array-like of shape (p,), optional
        1 where the prediction may only rise with the feature, -1 where it may only fall, 0 elsewhere.
    categorical_features : "from_dtype", array-like of bool, int or str, or None, default="from_dtype"
        Columns of categories: those of a categorical, text or bool type in a frame; a mask, indices or names; or none.
    max_bins : int, optional
        Merge the values of a numeric feature to at most so many bins, cut only between them; exact by default.
    pruning : {"cost_complexity_cv", "reduced_error", "pessimistic", "error_based"}, optional
        Prune the grown tree: at the `ccp_alpha` that five folds find best, by the errors on rows held out, by Quinlan's
        continuity correction, or by C4.5's bound on the error.

    Attributes
    ----------
    max_features_ : int
        Features drawn at each node.
    n_outputs_ : int
        Number of targets.
    feature_importances_ : ndarray of shape (p,)
        Decrease of impurity by feature, as shares.
    tree_ : Tree
        The nodes as flat arrays, under the names that scikit-learn's `tree_` has.
    is_categorical_ : ndarray of shape (p,) or None
        Which features are categories; None if none is.
    certificate_ : str
        What the tree reaches on its own rows, and its size.
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
    [breiman1984], [fisher1958]; course notes 000 §4.2

    Examples
    --------
    Two leaves are means of their rows, on either side of the midpoint between them:

    >>> from panlearn.tree import DecisionTreeRegressor
    >>> model = DecisionTreeRegressor(max_depth=1).fit([[1.0], [2.0], [6.0], [8.0]], [1.0, 3.0, 10.0, 12.0])
    >>> model.tree_.threshold[0], model.predict([[3.9], [4.1]])
    (np.float64(4.0), array([ 2., 11.]))
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **DecisionTree._parameter_constraints,
        "criterion": [options("squared_error", "friedman_mse", "absolute_error", "poisson")],
    }

    def __init__(
        self,
        *,
        criterion: str = "squared_error",
        splitter: str = "best",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: Any = None,
        random_state: Any = None,
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = 0.0,
        ccp_alpha: float = 0.0,
        monotonic_cst: Any = None,
        categorical_features: Any = "from_dtype",
        max_bins: int | None = None,
        pruning: str | None = None,
    ) -> None:
        self.criterion = criterion
        self.splitter = splitter
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.random_state = random_state
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.ccp_alpha = ccp_alpha
        self.monotonic_cst = monotonic_cst
        self.categorical_features = categorical_features
        self.max_bins = max_bins
        self.pruning = pruning

    @validated
    def fit(self, X: Any, y: Any, sample_weight: Any = None, check_input: bool = True) -> "DecisionTreeRegressor":
        """Grow the tree.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Features; NaN is missing.
        y : array-like of shape (n,) or (n, outputs)
            Targets.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0; a row of weight 0 is not used.
        check_input : bool, default=True
            False where X is known to be an array of numbers.

        Returns
        -------
        DecisionTreeRegressor
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, check_input)

    @classmethod
    def _warm_kernels(cls) -> None:
        rng = np.random.default_rng(0)
        X = rng.normal(size=(60, 3))
        cls().fit(X, X[:, 0] + rng.normal(size=60)).predict(X)
