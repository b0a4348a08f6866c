"""Gaussian emissions: what the hidden Markov model asks of a family."""

import numpy as np
import pytest

from panlearn.core.blocks import add
from panlearn.sequence.gaussian_densities import gaussians
from panlearn.sequence.gaussian_emissions import GaussianEmissions
from panlearn.sequence.gaussian_start import template, written_out

KINDS = {"spherical": (3,), "diag": (3,), "full": (3,), "tied": ()}


def family(kind, p=2):
    rng = np.random.default_rng(0)
    S = np.cov(rng.normal(size=(p, 20))) + np.eye(p)
    means = rng.normal(size=(3, p))
    return GaussianEmissions(
        kind, gaussians(means, written_out(kind, template(kind, S, KINDS[kind]), (3, p))), np.zeros(p)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_likelihood_is_the_exponential_without_the_largest(kind):
    emissions, X = family(kind), np.random.default_rng(1).normal(size=(50, 2))
    X[3] = np.nan
    likelihood, shift = emissions.likelihood(X)
    np.testing.assert_allclose(np.log(likelihood) + shift[:, None], emissions.log_likelihood(X), atol=1e-12)
    np.testing.assert_array_equal(likelihood.max(axis=1), 1.0)
    np.testing.assert_array_equal(likelihood[3], 1.0)
    assert shift[3] == 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_statistics_add_over_rows(kind):
    emissions, rng = family(kind), np.random.default_rng(1)
    X, marginals = rng.normal(size=(50, 2)), rng.dirichlet(np.ones(3), 50)
    X[3, 0] = X[30] = np.nan
    both = add(emissions.statistics(X[:20], marginals[:20]), emissions.statistics(X[20:], marginals[20:]))
    for a, b in zip(both, emissions.statistics(X, marginals), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)


def test_free_parameters_and_draws():
    assert [family(kind, 4).n_parameters() for kind in KINDS] == [15, 24, 42, 22]
    emissions = family("diag")
    states = np.array([0, 2, 1, 1])
    a, b = (emissions.draw(states, np.random.RandomState(5)) for _ in range(2))
    assert a.shape == (4, 2)
    np.testing.assert_array_equal(a, b)
