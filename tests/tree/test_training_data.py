"""The door of fit: targets, weights, fractions, constraints; what it refuses."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.utils.class_weight import compute_sample_weight

from panlearn.core.errors import DataError
from panlearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from panlearn.tree.training_data import features_tried, growth_settings, prediction_data, training_data

X = np.array([[1.0, 2.0], [np.nan, 3.0], [4.0, 5.0], [6.0, 7.0]])


def test_labels_become_codes():
    data = training_data(DecisionTreeClassifier(), X, ["b", "a", "b", "c"])
    np.testing.assert_array_equal(data.y[:, 0], [1, 0, 1, 2])
    np.testing.assert_array_equal(data.classes[0], ["a", "b", "c"])
    np.testing.assert_array_equal(data.n_classes, [3])
    several = training_data(DecisionTreeClassifier(), X, [[5, -1], [7, -1], [5, 2], [9, 2]])
    np.testing.assert_array_equal(several.y, [[0, 0], [1, 0], [0, 1], [2, 1]])
    np.testing.assert_array_equal(several.n_classes, [3, 2])


def test_one_class_is_enough():
    data = training_data(DecisionTreeClassifier(), X, ["a"] * 4)
    np.testing.assert_array_equal(data.y, np.zeros((4, 1)))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_numbers_keep_their_type(kind):
    estimator = DecisionTreeRegressor()
    data = training_data(estimator, X.astype(kind), [1, 2, 3, 4])
    assert (data.X.dtype, data.y.dtype, data.y.shape, estimator.n_features_in_) == (kind, np.float64, (4, 1), 2)
    assert np.isnan(data.X[1, 0])


def test_frame_with_categories():
    frame = pd.DataFrame({"colour": ["red", "blue", None, "red"], "size": [1, 2, 3, 4]})
    estimator = DecisionTreeClassifier()
    data = training_data(estimator, frame, [0, 1, 0, 1])
    np.testing.assert_array_equal(data.n_categories, [2, 0])
    np.testing.assert_array_equal(data.X, [[1, 1], [0, 2], [np.nan, 3], [1, 4]])
    assert estimator.feature_names_in_.tolist() == ["colour", "size"]  # type: ignore[attr-defined]
    again = prediction_data(estimator, frame.assign(colour=["blue", "green", "red", None]), data.columns)
    np.testing.assert_array_equal(again[:, 0], [0, np.nan, 1, np.nan])


@pytest.mark.parametrize("class_weight", ["balanced", {0: 2.0}, None])
def test_weights_multiply(class_weight):
    y, weight = np.array([0, 0, 0, 1]), np.array([1.0, 2.0, 0.0, 4.0])
    data = training_data(DecisionTreeClassifier(), X, y, weight, class_weight=class_weight)
    assert data.weight is not None
    np.testing.assert_allclose(data.weight, weight * compute_sample_weight(class_weight, y))


def test_class_weights_of_several_outputs():
    y = np.array([[0, 1], [0, 0], [0, 1], [1, 1]])
    choice = [{0: 2.0, 1: 3.0}, {0: 5.0, 1: 1.0}]
    data = training_data(DecisionTreeClassifier(), X, y, class_weight=choice)
    assert data.weight is not None
    np.testing.assert_allclose(data.weight, [2.0, 10.0, 2.0, 3.0])


def test_fractions_become_numbers():
    assert [features_tried(m, 50) for m in (None, "sqrt", "log2", 3, 0.5, 1e-9)] == [50, 7, 5, 3, 25, 1]
    estimator = DecisionTreeClassifier(
        min_samples_leaf=0.3, min_samples_split=0.9, min_weight_fraction_leaf=0.25, monotonic_cst=[1, 0]
    )
    data = training_data(estimator, X, [0, 1, 0, 1], [1.0, 2.0, 3.0, 6.0])
    settings = growth_settings(estimator, data)
    assert (settings.min_samples_leaf, settings.min_samples_split, settings.min_weight_leaf) == (2, 4, 3.0)
    np.testing.assert_array_equal(settings.monotonic_cst, [1, 0])


def test_sparse_is_sorted_by_column():
    data = training_data(DecisionTreeRegressor(), sparse.csr_array(np.nan_to_num(X)), [1.0, 2.0, 3.0, 4.0])
    assert (data.X.format, data.X.has_sorted_indices) == ("csc", 1)


@pytest.mark.parametrize(
    ("rows", "y", "weight", "message"),
    [
        (np.where(X == 7, np.inf, X), [0, 1, 0, 1], None, "infinity"),
        (X, [0.5, 1.5, 0.0, 1.0], None, "[Uu]nknown label type"),
        (X, [0, 1, np.nan, 1], None, "NaN"),
        (X, [0, 1, 0], None, "inconsistent numbers of samples|Number of labels"),
        (X, [0, 1, 0, 1], [1.0, -1.0, 1.0, 1.0], "[Nn]egative"),
        (X, [0, 1, 0, 1], [1.0, 1.0], "sample_weight.shape"),
        (X[:0], [], None, "0 sample"),
        (X[:, 0], [0, 1, 0, 1], None, "Expected 2D array"),
        (X, None, None, "requires y|y cannot be None"),
        (np.array([["red"], ["blue"]], dtype=object), [0, 1], None, "name it in categorical_features"),
        (sparse.csr_array(X), [0, 1, 0, 1], None, "NaN"),
    ],
)
def test_bad_data(rows, y, weight, message):
    with pytest.raises(ValueError, match=message):
        training_data(DecisionTreeClassifier(), rows, y, weight)


def test_bad_targets_of_poisson():
    estimator = DecisionTreeRegressor(criterion="poisson")
    with pytest.raises(DataError, match="negative"):
        training_data(estimator, X, [1, 2, -1, 3])
    with pytest.raises(DataError, match="not positive"):
        training_data(estimator, X, [0, 0, 0, 0])


@pytest.mark.parametrize(
    ("signs", "y", "message"),
    [
        ([1], [0, 1, 0, 1], "1 but the input data X has 2"),
        ([2, 0], [0, 1, 0, 1], "-1, 0 or 1"),
        ([1, 0], [0, 1, 2, 1], "multiclass"),
        ([1, 0], [[0, 1], [1, 1], [0, 0], [1, 0]], "multiple outputs"),
    ],
)
def test_bad_constraints(signs, y, message):
    estimator = DecisionTreeClassifier(monotonic_cst=signs)
    with pytest.raises(DataError, match=message):
        growth_settings(estimator, training_data(estimator, X, y))


def test_bad_parameters():
    estimator = DecisionTreeClassifier(min_samples_split=1)
    with pytest.raises(DataError, match="min_samples_split"):
        growth_settings(estimator, training_data(estimator, X, [0, 1, 0, 1]))
    estimator = DecisionTreeClassifier(categorical_features=[0], monotonic_cst=[1, 0])
    with pytest.raises(DataError, match="Categorical features cannot"):
        growth_settings(estimator, training_data(estimator, X, [0, 1, 0, 1]))


def test_prediction_is_checked_like_training():
    estimator = DecisionTreeClassifier(categorical_features=[0])
    data = training_data(estimator, np.array([["x", 1.0], ["y", 2.0]], dtype=object), [0, 1])
    with pytest.raises(ValueError, match="3 features, but"):
        prediction_data(estimator, np.ones((2, 3)), data.columns)
    with pytest.raises(DataError, match="dense"):
        prediction_data(estimator, sparse.csr_array(np.ones((2, 2))), data.columns)
    with pytest.raises(ValueError, match="infinity"):
        prediction_data(estimator, np.array([["x", np.inf]], dtype=object), data.columns)
    frame = pd.DataFrame({"a": ["x", "y"], "b": [1.0, 2.0]})
    data = training_data(DecisionTreeClassifier(), frame, [0, 1])
    estimator = DecisionTreeClassifier()
    training_data(estimator, frame, [0, 1])
    with pytest.raises(ValueError, match="feature names should match"):
        prediction_data(estimator, frame[["b", "a"]], data.columns)
