r"""Where errors come from: bias, variance and noise, for squared and for 0-1 loss.

A method trained on another sample gives another prediction ŷ of the same row x. With f(x) the best prediction there is,
and m(x) the main prediction, the mean of ŷ over training samples, note 002 (error sources) and note 001 §2.4 say

    E (y - ŷ)²  =  (f - m)²  +  E (ŷ - m)²  +  E (y - f)²
    error          bias²        variance       noise

(bias *squared*). For labels and 0-1 loss [domingos2000] the main prediction m is the label most often predicted and f
the most probable label. Written as effects on the error [james2003] the three add up as well:

    P(y ≠ ŷ)  =  [P(y ≠ m) - P(y ≠ f)]  +  [P(y ≠ ŷ) - P(y ≠ m)]  +  P(y ≠ f)
                 bias                      variance                  noise

Variance can *help* there: where the main prediction is wrong, a prediction that strays from it may be right. So the
variance's effect is V_u - V_b, P(ŷ ≠ m) over the rows that m gets right less P(ŷ right) over those it gets wrong.

What can be known: f and the noise cannot be seen in one y a row. They are known if `truth` is given (simulated data) or
if rows of the test set were observed several times (y_test with several columns). Otherwise the noise is None, and
the bias holds it too.

Training samples are bootstrap samples of X, or what `sample` draws, which is exact where data can be simulated. With B
samples, all of this without bias of its own: the mean m of B predictions has variance v/B, which is taken off (f - m)²,
and v has B - 1 in its denominator; a bias² near 0 may so come out just below 0. Cost: B fits.

When it misleads: bootstrap samples share rows, so that their models resemble each other more than those of new samples
would, and the variance comes out too small for methods that need most of the rows.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.parallel import Parallel, delayed

from panlearn.core.errors import DataError
from panlearn.core.progress import progress
from panlearn.evaluation.bootstrap import draw, draw_seeds, units_of
from panlearn.evaluation.loss_parts import BiasVariance, squared_parts, zero_one_parts
from panlearn.evaluation.refit import check_weights, fit_to_counts, require_estimator, seeded, takes_weights

Sample = Callable[[np.random.Generator], tuple[Any, Any]]


class _Training(NamedTuple):
    """Where training samples come from."""

    X: Any
    y: Any
    sample: Sample | None
    unit: np.ndarray
    strata: list[np.ndarray]
    sample_weight: np.ndarray | None

    def fit(self, estimator: Any, seed: int) -> Any:
        """A copy of the estimator, fitted to the sample of this seed."""
        random = np.random.default_rng(seed)
        if self.sample is not None:
            return seeded(clone(estimator), seed).fit(*self.sample(random))
        counts = draw(self.strata, random)[self.unit]
        weighted = takes_weights(estimator)
        return fit_to_counts(
            estimator, self.X, self.y, counts, seed=seed, sample_weight=self.sample_weight, weighted=weighted
        )


def bias_variance_decomposition(
    estimator: Any,
    X: Any,
    y: Any,
    X_test: Any,
    y_test: Any,
    *,
    loss: str | None = None,
    truth: Any = None,
    sample: Sample | None = None,
    n_rounds: int = 200,
    groups: Any = None,
    sample_weight: Any = None,
    n_jobs: int | None = None,
    random_state: Any = None,
    verbose: int = 0,
) -> BiasVariance:
    """Split a method's error on test rows into bias, variance and noise.

    Parameters
    ----------
    estimator : estimator
        The method; `n_rounds` copies of it are fitted.
    X, y : array_like of shape (n, p) and (n,), or None
        Rows to draw training samples from; not used if `sample` is given.
    X_test : array_like of shape (m, p)
        Rows to predict, not among the training rows.
    y_test : array_like of shape (m,) or (m, r)
        Their labels or amounts; r columns are r independent observations of each row, which tell the noise.
    loss : {"squared", "zero_one"}, optional
        "zero_one" for classifiers and "squared" otherwise by default.
    truth : array_like of shape (m,) or (m, K), optional
        The best prediction of each test row, where it is known: f(x), the most probable label, or the K probabilities
        of the labels in sorted order.
    sample : callable, optional
        Called with a `numpy.random.Generator`; returns a new training sample X, y.
    n_rounds : int, default=200
        Training samples, at least 2.
    groups : array_like of shape (n,), optional
        Whole groups are drawn.
    sample_weight : array_like of shape (n,), optional
        Weights of the training rows.
    n_jobs : int or None, default=None
        Processes.
    random_state : int, RandomState instance or None, default=None
        Seed of the samples, and of each `random_state` of the estimator that is None, so that its own randomness
        counts as variance. The answer does not depend on `n_jobs`.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    BiasVariance
        loss = bias + variance + noise.

    Raises
    ------
    DataError
        If rows do not fit together, a prediction is not finite, or a training sample has one class.
    ValueError
        If a parameter is out of its range.

    References
    ----------
    [geman1992], [domingos2000], [james2003], notes 002 (error sources) and 001 §2.4

    Examples
    --------
    A line through a parabola is biased and steady; the bend of degree 9 is neither; degree 2 is right.

    >>> import numpy as np
    >>> from panlearn.evaluation import bias_variance_decomposition
    >>> from panlearn.linear_model import PolynomialRegression
    >>> def sample(random):
    ...     x = random.uniform(-1, 1, (60, 1))
    ...     return x, x.ravel() ** 2 + random.normal(0, 0.3, 60)
    >>> x = np.linspace(-0.9, 0.9, 50)[:, None]
    >>> y = x.ravel() ** 2 + np.random.default_rng(1).normal(0, 0.3, 50)
    >>> for degree in (1, 2, 9):
    ...     found = bias_variance_decomposition(
    ...         PolynomialRegression(degree), None, None, x, y, truth=x.ravel() ** 2, sample=sample, random_state=0
    ...     )
    ...     print(f"{degree}: bias² {abs(found.bias):.3f}, variance {found.variance:.3f}, noise {found.noise:.2f}")
    1: bias² 0.065, variance 0.006, noise 0.07
    2: bias² 0.000, variance 0.004, noise 0.07
    9: bias² 0.000, variance 0.016, noise 0.07
    """
    require_estimator(estimator)
    loss = ("zero_one" if is_classifier(estimator) else "squared") if loss is None else loss
    if loss not in ("squared", "zero_one"):
        raise ValueError(f"loss must be 'squared' or 'zero_one'. Got {loss!r} instead.")
    if not isinstance(n_rounds, (int, np.integer)) or isinstance(n_rounds, bool) or n_rounds < 2:
        raise ValueError(f"n_rounds must be an integer in the range [2, inf). Got {n_rounds!r} instead.")
    training = _training(estimator, X, y, sample, groups, sample_weight)
    observed, truth = _observed(X_test, y_test, truth, loss)
    with Parallel(n_jobs=n_jobs, return_as="generator") as parallel:
        seeds = draw_seeds(random_state, n_rounds)
        results: Any = parallel(delayed(_predict)(estimator, training, X_test, int(seed), loss) for seed in seeds)
        predictions = _stack(results, progress(n_rounds, "bias and variance", enabled=verbose), len(observed))
    return (squared_parts if loss == "squared" else zero_one_parts)(predictions, observed, truth)


def _training(estimator: Any, X: Any, y: Any, sample: Sample | None, groups: Any, sample_weight: Any) -> _Training:
    if sample is not None:
        if not callable(sample):
            raise ValueError("sample must be a function of a numpy.random.Generator that returns X and y.")
        return _Training(None, None, sample, np.empty(0, dtype=np.int64), [], None)
    if X is None or y is None:
        raise DataError("there is nothing to train on: pass X and y, or sample.")
    check_consistent_length(X, y, groups)
    y = column_or_1d(y)
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise DataError("y holds values that are not finite: remove those rows.")
    classifier = is_classifier(estimator)
    if classifier and np.unique(y).size < 2:
        raise DataError(f"y has only one class, {y[0]!r}: there is nothing to predict.")
    unit, strata = units_of(X, y, groups, stratified=classifier and groups is None)
    return _Training(X, y, None, unit, strata, check_weights(estimator, sample_weight, y.size))


def _observed(X_test: Any, y_test: Any, truth: Any, loss: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Observations (m, r) and the truth, checked against each other."""
    check_consistent_length(X_test, y_test, truth)
    observed = np.asarray(y_test)
    observed = observed[:, None] if observed.ndim == 1 else observed
    if observed.ndim != 2 or not observed.size:
        raise DataError(f"y_test must be (m,) or (m, r), with at least one row, got the shape {observed.shape}.")
    truth = None if truth is None else np.asarray(truth)
    if truth is not None and observed.shape[1] > 1:
        raise DataError("truth and several observations of each test row both tell the noise: give one of them.")
    if truth is not None and truth.ndim != 1 and (loss == "squared" or truth.ndim != 2):
        raise DataError(f"truth must have one value for each test row, got the shape {truth.shape}.")
    if loss == "squared":
        observed = observed.astype(np.float64)
        truth = None if truth is None else truth.astype(np.float64)
    for name, values in (("y_test", observed), ("truth", truth)):
        if values is not None and values.dtype.kind == "f" and not np.isfinite(values).all():
            raise DataError(f"{name} holds values that are not finite: remove those rows.")
    return observed, truth


def _predict(estimator: Any, training: _Training, X_test: Any, seed: int, loss: str) -> np.ndarray:
    """What the model of one training sample predicts at the test rows."""
    prediction = np.asarray(training.fit(estimator, seed).predict(X_test))
    prediction = prediction.ravel() if prediction.ndim == 2 and prediction.shape[1] == 1 else prediction
    if prediction.ndim != 1:
        raise DataError(f"one target is decomposed at a time, got predictions of the shape {prediction.shape}.")
    if loss == "zero_one":
        return prediction
    if not np.isfinite(prediction := prediction.astype(np.float64)).all():
        raise DataError(f"{type(estimator).__name__} predicts values that are not finite: scale the features.")
    return prediction


def _stack(results: Iterator[np.ndarray], steps: Iterator[Any], m: int) -> np.ndarray:
    """Predictions (B, m) as they come."""
    rows = [next(results) for _ in steps]
    if any(row.size != m for row in rows):
        raise DataError(f"the method predicts {rows[0].size} values for {m} test rows.")
    return np.stack(rows)
