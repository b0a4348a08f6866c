r"""The door of `fit` for trees and forests: what comes in is checked once, and leaves as plain arrays.

    X   numbers, NaN where missing; categories as codes
    y   class codes 0 … K-1, or numbers; one column an output
    w   sample weight times class weight, or None

"balanced" class weights are n / (K n_k), so that each class k weighs n / K, however few its rows are; with several
outputs the weights of the outputs multiply.

Fractions become numbers here: `min_samples_leaf = 0.1` is ceil(0.1 n) rows, `max_features = "sqrt"` is the whole part
of the root of p. Course note 000 §4.2.
"""

from math import ceil
from numbers import Integral
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.sparse import issparse
from sklearn.base import is_classifier
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_n_features, _check_sample_weight, check_array, validate_data

from panlearn.core.categorical_columns import CategoricalColumns, encode_columns, learn_columns, n_categories
from panlearn.core.errors import DataError

if TYPE_CHECKING:
    from panlearn.tree.growth_settings import GrowthSettings

FLOATS = [np.float64, np.float32]


class TrainingData(NamedTuple):
    """Checked rows of a tree or forest."""

    X: Any  # (n, p) float64 or float32 array with NaN where missing, or CSC matrix
    y: np.ndarray  # (n, outputs): class codes int64, or targets float64
    weight: np.ndarray | None  # (n,) float64
    columns: CategoricalColumns  # levels of the categorical columns
    n_categories: np.ndarray  # (p,) int32; 0 for a numeric column
    n_classes: np.ndarray  # (outputs,) intp; ones in regression
    classes: list[np.ndarray]  # the labels of each output in the order of their codes; empty in regression


def training_data(
    estimator: Any, X: Any, y: Any, sample_weight: Any = None, *, class_weight: Any = None, check_input: bool = True
) -> TrainingData:
    """Check and convert the data of `fit`; sets `n_features_in_` and `feature_names_in_`.

    Parameters
    ----------
    estimator : estimator
        Whose `categorical_features` and, in regression, `criterion` count.
    X : array-like, frame or sparse matrix of shape (n, p)
        Features.
    y : array-like of shape (n,) or (n, outputs)
        Labels for a classifier, else numbers.
    sample_weight : array-like of shape (n,), optional
        Weights of the rows, at least 0.
    class_weight : dict, list of dict or "balanced", optional
        Weights of the classes.
    check_input : bool, default=True
        False where X is known to be a checked array.

    Returns
    -------
    TrainingData
        Arrays that need no further check.

    Raises
    ------
    ValueError
        If the data cannot be used.
    """
    X, y, columns = _checked(estimator, X, y) if check_input else (X, y, CategoricalColumns((None,) * X.shape[1]))
    estimator.n_features_in_ = X.shape[1]
    y = np.atleast_1d(y)
    targets = y.reshape(-1, 1) if y.ndim == 1 else y
    if not is_classifier(estimator):
        targets = np.ascontiguousarray(targets, dtype=np.float64)
        _check_regression(estimator, targets)
    if len(targets) != X.shape[0]:
        raise DataError(f"Number of labels={len(targets)} does not match number of samples={X.shape[0]}")
    if sample_weight is not None:
        sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    codes, classes = _encode(targets) if is_classifier(estimator) else (targets, [])
    if class_weight is not None:
        factors = compute_sample_weight(class_weight, targets)
        sample_weight = factors if sample_weight is None else factors * sample_weight
    n_classes = np.array([len(c) for c in classes] or [1] * codes.shape[1], dtype=np.intp)
    return TrainingData(X, codes, sample_weight, columns, n_categories(columns), n_classes, classes)


def _checked(estimator: Any, X: Any, y: Any) -> tuple[Any, np.ndarray, CategoricalColumns]:
    columns = learn_columns(X, getattr(estimator, "categorical_features", None))
    # a stored NaN in a sparse matrix is refused, as by scikit-learn
    rules: Any = {"dtype": FLOATS, "accept_sparse": "csc", "ensure_all_finite": True if issparse(X) else "allow-nan"}
    targets: Any = {"ensure_2d": False, "dtype": None}
    separately: Any = (rules, targets)
    if not columns.is_categorical.any():
        try:
            X, y = validate_data(estimator, X, y, validate_separately=separately)
        except ValueError as problem:
            raise _with_remedy(problem) from problem
    else:
        validate_data(estimator, X, y, skip_check_array=True)  # the names of the columns
        X = check_array(encode_columns(X, columns), input_name="X", estimator=estimator, **rules)
        y = check_array(y, input_name="y", estimator=estimator, **targets)
    if issparse(X):
        X.sort_indices()
    return X, y, columns


def prediction_data(estimator: Any, X: Any, columns: CategoricalColumns, *, check_input: bool = True) -> Any:
    """Check and convert the data of `predict`.

    Parameters
    ----------
    estimator : estimator
        Fitted, for the number and names of its features.
    X : array-like, frame or sparse matrix of shape (n, p)
        Features.
    columns : CategoricalColumns
        The levels that `fit` learnt.
    check_input : bool, default=True
        False where X is known to be a checked array.

    Returns
    -------
    ndarray or CSR matrix of shape (n, p)
        Numbers, NaN where missing or unseen.
    """
    if not check_input:
        _check_n_features(estimator, X, reset=False)
        return X
    finite: Any = True if issparse(X) else "allow-nan"
    if not columns.is_categorical.any():
        try:
            return validate_data(estimator, X, accept_sparse="csr", dtype=FLOATS, reset=False, ensure_all_finite=finite)
        except ValueError as problem:
            raise _with_remedy(problem) from problem
    if issparse(X):
        raise DataError("The model has categorical columns, which a sparse X cannot hold. Pass a dense X.")
    validate_data(estimator, X, reset=False, skip_check_array=True)
    return check_array(encode_columns(X, columns), ensure_all_finite=finite, input_name="X", estimator=estimator)


def _with_remedy(problem: ValueError) -> ValueError:
    if "could not convert string" not in str(problem):
        return problem
    return DataError(
        f"{problem}. X holds text in a column that is not categorical: name it in categorical_features, or pass a "
        "frame with a column of text or of a categorical type."
    )


def _encode(targets: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Codes of the labels, (n, outputs), and the labels of each output; one class alone is allowed."""
    if targets.dtype.kind not in "iub":  # whole numbers are labels without a further look
        check_classification_targets(targets)
    codes, classes = np.empty(targets.shape, dtype=np.int64), []
    for k, column in enumerate(targets.T):
        classes.append(np.unique(column))
        codes[:, k] = np.searchsorted(classes[k], column)
    return codes, classes


def _check_regression(estimator: Any, y: np.ndarray) -> None:
    if getattr(estimator, "criterion", None) != "poisson":
        return
    if (y < 0).any():
        raise DataError("Some value(s) of y are negative which is not allowed for Poisson regression.")
    if y.sum() <= 0:
        raise DataError("Sum of y is not positive which is necessary for Poisson regression.")


def growth_settings(estimator: Any, data: TrainingData) -> "GrowthSettings":
    """The estimator's parameters as the numbers that the growth of a tree needs.

    Parameters
    ----------
    estimator : estimator
        With the parameters of a decision tree.
    data : TrainingData
        What it is fitted on.

    Returns
    -------
    GrowthSettings
        Fractions resolved for these rows and columns.
    """
    from panlearn.tree.growth_settings import GrowthSettings

    n, p = data.X.shape
    if estimator.min_samples_split == 1 and isinstance(estimator.min_samples_split, Integral):
        raise DataError(
            f"The 'min_samples_split' parameter of {type(estimator).__name__} must be an int in the range [2, inf) or "
            "a float in the range (0.0, 1.0]. Got 1 instead."
        )
    leaf = _rows(estimator.min_samples_leaf, n)
    total = n if data.weight is None else data.weight.sum()
    return GrowthSettings(
        criterion=estimator.criterion,
        splitter=getattr(estimator, "splitter", "best"),
        max_depth=estimator.max_depth,
        min_samples_split=max(2, _rows(estimator.min_samples_split, n), 2 * leaf),
        min_samples_leaf=leaf,
        min_weight_leaf=float(estimator.min_weight_fraction_leaf * total),
        max_features=features_tried(estimator.max_features, p),
        max_leaf_nodes=estimator.max_leaf_nodes,
        min_impurity_decrease=float(estimator.min_impurity_decrease),
        monotonic_cst=_monotonic(estimator, data),
    )


def _rows(share: float, n: int) -> int:
    return int(share) if isinstance(share, Integral) else ceil(share * n)


def features_tried(max_features: Any, p: int) -> int:
    """Number of features that a node looks at.

    Parameters
    ----------
    max_features : int, float, "sqrt", "log2" or None
        A number, a share, the root or logarithm of p, or all.
    p : int
        Number of features.

    Returns
    -------
    int
        At least 1.

    Examples
    --------
    >>> features_tried("sqrt", 50), features_tried(0.5, 5), features_tried(None, 5)
    (7, 2, 5)
    """
    if max_features is None:
        return p
    if isinstance(max_features, str):
        return max(1, int(np.sqrt(p) if max_features == "sqrt" else np.log2(p)))
    return int(max_features) if isinstance(max_features, Integral) else max(1, int(max_features * p))


def _monotonic(estimator: Any, data: TrainingData) -> np.ndarray | None:
    """Signs of the constraints, those of a classifier on the probability of its second class."""
    if estimator.monotonic_cst is None:
        return None
    signs, p = np.asarray(estimator.monotonic_cst), data.X.shape[1]
    if len(data.n_classes) > 1:
        raise DataError("Monotonicity constraints are not supported with multiple outputs.")
    if data.n_classes[0] > 2:
        raise DataError("Monotonicity constraints are not supported with multiclass classification")
    if signs.shape[0] != p:
        raise DataError(f"monotonic_cst has shape {signs.shape[0]} but the input data X has {p} features.")
    if not np.isin(signs, (-1, 0, 1)).all():
        raise DataError(f"monotonic_cst must be None or an array-like of -1, 0 or 1, but got {np.unique(signs)}")
    if (signs[data.columns.is_categorical] != 0).any():
        raise DataError("Categorical features cannot have monotonic constraints: their levels have no order.")
    return signs.astype(np.int8)
