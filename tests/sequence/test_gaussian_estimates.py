"""The M step of Gaussians: the maximum of expected likelihood, prior and all, and above the floor."""

import numpy as np
import pytest

from panlearn.sequence import gaussian_densities as densities
from panlearn.sequence import gaussian_estimates as estimates
from panlearn.sequence.gaussian_start import written_out
from tests.oracles import gaussian_hmm as oracle

KINDS = ("diag", "spherical", "full", "tied")
K, P = 4, 3
SHORT = {"diag": (K, P), "spherical": (K, 1), "full": (K, P, P), "tied": (2, P, P)}  # tied: two groups of two
NUMBERS = {"diag": (K, P), "spherical": (K, 1), "full": (K, 1, 1), "tied": (2, 1, 1)}


def problem(kind, seed=0):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(K, P, P))
    S = A @ np.swapaxes(A, 1, 2) + np.eye(P)
    short = {"diag": S[:, 0], "spherical": S[:, 0, 0], "full": S, "tied": S[:2]}[kind]
    covariances = written_out(kind, np.abs(short) if kind in ("diag", "spherical") else short, (K, P))
    model = densities.gaussians(rng.normal(size=(K, P)), covariances)
    X, shares = 2 * rng.normal(size=(60, P)), rng.dirichlet(np.ones(K), 60)
    return model, X, shares, densities.moments(model, X, shares)


def prior_of(kind, some=True, params="mc", seed=1):
    rng = np.random.default_rng(seed)
    scale = (
        5 * np.broadcast_to(np.eye(P), SHORT[kind]) if len(SHORT[kind]) == 3 else rng.uniform(1, 5, size=SHORT[kind])
    )
    if not some:
        return estimates.GaussianPrior(
            np.zeros((K, P)), np.zeros((K, 1)), np.zeros(SHORT[kind]), np.zeros(NUMBERS[kind]), params
        )
    mean, weight = rng.normal(size=(K, P)), rng.uniform(1, 5, size=(K, 1))
    return estimates.GaussianPrior(mean, weight, scale, rng.uniform(0, 5, size=NUMBERS[kind]), params)


def expected(kind, model, X, shares, prior):
    """What an M step maximises."""
    return (shares * densities.log_densities(model, X)).sum() + estimates.log_prior(kind, model, prior)


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_prior_it_is_weighted_means_and_covariances(kind):
    model, X, shares, moments = problem(kind)
    found = estimates.maximised(kind, model, moments, prior_of(kind, some=False), np.full(P, 1e-9))
    S = model.covariances if model.covariances.ndim == 3 else model.covariances[:, :, None] * np.eye(P)
    means, matrices = oracle.step(kind, X, shares, model.means, S, np.array([0, 0, 1, 1]))
    np.testing.assert_allclose(found.means, means, rtol=1e-9)
    own = found.covariances if found.covariances.ndim == 3 else found.covariances[:, :, None] * np.eye(P)
    np.testing.assert_allclose(own, matrices, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("update", ["mc", "m", "c", ""])
def test_no_other_parameters_are_better(kind, update):
    model, X, shares, moments = problem(kind)
    prior, rng = prior_of(kind, params=update), np.random.default_rng(2)
    best = estimates.maximised(kind, model, moments, prior, np.full(P, 1e-9))
    value = expected(kind, best, X, shares, prior)
    assert value >= expected(kind, model, X, shares, prior)
    if "m" not in update:
        np.testing.assert_array_equal(best.means, model.means)
    if "c" not in update:
        np.testing.assert_array_equal(best.covariances, model.covariances)
    for _ in range(20):
        means = best.means + 1e-3 * rng.normal(size=(K, P)) * ("m" in update)
        stretch = np.exp(1e-3 * rng.normal(size=SHORT[kind][0]) * ("c" in update))
        factor = np.repeat(stretch, K // len(stretch)).reshape(-1, *[1] * (best.covariances.ndim - 1))
        other = densities.gaussians(means, best.covariances * factor)
        assert expected(kind, other, X, shares, prior) <= value + 1e-9


@pytest.mark.parametrize("kind", KINDS)
def test_a_gaussian_without_rows_stays(kind):
    model, X, shares, _ = problem(kind)
    shares[:, 2:] = 0.0
    found = estimates.maximised(
        kind, model, densities.moments(model, X, shares), prior_of(kind, some=False), np.full(P, 1e-9)
    )
    np.testing.assert_array_equal(found.means[2:], model.means[2:])
    np.testing.assert_array_equal(found.covariances[2:], model.covariances[2:])


@pytest.mark.parametrize("kind", KINDS)
def test_the_floor_is_the_constrained_maximum(kind):
    """Rows on a plane: the likelihood has no bound; of the covariances above the floor none is better."""
    rng, floor = np.random.default_rng(0), np.full(P, 0.01)
    X = rng.normal(size=(60, 1)) @ rng.normal(size=(1, P)) if kind in ("full", "tied") else np.zeros((60, P))
    X[:, 2] = 0.0
    model, _, shares, _ = problem(kind)
    prior = prior_of(kind, some=False)
    found = estimates.maximised(kind, model, densities.moments(model, X, shares), prior, floor)
    matrices = found.covariances if found.covariances.ndim == 3 else found.covariances[:, :, None] * np.eye(P)
    least = np.linalg.eigvalsh(matrices)[:, 0]
    np.testing.assert_allclose(least, 0.01, rtol=1e-9)
    value = expected(kind, found, X, shares, prior)
    for _ in range(20):
        if found.covariances.ndim == 2:
            more = found.covariances + 1e-3 * rng.uniform(size=(K, 1))
        else:
            v = rng.normal(size=(P, 1))
            more = found.covariances + 1e-3 * v @ v.T
        assert expected(kind, densities.gaussians(found.means, more), X, shares, prior) < value
