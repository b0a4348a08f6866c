r"""Bernoulli naive Bayes: each feature is there or not [mccallum1998].

    log P(x | k) = sum_j x_j log theta_kj + (1 - x_j) log(1 - theta_kj),    theta_kj = (N_kj + alpha) / (N_k + 2 alpha)

N_kj is how many of the N_k rows of class k have feature j. Unlike the multinomial rule it counts what is absent as
evidence, which suits short texts. Written as x'(log theta - log(1 - theta)) + sum_j log(1 - theta_j), the score is
linear in x and touches only what is there.

Cost: one pass over the entries for the fit, K multiplications an entry for a prediction. When it fails: where it
matters how often something occurs; long texts, which contain nearly every common word.
"""

from typing import Any, ClassVar

import numpy as np

from panlearn.core.constraints import NONNEGATIVE
from panlearn.core.registry import method
from panlearn.naive_bayes.class_counts import linear_scores
from panlearn.naive_bayes.discrete_nb import DiscreteNB


@method(
    "Bernoulli naive Bayes",
    tasks=("binary", "multiclass"),
    notes=("001 4", "002 discriminative/generative"),
    needs=("scaled",),
    cost=lambda n, p, k: 4.0 * n * p,
)
class BernoulliNB(DiscreteNB):
    """Naive Bayes for features that are there or not.

    Parameters
    ----------
    alpha : float or array-like of shape (p,), default=1.0
        Added to every count, at least 0: one number, or one a feature.
    force_alpha : bool, default=True
        Keep an alpha below 1e-10, as 0, which makes what was never seen impossible.
    binarize : float or None, default=0.0
        Features above it are there, at least 0; None if X holds zeros and ones.
    fit_prior : bool, default=True
        Priors as frequent as the classes are; else all alike.
    class_prior : array-like of shape (K,), optional
        Probabilities of the classes.

    Attributes
    ----------
    class_count_ : ndarray of shape (K,)
        Rows, or weight, of each class.
    class_log_prior_ : ndarray of shape (K,)
        Logarithms of the priors.
    classes_ : ndarray of shape (K,)
        Labels.
    feature_count_ : ndarray of shape (K, p)
        What was counted of each feature in each class.
    feature_log_prob_ : ndarray of shape (K, p)
        log theta.
    certificate_ : str
        The estimates are in closed form.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (p,)
        Names of the features, if X has string column names.

    Raises
    ------
    ValueError
        If priors or alpha have the wrong length, or a batch has a new label.

    References
    ----------
    [mccallum1998], [domingos1997]; course note 001 §4.2

    Examples
    --------
    What is missing counts: a bird without feathers is unlikely.

    >>> import numpy as np
    >>> from panlearn.naive_bayes import BernoulliNB
    >>> X = np.array([[1, 1], [1, 1], [1, 0], [0, 0], [1, 0], [0, 0]])  # wings, feathers
    >>> BernoulliNB().fit(X, ["bird"] * 3 + ["insect"] * 3).predict([[1, 1], [1, 0]])
    array(['bird', 'insect'], dtype='<U6')
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {
        **DiscreteNB._parameter_constraints,
        "binarize": [None, NONNEGATIVE],
    }
    _needs_nonnegative = False
    _sums_show_nan = False  # a comparison hides it

    def __init__(
        self,
        *,
        alpha: Any = 1.0,
        force_alpha: bool = True,
        binarize: float | None = 0.0,
        fit_prior: bool = True,
        class_prior: Any = None,
    ) -> None:
        self.alpha = alpha
        self.force_alpha = force_alpha
        self.binarize = binarize
        self.fit_prior = fit_prior
        self.class_prior = class_prior

    def _indicator(self, block: Any) -> Any:
        if self.binarize is None:
            return block
        if isinstance(block, np.ndarray):
            return block > self.binarize
        return type(block)(((block.data > self.binarize).astype(np.float64), block.indices, block.indptr), block.shape)

    def _update_feature_log_prob(self, alpha: Any) -> None:
        total = self.class_count_[:, None] + 2 * alpha
        self.feature_log_prob_ = np.log(self.feature_count_ + alpha) - np.log(total)

    def _joint_log_likelihood(self, X: Any) -> np.ndarray:
        with np.errstate(divide="ignore"):  # 1 - 1 where alpha is 0
            absent = np.log1p(-np.exp(self.feature_log_prob_))
        offset = self.class_log_prior_ + absent.sum(axis=1)
        return linear_scores(X, self.feature_log_prob_ - absent, offset, self._indicator)
