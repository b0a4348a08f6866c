"""Bagging for classification [breiman1996]: the mean of the members' probabilities, or of their votes.

A member with `predict_proba` gives its probabilities, any other a vote for one class. Course notes: 000 §4.3.
"""

from typing import Any, ClassVar

import numpy as np
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from panlearn.core.base import Classifier
from panlearn.core.registry import method
from panlearn.ensemble.bagging import Bagging
from panlearn.ensemble.bagging_members import routed, vote
from panlearn.tree.decision_tree_classifier import DecisionTreeClassifier


def _decides(self: Any) -> bool:
    """Whether the members have a decision function; the error otherwise names them."""
    first = self.estimators_[0] if hasattr(self, "estimators_") else self.estimator
    first.decision_function  # noqa: B018
    return True


@method(
    "Bagging",
    tasks=("binary", "multiclass"),
    notes=("000 4",),
    needs=("codes", "dense"),
    cost=lambda n, p, k: 150.0 * n * p * np.log2(n + 2),
)
class BaggingClassifier(Classifier, Bagging):
    """Average of copies of a classifier, each fitted on its own sample of the rows.

    Parameters
    ----------
    estimator : estimator, optional
        What to copy, with `fit` and `predict`; a `DecisionTreeClassifier` by default.
    n_estimators : int, default=10
        Number of members.
    max_samples : int or float, optional
        Rows drawn for a member: a number, or a share of n; n by default.
    max_features : int or float, default=1.0
        Features drawn for a member: a number, or a share of p.
    bootstrap : bool, default=True
        Draw rows with replacement.
    bootstrap_features : bool, default=False
        Draw features with replacement.
    oob_score : bool, default=False
        Judge the rows by the members that did not see them: accuracy.
    warm_start : bool, default=False
        Add members to those of the last fit.
    n_jobs : int, optional
        Trees of panlearn: most threads, all that `panlearn.threads` allows by default. Others: jobs of joblib, one by
        default.
    random_state : int, RandomState or None, default=None
        Seed of the draws and of the members.
    verbose : int, default=0
        Show progress.

    Attributes
    ----------
    estimator_ : estimator
        What was copied.
    estimators_ : list of estimators
        The members.
    estimators_features_ : list of ndarray
        Features that each member saw.
    estimators_samples_ : list of ndarray
        Rows that each member saw, drawn again from its seed.
    classes_ : ndarray of shape (K,)
        Labels.
    n_classes_ : int
        Number of classes.
    oob_decision_function_ : ndarray of shape (n, K)
        Out-of-bag probabilities, with `oob_score`; 0 where every member saw the row.
    oob_score_ : float
        Out-of-bag score, with `oob_score`.
    certificate_ : str
        Number of members, and the out-of-bag score if there is one.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If more rows or features are asked for than there are, or a member cannot use the data.

    References
    ----------
    [breiman1996]; course notes 000 §4.3

    Examples
    --------
    A full tree changes with every sample; the mean of many does not:

    >>> from sklearn.datasets import load_wine
    >>> from sklearn.model_selection import cross_val_score
    >>> from panlearn.ensemble import BaggingClassifier
    >>> from panlearn.tree import DecisionTreeClassifier
    >>> X, y = load_wine(return_X_y=True)
    >>> tree = DecisionTreeClassifier(random_state=0)
    >>> one, many = (cross_val_score(m, X, y).mean() for m in (tree, BaggingClassifier(tree, 50, random_state=0)))
    >>> bool(many > one)
    True
    """

    _default: ClassVar[type] = DecisionTreeClassifier

    def _encoded(self, y: np.ndarray) -> np.ndarray:
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.n_classes_ = len(self.classes_)
        return codes

    def _judge_out_of_bag(self, X: Any, y: np.ndarray) -> None:
        total, count = self._out_of_bag_sums(X, lambda model, part: vote(model, part, self.n_classes_, {}))
        self.oob_decision_function_ = total / np.maximum(count, 1)[:, None]
        self.oob_score_ = float((total.argmax(axis=1) == y).mean())

    def predict(self, X: Any, **params: Any) -> np.ndarray:
        """Predict the most probable class.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Features.
        **params : dict
            Metadata for the members.

        Returns
        -------
        ndarray of shape (n,)
            Labels.
        """
        codes = self._probabilities(X, routed(self, "predict", params)).argmax(axis=1)
        return self.classes_.take(codes)

    def predict_proba(self, X: Any, **params: Any) -> np.ndarray:
        """Predict probabilities: the mean of the members' probabilities or votes.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Features.
        **params : dict
            Metadata for the members.

        Returns
        -------
        ndarray of shape (n, K)
            Columns in the order of `classes_`.
        """
        return self._probabilities(X, routed(self, "predict_proba", params))

    def _probabilities(self, X: Any, passed: dict[str, Any]) -> np.ndarray:
        return self._mean(self._checked(X), lambda model, part: vote(model, part, self.n_classes_, passed))

    def predict_log_proba(self, X: Any, **params: Any) -> np.ndarray:
        """Predict logarithms of the probabilities.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Features.
        **params : dict
            Metadata for the members.

        Returns
        -------
        ndarray of shape (n, K)
            -inf where no member gives a class any probability.
        """
        passed, X = routed(self, "predict_log_proba", params), self._checked(X)
        if self._packed_members() is not None or not hasattr(self.estimator_, "predict_log_proba"):
            with np.errstate(divide="ignore"):
                return np.log(self._mean(X, lambda model, part: vote(model, part, self.n_classes_, passed)))
        total = np.full((X.shape[0], self.n_classes_), -np.inf)
        for model, features in zip(self.estimators_, self.estimators_features_):
            logs = np.full_like(total, -np.inf)
            every = len(model.classes_) == self.n_classes_
            columns = np.arange(self.n_classes_) if every else model.classes_
            logs[:, columns] = model.predict_log_proba(X[:, features], **passed.get("predict_log_proba", {}))
            total = np.logaddexp(total, logs)
        return total - np.log(len(self.estimators_))

    @available_if(_decides)
    def decision_function(self, X: Any, **params: Any) -> np.ndarray:
        """Mean of the members' decision functions.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Features.
        **params : dict
            Metadata for the members.

        Returns
        -------
        ndarray of shape (n,) or (n, K)
            Positive, or largest, for the class that is predicted.
        """
        check_is_fitted(self)
        passed = routed(self, "decision_function", params).get("decision_function", {})
        return self._mean(self._checked(X), lambda model, part: model.decision_function(part, **passed))

    @classmethod
    def _warm_kernels(cls) -> None:
        X = np.random.default_rng(0).normal(size=(60, 3))
        cls().fit(X, X[:, 0] > 0).predict(X)
