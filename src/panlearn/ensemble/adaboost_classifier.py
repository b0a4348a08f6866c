r"""AdaBoost for classification: SAMME [zhu2009], which is AdaBoost [freund1997] where there are two classes.

    err_t   = sum of the weights w_i with h_t(x_i) != y_i, of the sum of all
    alpha_t = eta (log((1 - err_t) / err_t) + log(K - 1))
    w_i    <- w_i exp(alpha_t) where h_t(x_i) != y_i

    F_k(x)  = sum_t alpha_t (1 if h_t(x) = k else -1 / (K - 1)) / sum_t alpha_t,     y(x) = argmax_k F_k(x)

A copy has to beat chance, err_t < 1 - 1/K, which is all that the theory asks of it. Step by step this minimises the
exponential loss, of which round t leaves the share

    Z_t = (1 - err_t) exp(-alpha_t (K - 1) / K) + err_t exp(alpha_t / K)

so that the product of the Z_t bounds the training error for K = 2: `certificate_` gives it.

Stumps, the default, take one pass over the weights a round: `panlearn.ensemble.stump_boosting`. Cost p n log n once,
then p n m_t / n additions with m_t mistakes. When it fails: mislabelled rows, whose weight grows in every round.

Course note 000 §4.6 (how gradient boosting differs).
"""

import math
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse
from scipy.special import softmax
from sklearn.base import ClassifierMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _num_samples, has_fit_parameter

from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.ensemble.adaboost import AdaBoost, Round, has_defaults, like
from panlearn.ensemble.voting_trees import node_votes, staged_votes, sum_votes
from panlearn.tree.decision_tree_classifier import DecisionTreeClassifier
from panlearn.tree.tree_structure import Tree

DENSE = 50_000_000  # entries up to which sparse rows become an array for stumps


@method(
    "AdaBoost",
    tasks=("binary", "multiclass"),
    notes=("000 4",),
    cost=lambda n, p, k: 50.0 * n * p,
)
class AdaBoostClassifier(ClassifierMixin, AdaBoost):
    """Weak classifiers that vote, each fitted where the ones before were wrong.

    Parameters
    ----------
    estimator : estimator, optional
        What is boosted: any classifier whose fit takes `sample_weight`; a tree of depth 1 by default.
    n_estimators : int, default=50
        Most rounds, at least 1; fewer if a copy makes no mistake, or is no better than chance.
    learning_rate : float, default=1.0
        Factor on the votes, above 0; less needs more rounds.
    random_state : int, RandomState or None, default=None
        Seed of the copies.

    Attributes
    ----------
    estimator_ : estimator
        What was copied.
    estimators_ : list of estimators
        The fitted copies.
    estimator_weights_ : ndarray of shape (n_estimators,)
        Their votes; 0 after the last round.
    estimator_errors_ : ndarray of shape (n_estimators,)
        Their weighted errors; 1 after the last round.
    classes_ : ndarray of shape (K,)
        Labels.
    n_classes_ : int
        K.
    feature_importances_ : ndarray of shape (p,)
        Importances of the copies averaged by their votes, where they have any.
    certificate_ : str
        The exponential loss reached, of 1 at the start.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If the first copy is no better than chance, or the data cannot be used.

    References
    ----------
    [freund1997], [zhu2009]; course note 000 §4.6

    Examples
    --------
    No stump tells a ring from what lies inside, but forty that vote do:

    >>> import numpy as np
    >>> from panlearn.ensemble import AdaBoostClassifier
    >>> X = np.random.default_rng(0).normal(size=(400, 2))
    >>> y = (X**2).sum(axis=1) < 1.4
    >>> [round(AdaBoostClassifier(n_estimators=T).fit(X, y).score(X, y), 2) for T in (1, 40)]
    [0.67, 0.97]
    """

    _expected_failed_checks: ClassVar[dict[str, str]] = dict.fromkeys(
        ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"),
        "rounding decides between stumps that are equally good, and repeats round differently from weights",
    )

    def _set_estimator(self) -> None:
        self.estimator_ = DecisionTreeClassifier(max_depth=1) if self.estimator is None else self.estimator
        self._require_fittable()
        if not has_fit_parameter(self.estimator_, "sample_weight"):
            raise DataError(f"{type(self.estimator_).__name__} doesn't support sample_weight: its fit has to take it.")

    def _boost_all(self, X: Any, y: np.ndarray, weight: np.ndarray) -> None:
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        self.n_classes_ = len(self.classes_)
        if self._can_sort(X):
            self._boost_stumps(X.toarray() if issparse(X) else X, np.searchsorted(self.classes_, y), weight)
        else:
            super()._boost_all(X, y, weight)

    def _can_sort(self, X: Any) -> bool:
        """Whether the copies are plain stumps, and the rows an array of numbers."""
        plain = has_defaults(self.estimator_, DecisionTreeClassifier, "max_depth") and self.estimator_.max_depth == 1
        numbers = X.ndim == 2 and X.dtype.kind in "fiub" and (not issparse(X) or math.prod(X.shape) <= DENSE)
        return plain and numbers

    def _boost_stumps(self, X: np.ndarray, codes: np.ndarray, weight: np.ndarray) -> None:
        from panlearn.ensemble.stump_boosting import boost_stumps
        from panlearn.ensemble.stump_columns import stump_columns
        from panlearn.ensemble.stump_trees import fill_classifier, stump_tree
        from panlearn.tree.ordered_columns import order_columns

        random_state, template = check_random_state(self.random_state), clone(self.estimator_)
        ordered = order_columns(X if X.dtype in (np.float32, np.float64) else X.astype(np.float64))
        columns = stump_columns(ordered, codes, self.n_classes_, weight > 0)
        found = boost_stumps(columns, weight[columns.rows], self.learning_rate, range(self.n_estimators))
        for t, stump in enumerate(found):
            self.estimators_.append(like(template, random_state))
            fill_classifier(self.estimators_[-1], stump_tree(stump, ordered), self.classes_)
            if math.isnan(stump.weight):
                self._drop_last(t)
            else:
                self.estimator_weights_[t], self.estimator_errors_[t] = stump.weight, stump.error

    def _boost(self, t: int, X: Any, y: np.ndarray, weight: np.ndarray, random_state: np.random.RandomState) -> Round:
        copy = self.estimators_[-1]
        wrong = copy.fit(X, y, sample_weight=weight).predict(X) != y
        error = float(np.average(wrong, weights=weight))
        if error <= 0:
            return Round(1.0, 0.0, weight)
        if error >= 1 - 1 / self.n_classes_:
            return Round(math.nan, error, None)
        vote = self.learning_rate * (math.log((1 - error) / error) + math.log(self.n_classes_ - 1))
        with np.errstate(over="ignore"):
            return Round(vote, error, weight * np.exp(vote * wrong))

    def _drop_last(self, t: int) -> None:
        self.estimators_.pop()
        if not self.estimators_:
            raise DataError(
                "BaseClassifier in AdaBoostClassifier ensemble is worse than random, ensemble can not be fit. Boost a "
                "stronger estimator, or look at the labels."
            )

    def _certificate(self) -> str:
        k, rounds = self.n_classes_, len(self.estimators_)
        error, vote = self.estimator_errors_[:rounds], self.estimator_weights_[:rounds]
        with np.errstate(over="ignore"):
            left = (1 - error) * np.exp(-vote * (k - 1) / k) + error * np.exp(vote / k)
        return f"exponential loss {float(np.prod(left)):.3g} after {rounds} round{'s' * (rounds != 1)}"

    def decision_function(self, X: Any) -> np.ndarray:
        """Votes for each class, as shares of all votes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K), or (n,) for two classes
            F_k(x); for two classes F_2(x) - F_1(x), between -2 and 2.
        """
        X = self._checked(X)
        if self.n_classes_ == 1:
            return np.zeros((X.shape[0], 1))
        return self._shares(sum_votes(self.estimators_, self.estimator_weights_, self.classes_, X))

    def staged_decision_function(self, X: Any) -> Iterator[np.ndarray]:
        """Votes after each round.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Yields
        ------
        ndarray of shape (n, K), or (n,) for two classes
            As `decision_function` with the copies so far.
        """
        X, total = self._checked(X), 0.0
        for vote, found in zip(
            self.estimator_weights_,
            staged_votes(self.estimators_, self.estimator_weights_, self.classes_, X),
            strict=False,
        ):
            total += vote
            yield self._shares(found, total)

    def _shares(self, votes: np.ndarray, total: float | None = None) -> np.ndarray:
        votes = votes / (self.estimator_weights_.sum() if total is None else total)
        return votes[:, 1] - votes[:, 0] if self.n_classes_ == 2 else votes

    def _labels(self, decision: np.ndarray) -> np.ndarray:
        return self.classes_.take(decision > 0 if decision.ndim == 1 else decision.argmax(axis=1))

    def predict(self, X: Any) -> np.ndarray:
        """Predict the class of most votes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n,)
            Labels.
        """
        return self._labels(self.decision_function(X))

    def staged_predict(self, X: Any) -> Iterator[np.ndarray]:
        """Predict after each round.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Yields
        ------
        ndarray of shape (n,)
            Labels.
        """
        for decision in self.staged_decision_function(X):
            yield self._labels(decision)

    def _probabilities(self, decision: np.ndarray) -> np.ndarray:
        """Softmax of F / (K - 1), where the exponential loss would have it [zhu2009] eq. 15."""
        if decision.ndim == 1:
            return softmax(np.column_stack([-decision, decision]) / 2, axis=1)
        return softmax(decision / max(1, self.n_classes_ - 1), axis=1)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict probabilities.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K)
            Columns in the order of `classes_`.
        """
        decision = self.decision_function(X)
        return np.ones((_num_samples(X), 1)) if self.n_classes_ == 1 else self._probabilities(decision)

    def staged_predict_proba(self, X: Any) -> Iterator[np.ndarray]:
        """Predict probabilities after each round.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Yields
        ------
        ndarray of shape (n, K)
            As `predict_proba` with the copies so far.
        """
        for decision in self.staged_decision_function(X):
            yield self._probabilities(decision)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Predict logarithms of the probabilities.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, K)
            Columns in the order of `classes_`.
        """
        return np.log(self.predict_proba(X))

    def _shap_trees(self) -> tuple[list[Tree], list[int], list[float], np.ndarray]:
        """The decision function as a sum of trees: trees, output of each (-1: all), factors, constant."""
        total, k = self.estimator_weights_.sum(), self.n_classes_
        if not all(isinstance(getattr(copy, "tree_", None), Tree) for copy in self.estimators_):
            raise DataError(f"Shapley values need panlearn's trees in estimators_, got {self.estimator_!r} there.")
        trees = [
            copy.tree_._replace(value=(votes[:, 1:] - votes[:, :1] if k == 2 else votes)[:, None, :])
            for copy, votes in zip(self.estimators_, node_votes(self.estimators_, self.estimator_weights_), strict=True)
        ]
        return trees, [-1] * len(trees), [1 / total] * len(trees), np.zeros(1 if k == 2 else k)

    @classmethod
    def _warm_kernels(cls) -> None:
        rng = np.random.default_rng(0)
        for dtype in (np.float64, np.float32):
            X = rng.normal(size=(60, 3)).astype(dtype)
            for y in (X[:, 0] > 0, np.digitize(X[:, 0], [-0.5, 0.5])):
                cls(n_estimators=3).fit(X, y ^ (X[:, 1] > 0)).predict(X)
