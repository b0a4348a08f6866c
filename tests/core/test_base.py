"""What estimators share: data at the door of `fit`, labels and codes, class weights, the warning."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.class_weight import compute_class_weight

from panlearn.core.base import Classifier, Estimator
from panlearn.core.blocks import ArrayRows
from panlearn.core.errors import DataError

X, Y = np.arange(8.0).reshape(4, 2), np.array([0.0, 1.0, 2.0, 3.0])


class Plain(Estimator):
    """An estimator without a method."""

    def fit(self, X, y=None):
        """Warn, as one that has not converged does."""
        self._warn_unconverged("the gap is 0.3", "Raise max_iter.")
        return self


class Labels(Classifier):
    """A classifier without a method."""


def rows(*data, model=None, **settings):
    source = (model or Plain())._source(*data, **settings)
    assert isinstance(source, ArrayRows)
    return source.rows


def test_arrays_become_rows():
    model = Plain()
    found = rows(X, Y, [1, 2, 0, 1], model=model)
    assert found.X is X  # no copy
    assert (found.y.tolist(), np.asarray(found.weight).tolist()) == (Y.tolist(), [1, 2, 0, 1])
    assert model.n_features_in_ == 2
    assert rows(X, Y, None).weight is None
    assert rows(X.astype(np.float32), Y, None).X.dtype == np.float32
    assert rows(X.astype(np.int16), Y, None).X.dtype == np.float64
    assert rows(sparse.coo_array(X), Y, None).X.format == "csr"
    named = Plain()
    rows(pd.DataFrame(X, columns=["a", "b"]), Y, None, model=named)
    assert named.feature_names_in_.tolist() == ["a", "b"]


def test_a_source_is_taken_as_it_is():
    source, model = ArrayRows(X, Y), Plain()
    source.feature_names = ["a", "b"]
    assert model._source(source, None, None) is source
    assert model.n_features_in_ == 2
    assert model.feature_names_in_.tolist() == ["a", "b"]
    for extra in ((Y, None), (None, np.ones(4))):
        with pytest.raises(DataError, match="come with a RowSource; pass None for both"):
            model._source(source, *extra)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ((X, Y[:3], None), "inconsistent numbers of samples"),
        ((X[:0], Y[:0], None), "0 sample"),
        ((X[:, 0], Y, None), "Expected 2D array"),
        ((X, [1, 2, np.nan, 3], None), "y contains NaN"),
        ((X, Y, [1, 1, 1, -1]), "Negative values in data passed to `sample_weight`"),
        ((X, Y, [1, 1, 1]), "sample_weight.shape"),
        ((X, Y, [1, 1, 1, np.nan]), "sample_weight contains NaN"),
        ((sparse.csr_array([[np.inf, 1.0]]), [1], None), "Input X contains infinity"),
        ((np.array([["a"], ["b"]]), [1, 2], None), "could not convert string to float"),
    ],
)
def test_edge_cases(data, fault):
    with pytest.raises(ValueError, match=fault):
        rows(*data, y_numeric=True)
    with pytest.raises(ValueError, match="requires y to be passed"):
        rows(X, None, None, model=Labels())


@given(st.lists(st.sampled_from(["ape", "bee", "cat", "dog"]), min_size=2, max_size=30))
def test_codes_stand_for_labels(labels):
    model = Labels()
    if len(set(labels)) == 1:
        with pytest.raises(DataError, match="only one class"):
            model._encode(labels)
        return
    codes = model._encode(labels)
    assert codes.dtype == np.int64
    assert model.classes_.tolist() == sorted(set(labels))
    assert model.classes_[codes].tolist() == labels


@pytest.mark.parametrize("labels", [[True, False], [1, 2], [-1.0, 1.0], ["b", "a"], [2**40, 5]])
def test_labels_of_any_kind(labels):
    model = Labels()
    codes = model._encode(labels)
    assert model.classes_[codes].tolist() == labels


def test_one_class_and_measurements_are_refused():
    with pytest.raises(DataError, match=r"Labels needs samples of at least 2 classes, but y has only one class: .*yes"):
        Labels()._encode(["yes", "yes"])
    with pytest.raises(DataError, match="Check the target column, or stratify the split"):
        Labels()._encode([1])
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        Labels()._encode([0.5, 1.25, 2.75])


def test_class_weights():
    y, own = np.array([0, 0, 0, 1]), np.array([1.0, 2.0, 3.0, 4.0])
    assert Labels()._class_weighted(None, y, None) is None
    assert Labels()._class_weighted(None, y, own) is own

    def weights(class_weight, sample_weight=None):
        return np.asarray(Labels()._class_weighted(class_weight, y, sample_weight))

    balanced = weights("balanced")
    np.testing.assert_allclose(balanced, compute_class_weight("balanced", classes=np.array([0, 1]), y=y)[y])
    assert np.isclose(balanced[:3].sum(), balanced[3:].sum())  # each class weighs the same
    assert weights({0: 1, 1: 5}, own).tolist() == [1, 2, 3, 20]
    assert weights({1: 5}).tolist() == [1, 1, 1, 5]


def test_the_warning_says_what_was_reached_and_what_to_change():
    with pytest.warns(ConvergenceWarning) as caught:
        Plain().fit(X)
    assert str(caught[0].message) == "Plain stopped before it converged: the gap is 0.3. Raise max_iter."
