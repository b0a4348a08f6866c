"""`GeneralizedLinearRegressor`: any family, link and penalty, with the tables of a statistician [mccullagh1989]."""

from numbers import Real
from typing import Any, ClassVar

import numpy as np

from panlearn.core.constraints import ARRAY, BOOLEAN, COUNT, NONNEGATIVE, UNIT, VERBOSE, options, validated
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.linear_model.generalized_linear_model.inference import Inference, WaldTest
from panlearn.linear_model.generalized_linear_model.model import GeneralizedLinearModel, Settings
from panlearn.losses.exponential_family import ExponentialFamilyLoss, family_of, link_of


@method(
    "Generalised linear model (negative binomial)",
    tasks=("counts",),
    notes=("003 1.7.3-1.7.4",),
    needs=("scaled",),
    cost=lambda n, p, k: 5.0 * n * p * min(p, 100),
    settings={"family": "negative-binomial", "alpha": 1e-3},
)
class GeneralizedLinearRegressor(GeneralizedLinearModel):
    """Regression on the scale of a link, with errors of an exponential family.

    Minimises 1/(2S) sum_i s_i d(y_i, mu_i) + alpha (l1_ratio |w|_1 + (1 - l1_ratio)/2 |w|^2) + smoothness, where
    d is the family's unit deviance, mu_i = h(x_i'w + b + offset_i), and S = sum_i s_i.

    Parameters
    ----------
    family : str or family, default="normal"
        "normal", "poisson", "gamma", "exponential" (gamma with dispersion 1), "inverse-gaussian", "tweedie",
        "binomial", "negative-binomial", or an instance from `panlearn.losses`.
    link : str or link, default="auto"
        "identity", "log", "logit", "probit", "cloglog", "inverse", "inverse-squared", "sqrt", or `Power(k)`. "auto" is
        the usual one (log for gamma and inverse Gaussian), "canonical" the natural one.
    power : float, default=1.5
        Of the variance function of family "tweedie"; not in (0, 1).
    theta : float, default=1.0
        Of the variance function mu + theta mu^2 of family "negative-binomial", > 0.
    alpha : float, default=0.0
        Strength of the elastic net, at least 0.
    l1_ratio : float, default=0.0
        Share of absolute values in it, in [0, 1].
    smoothness : dict, array-like of shape (p, p) or None, default=None
        Penalty on differences between neighbouring coefficients: strengths by ordered categorical column, or by tuple
        of numeric columns (a basis of splines), as `{"age": 10.0}`; or the matrix R of 1/2 w'Rw.
    difference_order : int, default=1
        Order of these differences: 1 pulls towards a constant, 2 towards a line.
    fit_intercept : bool, default=True
        Fit the intercept b, which is never penalised.
    categorical_features : "from_dtype", array-like or None, default="from_dtype"
        Columns that hold labels: those whose type in a data frame says so, or positions, names or a mask.
    drop_first : bool or "auto", default="auto"
        Leave out the first level of each categorical column. "auto" does so without a penalty, where otherwise the
        coefficients would not be unique; with one, all levels are treated alike.
    solver : {"auto", "newton-cholesky", "newton-cg", "lbfgs"}, default="auto"
        "newton-cholesky" forms Hessians (with coordinate descent inside for absolute values); "newton-cg" does not, and
        uses working sets for absolute values; "auto" and "lbfgs" choose by size.
    max_iter : int, default=100
        Most iterations.
    tol : float, default=1e-8
        Stop when the largest component of the (sub)gradient is below it.
    warm_start : bool, default=False
        Start from the coefficients of the last fit.
    verbose : int, default=0
        1 prints iterations and certificate.

    Attributes
    ----------
    coef_ : ndarray of shape (p,)
        Coefficients, in the order of the columns; a categorical column has one for each level that is kept.
    coef_names_ : list of str
        Their names, as "column" or "column[level]".
    intercept_ : float
        Intercept.
    n_iter_ : int
        Iterations over all rows.
    objective_ : float
        What is minimised, without terms that depend on y alone.
    objective_path_ : ndarray
        The same after each iteration; it does not rise.
    gradient_norm_ : float
        Certificate: largest component of the (sub)gradient.
    certificate_ : str
        The same in words.
    inference_ : Inference
        Standard errors and tests; only without a penalty (else see `infer`).
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
    [nelder1972], [mccullagh1989], [eilers1996], [tan2019] §1.7.4

    Examples
    --------
    With exposure, a coefficient of a Poisson model is a logarithm of a ratio of rates:

    >>> import numpy as np
    >>> from panlearn.linear_model import GeneralizedLinearRegressor
    >>> smoker, claims, years = [[0], [0], [1], [1]], [2, 4, 9, 15], [1, 2, 1.5, 2.5]
    >>> model = GeneralizedLinearRegressor("poisson").fit(smoker, claims, exposure=years)
    >>> rate_ratio = ((9 + 15) / (1.5 + 2.5)) / ((2 + 4) / (1 + 2))
    >>> round(float(np.exp(model.coef_[0])), 6) == round(rate_ratio, 6)
    True
    >>> model.std_errors().round(4)  # intercept: 1/sqrt(6 claims)
    array([0.4082, 0.4564])
    """

    _infers = True
    _parameter_constraints: ClassVar[dict[str, list]] = {
        "family": [object],
        "link": [object],
        "power": [Real],
        "theta": [Real],
        "alpha": [NONNEGATIVE],
        "l1_ratio": [UNIT],
        "smoothness": [dict, ARRAY, None],
        "difference_order": [COUNT],
        "fit_intercept": [BOOLEAN],
        "categorical_features": [options("from_dtype"), ARRAY, None],
        "drop_first": [BOOLEAN, options("auto")],
        "solver": [options("auto", "newton-cholesky", "newton-cg", "lbfgs")],
        "max_iter": [COUNT],
        "tol": [NONNEGATIVE],
        "warm_start": [BOOLEAN],
        "verbose": [VERBOSE],
    }

    def __init__(
        self,
        family: Any = "normal",
        *,
        link: Any = "auto",
        power: float = 1.5,
        theta: float = 1.0,
        alpha: float = 0.0,
        l1_ratio: float = 0.0,
        smoothness: Any = None,
        difference_order: int = 1,
        fit_intercept: bool = True,
        categorical_features: Any = "from_dtype",
        drop_first: bool | str = "auto",
        solver: str = "auto",
        max_iter: int = 100,
        tol: float = 1e-8,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None:
        self.family = family
        self.link = link
        self.power = power
        self.theta = theta
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.smoothness = smoothness
        self.difference_order = difference_order
        self.fit_intercept = fit_intercept
        self.categorical_features = categorical_features
        self.drop_first = drop_first
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.verbose = verbose

    def _settings(self) -> Settings:
        family = family_of(self.family, power=self.power, theta=self.theta)
        loss = ExponentialFamilyLoss(family, link_of(self.link, family))
        l1_ratio = self.l1_ratio if self.alpha else 0.0
        coding = self.categorical_features, self.drop_first
        return Settings(loss, l1_ratio, self.smoothness, self.difference_order, *coding)

    @validated
    def fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, offset: Any = None, exposure: Any = None
    ) -> "GeneralizedLinearRegressor":
        """Fit the model.

        Parameters
        ----------
        X : array-like, sparse matrix or data frame of shape (n, p), or RowSource
            Features; with a RowSource (a file larger than memory) y is None.
        y : array-like of shape (n,)
            Targets.
        sample_weight : array-like of shape (n,), optional
            Weights of the rows, at least 0; for shares y of the binomial family, the numbers of trials.
        offset : array-like of shape (n,) or str, optional
            Added to the linear predictor; or the name of the column of X that is.
        exposure : array-like of shape (n,) or str, optional
            Its logarithm is added to the linear predictor (with the log link, means are proportional to it); or the
            name of a column of X.

        Returns
        -------
        GeneralizedLinearRegressor
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, offset, exposure)

    def _inference(self) -> Inference:
        if not hasattr(self, "inference_"):
            raise DataError(
                "standard errors are kept by fit only without a penalty and for up to 1500 coefficients; "
                "call infer(X, y, ...) for the others."
            )
        return self.inference_

    def std_errors(self) -> np.ndarray:
        """Standard errors of intercept (first) and coefficients.

        Returns
        -------
        ndarray of shape (p + 1,), or (p,) without an intercept
            From the expected information.
        """
        return self._inference().std_errors

    def conf_int(self, level: float = 0.95) -> np.ndarray:
        """Confidence intervals of intercept (first) and coefficients.

        Parameters
        ----------
        level : float, default=0.95
            Probability with which an interval holds its coefficient.

        Returns
        -------
        ndarray of shape (p + 1, 2), or (p, 2) without an intercept
            Lower and upper ends.
        """
        return self._inference().conf_int(level)

    def wald_test(self, hypotheses: Any, values: Any = 0.0) -> WaldTest:
        """Test linear hypotheses on the coefficients together.

        Parameters
        ----------
        hypotheses : list of str, or array-like of shape (m, p + 1)
            Names of coefficients that are 0, or the matrix R of R coef = values, intercept first.
        values : float or array-like of shape (m,), default=0.0
            Right-hand side.

        Returns
        -------
        WaldTest
            Statistic, degrees of freedom, p-value.
        """
        return self._inference().wald_test(hypotheses, values)

    def summary(self, level: float = 0.95) -> str:
        """The customary table of coefficients; print it.

        Parameters
        ----------
        level : float, default=0.95
            Probability of the confidence intervals.

        Returns
        -------
        str
            Lines of text.
        """
        return self._inference().summary(level)

    def aic(self) -> float:
        """Akaike's information criterion.

        Returns
        -------
        float
            2 df - 2 log-likelihood.
        """
        return self._inference().aic

    def bic(self) -> float:
        """Bayesian information criterion.

        Returns
        -------
        float
            Number of parameters times log n, less twice the log-likelihood.
        """
        return self._inference().bic

    @classmethod
    def _warm_kernels(cls) -> None:
        """Compile the kernels of categorical columns and of coordinate descent."""
        rng = np.random.default_rng(0)
        X = np.column_stack([rng.normal(size=(400, 3)), rng.integers(0, 3, (400, 2))])
        for solver in ("auto", "newton-cg"):
            net = cls("poisson", alpha=0.1, l1_ratio=0.5, categorical_features=[3, 4], solver=solver)
            net.fit(X, rng.poisson(1.0, 400))
        cls("poisson", categorical_features=[3, 4]).fit(X, rng.poisson(1.0, 400))
        # rows enough for Hessians in float32
        X = np.tile(X, (100, 1))
        cls("poisson", categorical_features=[3, 4]).fit(X, rng.poisson(1.0, len(X)))
