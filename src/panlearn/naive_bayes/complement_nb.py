r"""Complement naive Bayes: how badly a text fits all the other classes [rennie2003].

    w_kj = -log theta_kj,    theta_kj = (alpha + sum of N_cj over c != k) / (the same summed over all j)
    y(x) = argmax_k x'w_k

The shares are those outside of the class. They come from more rows than those inside where the class is small, so that
small classes are not at the mercy of a few texts. `norm=True` divides w_k by the sum of its size, since a class whose
words depend on each other has larger weights. The priors play no part.

Cost and limits as for multinomial naive Bayes; probabilities are no posteriors.
"""

from typing import Any, ClassVar

import numpy as np

from panlearn.core.constraints import BOOLEAN
from panlearn.core.registry import method
from panlearn.naive_bayes.class_counts import linear_scores
from panlearn.naive_bayes.discrete_nb import DiscreteNB


@method(
    "Complement naive Bayes",
    tasks=("binary", "multiclass"),
    notes=("001 4", "002 discriminative/generative"),
    needs=("nonnegative",),
    cost=lambda n, p, k: 4.0 * n * p,
)
class ComplementNB(DiscreteNB):
    """Naive Bayes for counts with classes of unlike sizes.

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
    norm : bool, default=False
        Divide the weights of a class by the sum of their sizes.

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
    feature_all_ : ndarray of shape (p,)
        Sum of each feature over all classes.
    feature_log_prob_ : ndarray of shape (K, p)
        Weights w.
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
    [rennie2003]; course note 001 §4.2

    Examples
    --------
    The shares outside of each class: of class 0 they are those of class 1, (0, 3) plus 1 each over 5.

    >>> import numpy as np
    >>> from panlearn.naive_bayes import ComplementNB
    >>> model = ComplementNB().fit(np.array([[2, 1], [0, 3]]), [0, 1])
    >>> np.exp(-model.feature_log_prob_)
    array([[0.2, 0.8],
           [0.6, 0.4]])
    """

    _parameter_constraints: ClassVar[dict[str, list]] = {**DiscreteNB._parameter_constraints, "norm": [BOOLEAN]}

    def __init__(
        self,
        *,
        alpha: Any = 1.0,
        force_alpha: bool = True,
        fit_prior: bool = True,
        class_prior: Any = None,
        norm: bool = False,
    ) -> None:
        self.alpha = alpha
        self.force_alpha = force_alpha
        self.fit_prior = fit_prior
        self.class_prior = class_prior
        self.norm = norm

    def _update_feature_log_prob(self, alpha: Any) -> None:
        self.feature_all_ = self.feature_count_.sum(axis=0)
        others = self.feature_all_ + alpha - self.feature_count_
        logged = np.log(others / others.sum(axis=1, keepdims=True))
        self.feature_log_prob_ = logged / logged.sum(axis=1, keepdims=True) if self.norm else -logged

    def _joint_log_likelihood(self, X: Any) -> np.ndarray:
        alone = self.class_log_prior_ if len(self.classes_) == 1 else np.zeros(len(self.classes_))
        return linear_scores(X, self.feature_log_prob_, alone)
