"""The model that classical gradient boosting starts from: a constant, nothing, or any estimator.

    init=None     the constant of least loss         init="zero"   z = 0
    an estimator  z = link(its prediction), or link(its probabilities): the trees then correct its errors

Course notes: 000 §4.6.
"""

from typing import Any

import numpy as np
from sklearn.base import is_classifier

from panlearn.core.errors import DataError
from panlearn.ensemble.gradient_boosting.boosted_loss import EDGE, ExponentialClasses, LogLink
from panlearn.ensemble.gradient_boosting.early_stopping import Rows


def check_init(model: Any) -> None:
    """Refuse an `init` that cannot predict.

    Parameters
    ----------
    model : GradientBoosting
        The estimator.

    Raises
    ------
    ValueError
        If `init` is neither "zero", None nor an estimator.
    """
    init, needed = model.init, "predict_proba" if is_classifier(model) else "predict"
    if init is None or (isinstance(init, str) and init == "zero"):
        return
    if isinstance(init, str) or not (hasattr(init, "fit") and hasattr(init, needed)):
        raise DataError(
            f"The 'init' parameter of {type(model).__name__} must be a str among {{'zero'}}, None or an object "
            f"implementing 'fit' and '{needed}'. Got {init!r} instead."
        )


def fit_initial(model: Any, training: Rows, *, weighted: bool) -> Any:
    """The fitted initial model: `init` itself if it is an estimator, else scikit-learn's dummy, or "zero".

    Parameters
    ----------
    model : GradientBoosting
        The estimator.
    training : Rows
        Rows to fit it on.
    weighted : bool
        Whether the user gave weights.

    Returns
    -------
    estimator or "zero"
    """
    from sklearn.dummy import DummyClassifier, DummyRegressor

    if isinstance(model.init, str):
        return "zero"
    if model.init is not None:
        return _fit_given(model.init, training, weighted)
    if is_classifier(model):
        return DummyClassifier(strategy="prior").fit(training.X, training.y, training.weight)
    loss = model.loss if isinstance(model.loss, str) else ""
    level = {"absolute_error": 0.5, "huber": 0.5, "quantile": model.alpha}.get(loss)
    dummy = DummyRegressor() if level is None else DummyRegressor(strategy="quantile", quantile=level)
    return dummy.fit(training.X, training.y, training.weight)


def _fit_given(init: Any, training: Rows, weighted: bool) -> Any:
    if not weighted:
        return init.fit(training.X, training.y)
    refusal = f"The initial estimator {type(init).__name__} does not support sample weights."
    try:
        return init.fit(training.X, training.y, sample_weight=training.weight)
    except TypeError as problem:
        if "unexpected keyword argument 'sample_weight'" in str(problem):
            raise DataError(refusal) from problem
        raise
    except ValueError as problem:
        if "pass parameters to specific steps of your pipeline using the stepname__parameter" in str(problem):
            raise DataError(refusal) from problem
        raise


def initial_raw(model: Any, X: Any) -> np.ndarray:
    """Raw predictions of the initial model.

    Parameters
    ----------
    model : GradientBoosting
        The estimator.
    X : ndarray or sparse matrix of shape (n, p)
        Rows.

    Returns
    -------
    ndarray of shape (n, k)
    """
    k = model.n_trees_per_iteration_
    if isinstance(model.init, str):
        return np.zeros((X.shape[0], k))
    if model.init is None:
        return np.tile(model._start, (X.shape[0], 1))
    if not is_classifier(model):
        found = np.asarray(model.init_.predict(X), dtype=np.float64).reshape(X.shape[0], k)
        return np.log(np.maximum(found, EDGE)) if isinstance(model._loss, LogLink) else found
    p = np.clip(np.asarray(model.init_.predict_proba(X), dtype=np.float64), EDGE, 1.0 - EDGE)
    if k > 1:
        return np.log(p) - np.log(p).mean(axis=1, keepdims=True)
    half = 0.5 if isinstance(model._loss, ExponentialClasses) else 1.0
    return half * np.log(p[:, 1:] / (1.0 - p[:, 1:]))
