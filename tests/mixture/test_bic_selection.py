"""Choice of the number and kind of components by BIC."""

import numpy as np
import pandas as pd
import pytest

from panlearn.core.errors import DataError
from panlearn.mixture import BernoulliMixture, CategoricalMixture, GaussianMixture, select_by_bic


def clouds(k, n=150, seed=0):
    rng = np.random.default_rng(seed)
    return np.vstack([rng.normal(size=(n, 2)) + 8 * np.array([c, c % 2]) for c in range(k)])


@pytest.mark.parametrize("k", [1, 3])
def test_finds_the_planted_number_and_kind(k):
    found = select_by_bic(
        GaussianMixture(random_state=0), clouds(k), n_components=range(1, 5), covariance_type=["full", "spherical"]
    )
    assert (found.best.n_components, found.best.covariance_type) == (k, "spherical")
    assert len(found.settings) == len(found.bic) == 8
    assert found.settings[np.argmin(found.bic)] == {"n_components": k, "covariance_type": "spherical"}
    np.testing.assert_allclose(found.best.bic(clouds(k)), found.bic.min())


def test_old_faithful_is_what_mclust_finds(shared_data):
    """R's mclust 6 reports BIC -2314.316 (its sign) for three ellipsoids of one covariance (EEE) as the best."""
    X = pd.read_csv(shared_data / "old_faithful" / "faithful.csv")
    mixture = GaussianMixture(random_state=0, n_init=20, tol=1e-7, max_iter=1000, reg_covar=0)
    found = select_by_bic(mixture, X, n_components=range(1, 4), covariance_type=["full", "tied"])
    assert (found.best.n_components, found.best.covariance_type) == (3, "tied")
    np.testing.assert_allclose(found.bic.min(), 2314.316, atol=0.1)
    two = found.settings.index({"n_components": 2, "covariance_type": "full"})
    np.testing.assert_allclose(found.bic[two], 2322.192, atol=0.1)


def test_missing_values_and_weights():
    X = clouds(2)
    X[np.random.default_rng(0).random(X.shape) < 0.2] = np.nan
    assert select_by_bic(GaussianMixture(random_state=0), X, n_components=[1, 2, 3]).best.n_components == 2
    weight = np.repeat([1.0, 0.0], 150)  # one cloud left
    found = select_by_bic(
        GaussianMixture(random_state=0, covariance_type="spherical"),
        clouds(2),
        sample_weight=weight,
        n_components=[1, 2],
    )
    assert found.best.n_components == 1


def test_discrete_mixtures():
    rng = np.random.default_rng(1)
    theta = np.array([[0.9] * 5 + [0.1] * 5, [0.1] * 5 + [0.9] * 5, [0.9, 0.1] * 5])
    X = (rng.random((600, 10)) < theta[rng.integers(0, 3, 600)]).astype(int)
    for kind in (BernoulliMixture, CategoricalMixture):
        assert select_by_bic(kind(random_state=0, n_init=3), X, n_components=range(1, 6)).best.n_components == 3


def test_candidates_that_cannot_be_fitted_are_passed_over():
    X = clouds(1, n=5)
    found = select_by_bic(GaussianMixture(random_state=0), X, n_components=[1, 9])
    assert found.best.n_components == 1
    assert np.isnan(found.bic).tolist() == [False, True]
    with pytest.raises(DataError, match="none of the 1 candidates"):
        select_by_bic(GaussianMixture(), X, n_components=[9])
    with pytest.raises(DataError, match="at least one value"):
        select_by_bic(GaussianMixture(), X, n_components=[])
