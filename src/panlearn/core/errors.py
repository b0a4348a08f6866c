"""Exceptions: each says what is wrong, where, and what to do about it.

    Exception
    ├── PanlearnError                  anything panlearn raises on purpose
    │   ├── DataError (ValueError)     the data cannot be used as they are; the message names the remedy
    │   └── ModelFileError             a model file is missing, damaged, foreign, or from a newer version
    ├── sklearn.exceptions.NotFittedError        predict before fit
    └── (Warning) sklearn.exceptions.ConvergenceWarning   stopped before the certificate reached `tol`

A wrong *parameter* raises scikit-learn's `InvalidParameterError` (a `ValueError`), as its own estimators do. The last
two are scikit-learn's own classes, so that code which catches them keeps working when an import is changed.
"""

from sklearn.exceptions import ConvergenceWarning, NotFittedError

__all__ = ["ConvergenceWarning", "DataError", "ModelFileError", "NotFittedError", "PanlearnError"]


class PanlearnError(Exception):
    """Base of the errors that panlearn raises on purpose.

    Examples
    --------
    >>> issubclass(ModelFileError, PanlearnError)
    True
    """


class DataError(PanlearnError, ValueError):
    """The data cannot be used as they are; the message says what to change.

    It is a `ValueError` as well, because that is what scikit-learn raises for unusable data.

    Examples
    --------
    >>> issubclass(DataError, ValueError)
    True
    """


class ModelFileError(PanlearnError):
    """A file is not a model that this version of panlearn can load, or one cannot be written.

    Examples
    --------
    >>> from panlearn.core.persistence import load
    >>> load("no_such_folder/model.panlearn")
    Traceback (most recent call last):
    panlearn.core.errors.ModelFileError: no file at no_such_folder/model.panlearn: check the path
    """
