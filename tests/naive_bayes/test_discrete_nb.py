"""Smoothing, priors and checks that the classifiers for counts share."""

import numpy as np
import pytest
from scipy import sparse

from panlearn.naive_bayes import BernoulliNB, CategoricalNB, ComplementNB, MultinomialNB

RNG = np.random.default_rng(0)
X, Y = RNG.integers(0, 4, (60, 5)), np.arange(60) % 3
COUNTS = [MultinomialNB, ComplementNB, BernoulliNB]


@pytest.mark.parametrize("cls", COUNTS)
def test_alpha(cls):
    each = cls(alpha=np.full(5, 0.7)).fit(X, Y)
    np.testing.assert_array_equal(each.feature_log_prob_, cls(alpha=0.7).fit(X, Y).feature_log_prob_)
    with pytest.raises(ValueError, match="greater than 0"):
        cls(alpha=[1.0, -1.0, 1.0, 1.0, 1.0]).fit(X, Y)
    with pytest.raises(ValueError, match="should contains `n_features`"):
        cls(alpha=[1.0]).fit(X, Y)
    with pytest.warns(UserWarning, match="alpha too small"):
        cls(alpha=0.0, force_alpha=False).fit(X, Y)


@pytest.mark.parametrize("cls", [*COUNTS, CategoricalNB])
def test_priors(cls):
    np.testing.assert_allclose(cls(fit_prior=False).fit(X, Y[::-1] // 2).class_log_prior_, -np.log(2))
    np.testing.assert_allclose(cls(class_prior=[0.2, 0.3, 0.5]).fit(X, Y).class_log_prior_, np.log([0.2, 0.3, 0.5]))
    with pytest.raises(ValueError, match="Number of priors"):
        cls(class_prior=[1.0]).fit(X, Y)


@pytest.mark.parametrize("cls", [*COUNTS, CategoricalNB])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_finite(cls, bad):
    rows = X.astype(float)
    rows[3, 2] = bad
    for wrong in (rows, sparse.csr_array(rows)):
        with pytest.raises((ValueError, TypeError), match=r"NaN|infinity|[Ss]parse"):
            cls().fit(wrong, Y)


@pytest.mark.parametrize("cls", [MultinomialNB, ComplementNB, CategoricalNB])
def test_negative(cls):
    with pytest.raises(ValueError, match="Negative values in data passed to"):
        cls().fit(-X, Y)
