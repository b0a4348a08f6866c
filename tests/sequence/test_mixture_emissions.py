"""Mixtures as emissions: equal to loops, and an M step that no other parameters beat."""

import numpy as np
import pytest

from panlearn.sequence.gaussian_densities import gaussians
from panlearn.sequence.gaussian_estimates import GaussianPrior
from panlearn.sequence.gaussian_start import written_out
from panlearn.sequence.mixture_emissions import MixtureEmissions, MixturePrior
from tests.oracles import gaussian_hmm as oracle

N, M, P = 2, 3, 2
KINDS = {"spherical": (N, M), "diag": (N, M, P), "full": (N, M, P, P), "tied": (N, P, P)}


def problem(kind, n=60):
    rng = np.random.default_rng(0)
    shape = KINDS[kind]
    A = rng.normal(size=shape)
    short = A @ np.swapaxes(A, -1, -2) + np.eye(P) if kind in ("full", "tied") else rng.uniform(0.5, 2.0, size=shape)
    means = 2 * rng.normal(size=(N, M, P))
    model = gaussians(means.reshape(-1, P), written_out(kind, short, means.shape))
    X = 2 * rng.normal(size=(n, P))
    X[0], X[1, 0] = np.nan, np.nan
    family = MixtureEmissions(kind, rng.dirichlet(np.ones(M), N), model, np.full(P, 1e-9))
    S = model.covariances if model.covariances.ndim == 3 else model.covariances[:, :, None] * np.eye(P)
    return family, X, rng.dirichlet(np.ones(N), n), means, S.reshape(N, M, P, P)


def no_prior(kind, params="mcw"):
    scale = {"spherical": (N * M, 1), "diag": (N * M, P), "full": (N * M, P, P), "tied": (N, P, P)}[kind]
    numbers = (scale[0], *([1] * (len(scale) - 1)))
    none = GaussianPrior(np.zeros((N * M, P)), np.zeros((N * M, 1)), np.zeros(scale), np.zeros(numbers), params)
    return MixturePrior(np.ones((N, M)), none, params)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_to_loops(kind):
    family, X, marginals, means, S = problem(kind)
    expected, shares = oracle.mixture(family.weights, X, means, S)
    np.testing.assert_allclose(family.log_likelihood(X), np.log(expected), rtol=1e-9, atol=1e-12)
    likelihood, shift = family.likelihood(X)
    np.testing.assert_allclose(likelihood * np.exp(shift)[:, None], expected, rtol=1e-9)
    shares = (shares * marginals[:, :, None]).reshape(len(X), -1)
    group = np.repeat(np.arange(N), M)
    wanted, matrices = oracle.step(kind, X, shares, means.reshape(-1, P), S.reshape(-1, P, P), group)
    found = family.maximise(family.statistics(X, marginals), no_prior(kind))
    np.testing.assert_allclose(found.model.means, wanted, rtol=1e-8)
    own = found.model.covariances
    np.testing.assert_allclose(own if own.ndim == 3 else own[:, :, None] * np.eye(P), matrices, rtol=1e-8, atol=1e-10)
    counts = shares.sum(axis=0).reshape(N, M)
    np.testing.assert_allclose(found.weights, counts / counts.sum(axis=1, keepdims=True), rtol=1e-10)


def test_prior_of_the_weights_and_what_is_updated():
    family, X, marginals, _, _ = problem("diag")
    statistics = family.statistics(X, marginals)
    prior = no_prior("diag", "w")._replace(weights=np.full((N, M), 4.0))
    found = family.maximise(statistics, prior)
    counts = statistics.counts.reshape(N, M) + 3
    np.testing.assert_allclose(found.weights, counts / counts.sum(axis=1, keepdims=True))
    np.testing.assert_array_equal(found.model.means, family.model.means)
    assert found.log_prior(prior) == pytest.approx(3 * np.log(found.weights).sum())
    np.testing.assert_array_equal(family.maximise(statistics, no_prior("diag", "")).weights, family.weights)


def test_empty_components_and_impossible_rows():
    family, X, marginals, _, _ = problem("diag")
    family = family._replace(weights=np.array([[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]]))
    far = np.full((1, P), 1e200)  # its square is beyond float64
    assert (family.log_likelihood(far) == -np.inf).all()
    assert (family.likelihood(far)[0] == 0).all()
    assert np.isfinite(family.statistics(np.vstack([X, far]), np.vstack([marginals, [[0.5, 0.5]]])).counts).all()
    found = family.maximise(family.statistics(X, marginals), no_prior("diag"))
    np.testing.assert_array_equal(found.weights == 0, family.weights == 0)
    assert np.isfinite(found.model.means).all()


def test_free_parameters_and_draws():
    assert [problem(kind)[0].n_parameters() for kind in KINDS] == [4 + 12 + 6, 4 + 12 + 12, 4 + 12 + 18, 4 + 12 + 6]
    family, _, _, means, _ = problem("full")
    states = np.repeat([0, 1], 20_000)
    X = family.draw(states, np.random.RandomState(0))
    for j in range(N):
        np.testing.assert_allclose(X[states == j].mean(axis=0), family.weights[j] @ means[j], atol=0.06)
