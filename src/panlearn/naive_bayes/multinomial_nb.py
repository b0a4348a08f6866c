r"""Multinomial naive Bayes: a row counts how often each of p things was drawn, as words in a text [mccallum1998].

    log P(x | k) = sum_j x_j log theta_kj + constant,    theta_kj = (N_kj + alpha) / (N_k + alpha p)

N_kj is the sum of feature j over the rows of class k, N_k their sum over all features: the share of word j in the texts
of class k, smoothed by alpha so that a word which a class has never seen does not exclude it. The score is linear in x.
Shares of counts, as tf-idf, work as well.

Cost: one pass over the entries for the fit, K multiplications an entry for a prediction. When it fails: words come in
bursts, so that the tenth occurrence says less than the first, and long texts get probabilities of 0 and 1.
"""

from typing import Any

import numpy as np

from panlearn.core.blocks import ArrayRows
from panlearn.core.registry import method
from panlearn.naive_bayes.class_counts import linear_scores
from panlearn.naive_bayes.discrete_nb import DiscreteNB


@method(
    "Multinomial naive Bayes",
    tasks=("binary", "multiclass"),
    notes=("001 4", "002 discriminative/generative"),
    needs=("nonnegative",),
    cost=lambda n, p, k: 4.0 * n * p,
)
class MultinomialNB(DiscreteNB):
    """Naive Bayes for counts, as of words.

    Parameters
    ----------
    alpha : float or array-like of shape (p,), default=1.0
        Added to every count, at least 0: one number, or one a feature.
    force_alpha : bool, default=True
        Keep an alpha below 1e-10, as 0, which makes what was never seen impossible.
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
        If an entry is negative, priors or alpha have the wrong length, or a batch has a new label.

    References
    ----------
    [mccallum1998], [domingos1997]; course note 001 §4.2

    Examples
    --------
    A word that only one class uses decides:

    >>> import numpy as np
    >>> from panlearn.naive_bayes import MultinomialNB
    >>> X = np.array([[2, 1, 0], [3, 0, 0], [0, 1, 4], [0, 2, 3]])  # how often: goal, and, vote
    >>> MultinomialNB().fit(X, ["sport", "sport", "politics", "politics"]).predict([[1, 5, 0], [0, 5, 1]])
    array(['sport', 'politics'], dtype='<U8')
    """

    def __init__(
        self,
        *,
        alpha: Any = 1.0,
        force_alpha: bool = True,
        fit_prior: bool = True,
        class_prior: Any = None,
    ) -> None:
        self.alpha = alpha
        self.force_alpha = force_alpha
        self.fit_prior = fit_prior
        self.class_prior = class_prior

    def _update_feature_log_prob(self, alpha: Any) -> None:
        smoothed = self.feature_count_ + alpha
        self.feature_log_prob_ = np.log(smoothed) - np.log(smoothed.sum(axis=1, keepdims=True))

    def _joint_log_likelihood(self, X: Any) -> np.ndarray:
        return linear_scores(X, self.feature_log_prob_, self.class_log_prior_)

    @classmethod
    def _warm_kernels(cls) -> None:
        from scipy.sparse import csr_array

        from panlearn.naive_bayes.class_counts import class_counts

        X = csr_array(np.ones((1200, 500)))
        class_counts(ArrayRows(X, np.arange(1200) % 2), 2)
