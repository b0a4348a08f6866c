"""What every mixture answers once it is fitted: labels, shares, densities, information criteria, samples.

    p(x) = Σ_k π_k p(x | k)      p(k | x) = π_k p(x | k) / p(x)
    BIC = −2 log L + m log n     AIC = −2 log L + 2 m,   m free parameters: the lower, the better

A mixture supplies its densities (`_says`), the number of its parameters, and how a component draws rows.
"""

from typing import Any

import numpy as np
from sklearn.base import DensityMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from panlearn.core.base import Estimator
from panlearn.optimize.em import EMFit


class MixtureModel(DensityMixin, Estimator):
    """Base of the mixtures."""

    weights_: np.ndarray
    converged_: bool
    n_iter_: int
    lower_bound_: float
    lower_bounds_: list[float]
    random_state: Any

    def _checked(self, X: Any) -> np.ndarray:
        """X validated for a fitted model."""
        raise NotImplementedError

    def _says(self, X: np.ndarray, what: str) -> np.ndarray:
        """By `what`: "sum" log p(x), (n,); "label" the likeliest component, (n,); "shares" p(k | x), (n, k)."""
        raise NotImplementedError

    def _n_parameters(self) -> int:
        """Number of free parameters."""
        raise NotImplementedError

    def _draw(self, component: int, count: int, rng: Any) -> np.ndarray:
        """Rows from one component."""
        raise NotImplementedError

    def _keep_course(self, found: EMFit[Any], objective: str) -> float:
        """Set what EM says of its course; returns the last gain."""
        self.converged_, self.n_iter_ = found.converged, found.n_iter
        self.lower_bound_, self.lower_bounds_ = float(found.log_likelihood), found.trace.tolist()
        gain = float(np.diff(found.trace)[-1]) if len(found.trace) > 1 else np.inf
        course = "never fell" if not found.fall else f"fell by {found.fall:.1e}, where EM stopped"
        self.certificate_ = f"{objective} {self.lower_bound_:.6g}, last gain {gain:.1e}; it {course}"
        return gain

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> np.ndarray:
        """Fit, and give the likeliest component of each row.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Rows.
        y : object
            Ignored.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows.

        Returns
        -------
        ndarray of shape (n,)
            Components, from 0.
        """
        return self.fit(X, y, sample_weight=sample_weight).predict(X)  # type: ignore[attr-defined]

    def predict(self, X: Any) -> np.ndarray:
        """Likeliest component of each row.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Rows.

        Returns
        -------
        ndarray of shape (n,)
            Components, from 0.
        """
        return self._says(self._checked(X), "label")

    def predict_proba(self, X: Any) -> np.ndarray:
        """Share of each component in each row.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Rows.

        Returns
        -------
        ndarray of shape (n, k)
            p(k | x); rows sum to 1.
        """
        return self._says(self._checked(X), "shares")

    def score_samples(self, X: Any) -> np.ndarray:
        """Log-density of each row.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Rows.

        Returns
        -------
        ndarray of shape (n,)
            log p(x).
        """
        return self._says(self._checked(X), "sum")

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:  # type: ignore[override]
        """Mean log-density of the rows.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Rows.
        y : object
            Ignored.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows.

        Returns
        -------
        float
            Weighted mean of log p(x).
        """
        logs = self.score_samples(X)
        return float(np.average(logs, weights=_weights(logs, sample_weight)))

    def bic(self, X: Any, sample_weight: Any = None) -> float:
        """Bayesian information criterion; the lower, the better.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Rows.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows; their sum counts as n.

        Returns
        -------
        float
            −2 log L + m log n.
        """
        logs = self.score_samples(X)
        weight = _weights(logs, sample_weight)
        return float(-2 * (weight @ logs) + self._n_parameters() * np.log(weight.sum()))

    def aic(self, X: Any, sample_weight: Any = None) -> float:
        """Akaike's information criterion; the lower, the better.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Rows.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows.

        Returns
        -------
        float
            −2 log L + 2 m.
        """
        logs = self.score_samples(X)
        return float(-2 * (_weights(logs, sample_weight) @ logs) + 2 * self._n_parameters())

    def sample(self, n_samples: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Draw rows from the mixture.

        Parameters
        ----------
        n_samples : int, default=1
            How many.

        Returns
        -------
        X : ndarray of shape (n_samples, p)
            Rows, component by component.
        y : ndarray of shape (n_samples,)
            Their components.
        """
        check_is_fitted(self)
        if n_samples < 1:
            raise ValueError(f"Invalid value for 'n_samples': {n_samples}. The sampling requires at least one sample.")
        rng = check_random_state(self.random_state)
        weights = np.asarray(self.weights_, np.float64)
        counts = rng.multinomial(n_samples, weights / weights.sum())
        X = np.vstack([self._draw(component, int(count), rng) for component, count in enumerate(counts)])
        return X, np.repeat(np.arange(len(counts)), counts)


def _weights(logs: np.ndarray, sample_weight: Any) -> np.ndarray:
    if sample_weight is None:
        return np.ones(len(logs))
    return _check_sample_weight(sample_weight, logs, dtype=np.float64, ensure_non_negative=True)
