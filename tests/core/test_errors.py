"""The exceptions fit the tree that their module draws, and scikit-learn's own are the ones re-used."""

import pytest
import sklearn.exceptions

from panlearn.core import errors


def test_tree_is_the_one_drawn():
    assert issubclass(errors.DataError, errors.PanlearnError)
    assert issubclass(errors.ModelFileError, errors.PanlearnError)
    assert not issubclass(errors.ModelFileError, ValueError)
    for name in ("PanlearnError", "DataError", "ModelFileError", "NotFittedError", "ConvergenceWarning"):
        assert name in (errors.__doc__ or "")


def test_scikit_learns_classes_are_not_duplicated():
    assert errors.NotFittedError is sklearn.exceptions.NotFittedError
    assert errors.ConvergenceWarning is sklearn.exceptions.ConvergenceWarning


def test_data_error_is_caught_as_scikit_learns_would_be():
    with pytest.raises(ValueError, match="the remedy"):
        raise errors.DataError("the remedy")
