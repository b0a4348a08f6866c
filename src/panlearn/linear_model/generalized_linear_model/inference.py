"""What the data say about the coefficients: standard errors, intervals, tests, information criteria [mccullagh1989].

At the maximum of the likelihood the coefficients are nearly normal. `information` computes their covariance; here are
the questions that it answers. Intervals and tests are Wald's: (coef - value) / standard error is standard normal, and
the square of several such, in the metric of their covariance, is chi^2 with as many degrees of freedom.

Course notes: 003 §1.7.3 (maximum likelihood).
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.special import chdtrc, ndtr, ndtri  # scipy.stats would triple the time of an import

from panlearn.core.errors import DataError


class WaldTest(NamedTuple):
    """Test of linear hypotheses R coef = r."""

    statistic: float  # (R coef - r)' (R cov R')^-1 (R coef - r)
    df: int  # independent hypotheses
    p_value: float  # from the chi^2 distribution


class Inference(NamedTuple):
    """A fitted model as a statistician reads it. Arrays have the intercept first, if there is one."""

    names: tuple[str, ...]
    coef: np.ndarray  # (q,)
    covariance: np.ndarray  # (q, q)
    kind: str  # "expected", "observed" or "robust"
    family: str
    link: str
    n: int  # rows
    df: float  # degrees of freedom used; their number of parameters without a penalty
    rank: int  # identified directions
    dispersion: float
    deviance: float
    pearson: float  # Pearson's chi^2
    log_likelihood: float | None  # None where the density has no formula
    n_iter: int
    penalised: bool

    @property
    def std_errors(self) -> np.ndarray:
        """Standard errors, (q,)."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))

    @property
    def z(self) -> np.ndarray:
        """Coefficients in units of their standard errors; 0 for a coefficient that is exactly 0."""
        return np.divide(self.coef, self.std_errors, out=np.zeros_like(self.coef), where=self.std_errors > 0)

    @property
    def p_values(self) -> np.ndarray:
        """Probabilities of a larger |z| if the coefficient were 0."""
        return 2.0 * ndtr(-np.abs(self.z))

    @property
    def aic(self) -> float:
        """Akaike's criterion, 2 df - 2 log-likelihood; the dispersion is not counted."""
        return -2.0 * self._likelihood() + 2.0 * self.df

    @property
    def bic(self) -> float:
        """Bayesian criterion, log(n) df - 2 log-likelihood."""
        return -2.0 * self._likelihood() + np.log(self.n) * self.df

    def _likelihood(self) -> float:
        if self.log_likelihood is None:
            raise DataError(f"the density of {self.family} has no formula, so it has no log-likelihood, AIC and BIC.")
        return self.log_likelihood

    def conf_int(self, level: float = 0.95) -> np.ndarray:
        """Intervals that hold each coefficient with the given probability, (q, 2).

        Parameters
        ----------
        level : float
            The probability, in (0, 1).

        Returns
        -------
        ndarray of shape (q, 2)
            Lower and upper ends.
        """
        if not 0 < level < 1:
            raise DataError(f"level must be in the range (0, 1). Got {level!r}.")
        reach = ndtri(0.5 + level / 2) * self.std_errors
        return np.column_stack([self.coef - reach, self.coef + reach])

    def wald_test(self, hypotheses: Any, values: Any = 0.0) -> WaldTest:
        """Test linear hypotheses together.

        Parameters
        ----------
        hypotheses : list of str, or array-like of shape (m, q)
            Names of coefficients, or the matrix R, intercept first.
        values : float or array-like of shape (m,)
            The r of R coef = r.

        Returns
        -------
        WaldTest
        """
        R = self._matrix(hypotheses)
        gap = R @ self.coef - values
        spread = R @ self.covariance @ R.T
        low, V = np.linalg.eigh(0.5 * (spread + spread.T))
        keep = low > 1e-12 * max(low.max(initial=0.0), 1e-300)
        statistic = float(((V.T @ gap)[keep] ** 2 / low[keep]).sum())
        return WaldTest(statistic, int(keep.sum()), float(chdtrc(max(int(keep.sum()), 1), statistic)))

    def _matrix(self, hypotheses: Any) -> np.ndarray:
        listed = [hypotheses] if isinstance(hypotheses, str) else list(hypotheses)
        if listed and all(isinstance(name, str) for name in listed):
            unknown = set(listed) - set(self.names)
            if unknown:
                raise DataError(f"hypotheses: there is no coefficient {sorted(unknown)}; see `names`.")
            return np.eye(len(self.names))[[self.names.index(name) for name in listed]]
        R = np.atleast_2d(np.asarray(hypotheses, dtype=np.float64))
        if R.shape[1] != len(self.names):
            raise DataError(f"hypotheses must have {len(self.names)} columns, one a coefficient. Got {R.shape[1]}.")
        return R

    def summary(self, level: float = 0.95) -> str:
        """The customary table.

        Parameters
        ----------
        level : float
            Probability of the intervals.

        Returns
        -------
        str
            Lines of text.
        """
        from panlearn.linear_model.generalized_linear_model.summary_table import summary_table  # it imports this file

        return summary_table(self, level)
