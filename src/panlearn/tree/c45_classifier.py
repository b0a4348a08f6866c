r"""C4.5: ID3 with the gain ratio, thresholds, missing values and pruning [quinlan1993], release 8 [quinlan1996].

    g_R(D, A) = g(D, A) / H_A(D),      H_A(D) = -sum_v |D_v| / |D| log2 |D_v| / |D|

The gain g of an attribute is divided by the information H_A of knowing its branch, which many branches make large. A
ratio can be large because H_A is small, so only attributes with at least the mean gain compete.

- *Numbers* get two branches at a threshold, the largest value of the data that is not above the midpoint; the gain
  pays log2(m) / |D| for choosing among m thresholds.
- *Categories* get a branch each, or one for each group (`group_categories`).
- *Missing values*: gains count known values and are multiplied by their share; a row goes down all branches in
  fractions, and so does it in prediction.
- *Pruning* by the upper bound of the error (`error_based_pruning`), with subtree raising.

Cost: rows times attributes times depth. When it fails: thresholds on single numbers follow an oblique boundary in
steps, and, as every single tree, it changes with few rows; an ensemble predicts better.

Course note 000 §4.2 (4.5), (4.6).
"""

from numbers import Real
from typing import Any, ClassVar

from panlearn.core.constraints import BOOLEAN, Interval, options, validated
from panlearn.core.registry import method
from panlearn.tree.multiway_classifier import NO_LIMIT, MultiwayClassifier
from panlearn.tree.training_data import TrainingData
from panlearn.tree.tree_structure import Tree


@method(
    "C4.5",
    tasks=("binary", "multiclass"),
    notes=("000 4.2",),
    needs=("native",),
    cost=lambda n, p, k: 250.0 * n * p,
)
class C45Classifier(MultiwayClassifier):
    """Quinlan's C4.5, release 8; its options, and those of Weka's J48, stand in brackets.

    Parameters
    ----------
    criterion : {"gain_ratio", "gain"}, default="gain_ratio"
        Gain ratio among attributes of at least mean gain, or the gain alone [C4.5 -g].
    categorical_features : "from_dtype", array-like of bool, int or str, or None, default="from_dtype"
        Columns of categories: those of a categorical, text or bool type in a frame; a mask, indices or names; or none.
    min_samples_leaf : float, default=2
        Least weight of at least two branches of a split [C4.5 -m, J48 -M].
    max_depth : int, optional
        Most questions on a path; no limit by default.
    min_samples_split : float, default=2
        Least weight of a node that may split.
    min_impurity_decrease : float, default=0.0
        Least gain in bits, times the node's share of the weight.
    threshold_correction : bool, default=True
        Take log2(m) / |D| from the gain of the best of m thresholds [J48 -doNotUseMDLcorrection turns it off].
    threshold : {"data", "midpoint"}, default="data"
        A threshold is a value of the data, or halfway between two [J48 -doNotMakeSplitPointActualValue].
    group_categories : bool, default=False
        Merge categories to groups with a branch each, while the gain ratio rises [C4.5 -s]; up to 64 categories.
    collapse : bool, default=True
        Make leaves of subtrees that make no fewer training errors than a leaf [J48 -O turns it off].
    pruning : {"error_based", "reduced_error", "pessimistic", "cost_complexity_cv"} or None, default="error_based"
        By the upper bound of the error, by rows held out [J48 -R], otherwise, or not at all [J48 -U].
    confidence : float, default=0.25
        Confidence of "error_based", in (0, 1]: less prunes more [C4.5 -c, J48 -C].
    subtree_raising : bool, default=True
        Let a branch take the place of its parent in "error_based" [J48 -S turns it off].
    class_weight : dict or "balanced", optional
        Weights of the classes; "balanced" makes them weigh the same.
    random_state : int, RandomState or None, default=None
        Seed of the rows that "reduced_error" and "cost_complexity_cv" keep back [J48 -Q].

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        Labels.
    n_classes_ : int
        Number of classes.
    tree_ : Tree
        The nodes as flat arrays; the impurity is the entropy in bits.
    feature_importances_ : ndarray of shape (p,)
        Decrease of entropy by feature, as shares.
    certificate_ : str
        Training accuracy and size of the tree.
    n_outputs_ : int
        1.
    is_categorical_ : ndarray of shape (p,) or None
        Which features are categories; None if none is.
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
    [quinlan1993], [quinlan1996]; course note 000 §4.2

    Examples
    --------
    Fisher's irises: petals alone separate the species.

    >>> from sklearn.datasets import load_iris
    >>> from panlearn.tree import C45Classifier, export_text
    >>> iris = load_iris()
    >>> model = C45Classifier().fit(iris.data, iris.target)
    >>> model.get_n_leaves(), sorted({iris.feature_names[j] for j in model.tree_.feature if j >= 0})
    (5, ['petal length (cm)', 'petal width (cm)'])
    >>> print(export_text(model, feature_names=iris.feature_names, max_depth=0))
    |--- petal width (cm) <= 0.60
    |   |--- class: 0
    |--- petal width (cm) >  0.60
    |   |--- truncated branch of depth 4
    <BLANKLINE>
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **MultiwayClassifier._parameter_constraints,
        "criterion": [options("gain_ratio", "gain")],
        "threshold_correction": [BOOLEAN],
        "threshold": [options("data", "midpoint")],
        "group_categories": [BOOLEAN],
        "collapse": [BOOLEAN],
        "confidence": [Interval(Real, 0.0, 1.0, closed="right")],
        "subtree_raising": [BOOLEAN],
    }

    def __init__(
        self,
        *,
        criterion: str = "gain_ratio",
        categorical_features: Any = "from_dtype",
        min_samples_leaf: float = 2,
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_impurity_decrease: float = 0.0,
        threshold_correction: bool = True,
        threshold: str = "data",
        group_categories: bool = False,
        collapse: bool = True,
        pruning: str | None = "error_based",
        confidence: float = 0.25,
        subtree_raising: bool = True,
        class_weight: Any = None,
        random_state: Any = None,
    ) -> None:
        self.criterion = criterion
        self.categorical_features = categorical_features
        self.min_samples_leaf = min_samples_leaf
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_impurity_decrease = min_impurity_decrease
        self.threshold_correction = threshold_correction
        self.threshold = threshold
        self.group_categories = group_categories
        self.collapse = collapse
        self.pruning = pruning
        self.confidence = confidence
        self.subtree_raising = subtree_raising
        self.class_weight = class_weight
        self.random_state = random_state

    @validated
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "C45Classifier":
        """Grow and prune the tree.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Features; NaN is missing.
        y : array-like of shape (n,)
            Labels.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.

        Returns
        -------
        C45Classifier
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight)

    def _grown(self, data: TrainingData) -> Tree:
        tree = super()._grown(data)
        if not self.collapse:
            return tree
        from panlearn.tree.error_based_pruning import collapsed_tree

        return collapsed_tree(tree)

    def _rules(self) -> Any:
        from panlearn.tree.multiway_split import Rules

        return Rules(
            ratio=self.criterion == "gain_ratio",
            corrected=bool(self.threshold_correction),
            spread=True,
            from_data=self.threshold == "data",
            grouped=bool(self.group_categories),
            min_leaf=float(self.min_samples_leaf),
            min_split=float(self.min_samples_split),
            max_depth=NO_LIMIT if self.max_depth is None else int(self.max_depth),
            min_decrease=float(self.min_impurity_decrease),
        )
