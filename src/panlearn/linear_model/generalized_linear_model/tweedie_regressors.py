"""`PoissonRegressor`, `GammaRegressor`, `TweedieRegressor`: scikit-learn's names for three families [jorgensen1987].

Their variance is V(mu) = mu^p: p = 1 for counts, 2 for positive amounts with a constant relative error, 1 < p < 2 for
sums of a random number of amounts (claims of a year: often 0, else positive). The objective is scikit-learn's,

    1/(2S) sum_i s_i d_p(y_i, mu_i) + alpha/2 |w|^2

Course notes: 003 §1.7.4.
"""

from numbers import Real
from typing import Any, ClassVar

from panlearn.core.constraints import BOOLEAN, COUNT, NONNEGATIVE, POSITIVE, VERBOSE, options, validated
from panlearn.core.registry import method
from panlearn.linear_model.generalized_linear_model.model import GeneralizedLinearModel, Settings, sklearn_loss
from panlearn.losses.exponential_family import ExponentialFamilyLoss, PowerVariance, family_of, link_of

CONSTRAINTS: dict[str, list] = {
    "alpha": [NONNEGATIVE],
    "fit_intercept": [BOOLEAN],
    "solver": [options("auto", "newton-cholesky", "newton-cg", "lbfgs")],
    "max_iter": [COUNT],
    "tol": [POSITIVE],
    "warm_start": [BOOLEAN],
    "verbose": [VERBOSE],
}


class PowerRegressor(GeneralizedLinearModel):
    """Base of the three: a ridge penalty, and scikit-learn's `fit`."""

    _parameter_constraints: ClassVar[dict[str, list]] = CONSTRAINTS

    def __init__(
        self,
        *,
        alpha: float = 1.0,
        fit_intercept: bool = True,
        solver: str = "lbfgs",
        max_iter: int = 100,
        tol: float = 1e-4,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.verbose = verbose

    @validated
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, offset: Any = None, exposure: Any = None) -> Any:
        """Fit the model.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n, p), or RowSource
            Features; with a RowSource (a file larger than memory) y is None.
        y : array-like of shape (n,)
            Targets.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0.
        offset : array-like of shape (n,) or str, optional
            Added to the linear predictor; or the name of the column of X that is.
        exposure : array-like of shape (n,) or str, optional
            Its logarithm is added to the linear predictor; or the name of a column of X.

        Returns
        -------
        PowerRegressor
            The fitted estimator.
        """
        self._fit(X, y, sample_weight, offset, exposure)
        self._base_loss = self._get_loss()
        return self

    def _get_loss(self, xp: Any = None, device: Any = None) -> Any:
        return sklearn_loss(self._settings().loss)


@method(
    "Poisson regression",
    tasks=("counts",),
    notes=("003 1.7.4",),
    needs=("scaled",),
    cost=lambda n, p, k: 5.0 * n * p * min(p, 100),
    settings={"alpha": 1e-3},
)
class PoissonRegressor(PowerRegressor):
    """Regression of counts, or of rates with exposure: log mu = x'w + b, variance mu.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty alpha/2 |w|^2, at least 0.
    fit_intercept : bool, default=True
        Fit an intercept, which is not penalised.
    solver : {"auto", "newton-cholesky", "newton-cg", "lbfgs"}, default="lbfgs"
        "newton-cholesky" forms Hessians, "newton-cg" only multiplies by them; "lbfgs", scikit-learn's default, means
        "auto", which chooses between the two: the minimum is the same.
    max_iter : int, default=100
        Most iterations.
    tol : float, default=1e-4
        Stop when the largest gradient component of the objective is below it.
    warm_start : bool, default=False
        Start from the coefficients of the last fit.
    verbose : int, default=0
        1 prints iterations and certificate.

    Attributes
    ----------
    coef_ : ndarray of shape (p,)
        Coefficients of the linear predictor; a categorical column of a data frame has one for each level.
    coef_names_ : list of str
        Their names.
    intercept_ : float
        Intercept.
    n_iter_ : int
        Iterations over all rows.
    objective_ : float
        The objective, without terms that depend on y alone.
    objective_path_ : ndarray
        The same after each iteration; it does not rise.
    gradient_norm_ : float
        Certificate: largest gradient component.
    certificate_ : str
        The same in words.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if X has string column names.

    Raises
    ------
    ValueError
        If y is out of the range of the family, or a parameter or the data cannot be used.

    References
    ----------
    [nelder1972], [mccullagh1989] ch. 6, [tan2019] §1.7.4

    Examples
    --------
    The likelihood is largest where predicted and observed counts have the same sum:

    >>> from panlearn.linear_model import PoissonRegressor
    >>> X, y = [[1, 2], [2, 3], [3, 4], [4, 3]], [12, 17, 22, 21]
    >>> round(float(PoissonRegressor(tol=1e-8).fit(X, y).predict(X).sum()), 6)
    72.0
    """

    def _settings(self) -> Settings:
        return Settings(_loss(1.0))


@method(
    "Gamma regression",
    tasks=(),  # y must be positive, which no task of the leaderboard says
    notes=("003 1.7.4",),
    needs=("scaled",),
    cost=lambda n, p, k: 5.0 * n * p * min(p, 100),
)
class GammaRegressor(PowerRegressor):
    """Regression of positive amounts: log mu = x'w + b, variance proportional to mu^2.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty alpha/2 |w|^2, at least 0.
    fit_intercept : bool, default=True
        Fit an intercept, which is not penalised.
    solver : {"auto", "newton-cholesky", "newton-cg", "lbfgs"}, default="lbfgs"
        "newton-cholesky" forms Hessians, "newton-cg" only multiplies by them; "lbfgs", scikit-learn's default, means
        "auto", which chooses between the two: the minimum is the same.
    max_iter : int, default=100
        Most iterations.
    tol : float, default=1e-4
        Stop when the largest gradient component of the objective is below it.
    warm_start : bool, default=False
        Start from the coefficients of the last fit.
    verbose : int, default=0
        1 prints iterations and certificate.

    Attributes
    ----------
    coef_ : ndarray of shape (p,)
        Coefficients of the linear predictor; a categorical column of a data frame has one for each level.
    coef_names_ : list of str
        Their names.
    intercept_ : float
        Intercept.
    n_iter_ : int
        Iterations over all rows.
    objective_ : float
        The objective, without terms that depend on y alone.
    objective_path_ : ndarray
        The same after each iteration; it does not rise.
    gradient_norm_ : float
        Certificate: largest gradient component.
    certificate_ : str
        The same in words.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if X has string column names.

    Raises
    ------
    ValueError
        If y is out of the range of the family, or a parameter or the data cannot be used.

    References
    ----------
    [nelder1972], [mccullagh1989] ch. 8, [tan2019] §1.7.4

    Examples
    --------
    Units do not matter: ten times the y changes the intercept by log 10, and no coefficient.

    >>> import numpy as np
    >>> from panlearn.linear_model import GammaRegressor
    >>> X, y = [[1, 2], [2, 3], [3, 4], [4, 3]], np.array([19.0, 26.0, 33.0, 30.0])
    >>> a, b = GammaRegressor(tol=1e-8).fit(X, y), GammaRegressor(tol=1e-8).fit(X, 10 * y)
    >>> bool(np.allclose(a.coef_, b.coef_)), round(float(np.exp(b.intercept_ - a.intercept_)), 6)
    (True, 10.0)
    """

    def _settings(self) -> Settings:
        return Settings(_loss(2.0))


@method(
    "Tweedie regression",
    tasks=("counts",),
    notes=("003 1.7.4",),
    needs=("scaled",),
    cost=lambda n, p, k: 5.0 * n * p * min(p, 100),
    settings={"power": 1.5, "alpha": 1e-3},
)
class TweedieRegressor(PowerRegressor):
    """Regression with variance proportional to mu^power.

    Parameters
    ----------
    power : float, default=0.0
        0 normal, 1 Poisson, in (1, 2) Poisson sums of gamma amounts, 2 gamma, 3 inverse Gaussian; not in (0, 1).
    alpha : float, default=1.0
        Strength of the penalty alpha/2 |w|^2, at least 0.
    fit_intercept : bool, default=True
        Fit an intercept, which is not penalised.
    link : {"auto", "identity", "log"}, default="auto"
        "auto" is the identity for power <= 0 and the logarithm above.
    solver : {"auto", "newton-cholesky", "newton-cg", "lbfgs"}, default="lbfgs"
        "newton-cholesky" forms Hessians, "newton-cg" only multiplies by them; "lbfgs", scikit-learn's default, means
        "auto", which chooses between the two: the minimum is the same.
    max_iter : int, default=100
        Most iterations.
    tol : float, default=1e-4
        Stop when the largest gradient component of the objective is below it.
    warm_start : bool, default=False
        Start from the coefficients of the last fit.
    verbose : int, default=0
        1 prints iterations and certificate.

    Attributes
    ----------
    coef_ : ndarray of shape (p,)
        Coefficients of the linear predictor; a categorical column of a data frame has one for each level.
    coef_names_ : list of str
        Their names.
    intercept_ : float
        Intercept.
    n_iter_ : int
        Iterations over all rows.
    objective_ : float
        The objective, without terms that depend on y alone.
    objective_path_ : ndarray
        The same after each iteration; it does not rise.
    gradient_norm_ : float
        Certificate: largest gradient component.
    certificate_ : str
        The same in words.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if X has string column names.

    Raises
    ------
    ValueError
        If y is out of the range of the family, or a parameter or the data cannot be used.

    References
    ----------
    [jorgensen1987], [nelder1972], [tan2019] §1.7.4

    Examples
    --------
    With power 0 it is ridge regression:

    >>> from panlearn.linear_model import Ridge, TweedieRegressor
    >>> X, y = [[1, 2], [2, 3], [3, 4], [4, 3]], [2, 3.5, 5, 5.5]
    >>> tweedie, ridge = TweedieRegressor(alpha=0.5).fit(X, y), Ridge(alpha=4 * 0.5).fit(X, y)
    >>> bool(abs(tweedie.coef_ - ridge.coef_).max() < 1e-9)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **CONSTRAINTS,
        "power": [Real],
        "link": [options("auto", "identity", "log")],
    }

    def __init__(
        self,
        *,
        power: float = 0.0,
        alpha: float = 1.0,
        fit_intercept: bool = True,
        link: str = "auto",
        solver: str = "lbfgs",
        max_iter: int = 100,
        tol: float = 1e-4,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            alpha=alpha,
            fit_intercept=fit_intercept,
            solver=solver,
            max_iter=max_iter,
            tol=tol,
            warm_start=warm_start,
            verbose=verbose,
        )
        self.link = link
        self.power = power

    def _settings(self) -> Settings:
        return Settings(_loss(self.power, self.link))


def _loss(power: float, link: str = "auto") -> ExponentialFamilyLoss:
    family = family_of(PowerVariance(float(power), 1.0 if power == 1 else None))
    return ExponentialFamilyLoss(family, link_of(link, family))
