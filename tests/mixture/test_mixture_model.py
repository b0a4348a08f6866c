"""What a fitted mixture answers follows from its densities."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from panlearn import mixture
from panlearn.mixture import GaussianMixture

X = np.random.default_rng(0).normal(size=(60, 2)) + np.repeat([[0.0], [8.0]], 30, axis=0)


def test_answers_agree():
    model = GaussianMixture(2, random_state=0).fit(X)
    weight = np.arange(60.0)
    logs = model.score_samples(X)
    assert model.score(X, sample_weight=weight) == pytest.approx(np.average(logs, weights=weight))
    assert model.bic(X) - model.aic(X) == pytest.approx(11 * (np.log(60) - 2))
    assert (model.predict(X) == model.predict_proba(X).argmax(axis=1)).all()
    assert (GaussianMixture(2, random_state=0).fit_predict(X) == model.predict(X)).all()


def test_samples_follow_the_mixture():
    model = GaussianMixture(2, random_state=0).fit(X)
    rows, components = model.sample(20_000)
    for c in range(2):
        part = rows[components == c]
        assert len(part) / 20_000 == pytest.approx(model.weights_[c], abs=0.02)
        np.testing.assert_allclose(part.mean(axis=0), model.means_[c], atol=0.05)
        np.testing.assert_allclose(np.cov(part.T), model.covariances_[c], atol=0.05)
    with pytest.raises(ValueError, match="n_samples"):
        model.sample(0)


def test_not_fitted():
    for call in ("predict", "predict_proba", "score_samples", "score", "bic", "aic"):
        with pytest.raises(NotFittedError):
            getattr(GaussianMixture(), call)(X)
    with pytest.raises(NotFittedError):
        GaussianMixture().sample()


def test_the_engine_is_offered_beside_its_models():
    """Two coins, which of them was thrown not seen: the biases of Do and Batzoglou's example of EM."""
    heads = np.array([5, 9, 8, 4, 7])

    def step(biases):
        likelihood = biases ** heads[:, None] * (1 - biases) ** (10 - heads[:, None])
        share = likelihood / likelihood.sum(axis=1, keepdims=True)
        return np.log(likelihood.sum(axis=1)).sum(), heads @ share / (10 * share.sum(axis=0))

    found = mixture.em(step, np.array([0.6, 0.5]), tol=1e-10)
    np.testing.assert_allclose(found.parameters, [0.80, 0.52], atol=0.005)
