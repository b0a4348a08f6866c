"""Bagging for regression [breiman1996]: the mean of the members' predictions.

The squared error of the mean is that of the members less their spread around it: members that disagree help most.
Course notes: 000 §4.3.
"""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import RegressorMixin

from panlearn.core.registry import method
from panlearn.ensemble.bagging import Bagging
from panlearn.ensemble.bagging_members import routed
from panlearn.tree.decision_tree_regressor import DecisionTreeRegressor


@method(
    "Bagging",
    tasks=("regression", "counts"),
    notes=("000 4",),
    needs=("codes", "dense"),
    cost=lambda n, p, k: 150.0 * n * p * np.log2(n + 2),
)
class BaggingRegressor(RegressorMixin, Bagging):
    """Average of copies of a regressor, each fitted on its own sample of the rows.

    Parameters
    ----------
    estimator : estimator, optional
        What to copy, with `fit` and `predict`; a `DecisionTreeRegressor` by default.
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
        Judge the rows by the members that did not see them: R squared.
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
    oob_prediction_ : ndarray of shape (n,)
        Out-of-bag predictions, with `oob_score`; 0 where every member saw the row.
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
    A full tree repeats the noise of the rows it has seen; the mean of 50 does so less:

    >>> import numpy as np
    >>> from panlearn.ensemble import BaggingRegressor
    >>> from panlearn.tree import DecisionTreeRegressor
    >>> x = np.linspace(0, 1, 400)[:, None]
    >>> y = x[:, 0] + np.random.default_rng(0).normal(size=400)
    >>> models = DecisionTreeRegressor(), BaggingRegressor(n_estimators=50, random_state=0)
    >>> one, many = (np.mean((model.fit(x[::2], y[::2]).predict(x[1::2]) - x[1::2, 0]) ** 2) for model in models)
    >>> bool(many < 0.7 * one)
    True
    """

    _default: ClassVar[type] = DecisionTreeRegressor

    def _judge_out_of_bag(self, X: Any, y: np.ndarray) -> None:
        from sklearn.metrics import r2_score

        total, count = self._out_of_bag_sums(X, lambda model, part: model.predict(part))
        count = np.maximum(count, 1)
        self.oob_prediction_ = total / (count if total.ndim == 1 else count[:, None])
        self.oob_score_ = float(r2_score(y, self.oob_prediction_))

    def predict(self, X: Any, **params: Any) -> np.ndarray:
        """Predict the mean of the members.

        Parameters
        ----------
        X : array-like, frame or sparse matrix of shape (n, p)
            Features.
        **params : dict
            Metadata for the members.

        Returns
        -------
        ndarray of shape (n,) or (n, outputs)
            Predictions.
        """
        passed = routed(self, "predict", params).get("predict", {})
        found = self._mean(self._checked(X), lambda model, part: model.predict(part, **passed))
        return found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found

    @classmethod
    def _warm_kernels(cls) -> None:
        X = np.random.default_rng(0).normal(size=(60, 3))
        cls().fit(X, X[:, 0]).predict(X)
