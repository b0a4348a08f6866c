"""How many components, and of which kind: the Bayesian information criterion [schwarz1978], [fraley2002].

    BIC = -2 log L + m log n         L the likelihood at its maximum, m the free parameters, n the rows

Likelihood alone grows with every component. BIC approximates -2 log p(X | model), in which parameters that the data
do not need cost log n each; the difference of two models' BIC is about twice the log of the odds between them: 10 is
strong evidence. For mixtures the expansion behind it does not hold to the letter (a component of weight 0 lies at the
edge of the parameters), but the choice of k is consistent [keribin2000].

When it fails: it counts what describes the density, which for clusters that are not Gaussian is more components than
there are clusters; with few rows it prefers too few. Each candidate is one fit, from `n_init` starts: a bad local
maximum looks like a bad k. Note 004 §10.
"""

from collections.abc import Iterable
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone

from panlearn.core.errors import DataError


class BicSelection(NamedTuple):
    """All candidates, and the best of them."""

    best: Any  # the fitted mixture of lowest BIC
    settings: list[dict[str, Any]]  # of each candidate
    bic: np.ndarray  # of each candidate; NaN where the fit failed


def select_by_bic(mixture: Any, X: Any, *, sample_weight: Any = None, **settings: Iterable[Any]) -> BicSelection:
    """Fit a mixture with each combination of settings and keep the one of lowest BIC.

    Parameters
    ----------
    mixture : estimator
        `GaussianMixture`, `BernoulliMixture` or `CategoricalMixture`; it is cloned.
    X : array-like of shape (n, p)
        Rows; missing values as NaN.
    sample_weight : array-like of shape (n,), optional
        Weights of the rows; their sum counts as n.
    **settings : iterable
        Values to try for each parameter, as `n_components=range(1, 7), covariance_type=["full", "tied"]`; without any,
        `n_components` from 1 to 9.

    Returns
    -------
    BicSelection
        The best mixture, all settings and their BIC.

    Raises
    ------
    DataError
        If no candidate can be fitted.

    References
    ----------
    [schwarz1978], [fraley2002], [keribin2000], note 004 §10

    Examples
    --------
    >>> import numpy as np
    >>> from panlearn.mixture import BernoulliMixture, select_by_bic
    >>> X = np.repeat([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], 50, axis=0)
    >>> X = X ^ (np.random.default_rng(0).random(X.shape) < 0.1)
    >>> found = select_by_bic(BernoulliMixture(random_state=0), X, n_components=range(1, 5))
    >>> found.best.n_components
    2
    """
    values = {name: list(tried) for name, tried in settings.items()} or {"n_components": list(range(1, 10))}
    candidates = [dict(zip(values, choice, strict=True)) for choice in product(*values.values())]
    if not candidates:
        raise DataError("settings must name at least one value for each parameter.")
    best, bic, failure = None, np.full(len(candidates), np.nan), None
    for i, candidate in enumerate(candidates):
        model: Any = clone(mixture)
        model.set_params(**candidate)
        try:
            model.fit(X, sample_weight=sample_weight)
        except DataError as error:  # a singular covariance, or fewer rows than components
            failure = error
            continue
        bic[i] = model.bic(X, sample_weight=sample_weight)
        if best is None or bic[i] <= np.nanmin(bic):
            best = model
    if best is None:
        raise DataError(f"none of the {len(candidates)} candidates can be fitted; the last one: {failure}")
    return BicSelection(best, candidates, bic)
