r"""ID3: ask about the attribute of largest information gain, with a branch for each of its values [quinlan1986].

    H(D) = -sum_k p_k log2 p_k,      g(D, A) = H(D) - H(D | A) = H(D) - sum_v |D_v| / |D| H(D_v)

D_v are the rows of D with value v of attribute A, p_k the share of class k in D. A node splits until its rows are of
one class, or agree in all attributes; an attribute is used once on a path, since the rows of a branch agree in it. The
gain favours attributes with many values: at the extreme, a number of the row gains most and says nothing. C4.5's gain
ratio was the remedy.

Numbers, of which ID3 knows nothing, get two branches at the best threshold, as in C4.5 but at midpoints; a number named
in `categorical_features` gets a branch for each of its values.

Course note 000 §4.2 (4.1)-(4.4).
"""

from typing import Any

from panlearn.core.constraints import validated
from panlearn.core.registry import method
from panlearn.tree.multiway_classifier import NO_LIMIT, MultiwayClassifier


@method(
    "ID3",
    tasks=("binary", "multiclass"),
    notes=("000 4.2",),
    needs=("native",),
    cost=lambda n, p, k: 200.0 * n * p,
)
class ID3Classifier(MultiwayClassifier):
    """A branch for each category, at the attribute of largest information gain.

    Parameters
    ----------
    categorical_features : "from_dtype", array-like of bool, int or str, or None, default="from_dtype"
        Columns of categories: those of a categorical, text or bool type in a frame; a mask, indices or names; or none.
    max_depth : int, optional
        Most questions on a path; no limit by default.
    min_samples_split : float, default=2
        Least weight of a node that may split.
    min_samples_leaf : float, default=1
        Least weight of at least two branches of a split.
    min_impurity_decrease : float, default=0.0
        Least gain in bits, times the node's share of the weight.
    class_weight : dict or "balanced", optional
        Weights of the classes; "balanced" makes them weigh the same.
    pruning : {"cost_complexity_cv", "reduced_error", "pessimistic", "error_based"}, optional
        Prune the grown tree; ID3 itself does not.
    random_state : int, RandomState or None, default=None
        Seed of the rows that `pruning` keeps back.

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
    [quinlan1986]; course note 000 §4.2

    Examples
    --------
    Exclusive or: no attribute gains anything alone, and ID3 still asks about both.

    >>> import pandas as pd
    >>> from panlearn.tree import ID3Classifier
    >>> X = pd.DataFrame({"a": ["no", "no", "yes", "yes"], "b": ["no", "yes", "no", "yes"]})
    >>> model = ID3Classifier().fit(X, [0, 1, 1, 0])
    >>> model.predict(X).tolist(), model.get_depth()
    ([0, 1, 1, 0], 2)
    """

    def __init__(
        self,
        *,
        categorical_features: Any = "from_dtype",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_impurity_decrease: float = 0.0,
        class_weight: Any = None,
        pruning: str | None = None,
        random_state: Any = None,
    ) -> None:
        self.categorical_features = categorical_features
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_impurity_decrease = min_impurity_decrease
        self.class_weight = class_weight
        self.pruning = pruning
        self.random_state = random_state

    @validated
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "ID3Classifier":
        """Grow the tree.

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
        ID3Classifier
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight)

    def _rules(self) -> Any:
        from panlearn.tree.multiway_split import Rules

        return Rules(
            ratio=False,
            corrected=False,
            spread=False,
            from_data=False,
            grouped=False,
            min_leaf=float(self.min_samples_leaf),
            min_split=float(self.min_samples_split),
            max_depth=NO_LIMIT if self.max_depth is None else int(self.max_depth),
            min_decrease=float(self.min_impurity_decrease),
        )
