"""Families and links: deviances by their definitions, derivatives by differences, likelihoods against SciPy."""

# pyright: reportCallIssue=false, reportArgumentType=false, reportOptionalSubscript=false

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import mean_tweedie_deviance

from panlearn.losses import Binomial, ExponentialFamilyLoss, Log, NegativeBinomial, PowerVariance
from panlearn.losses.exponential_family import FAMILIES, family_of, link_of
from panlearn.losses.links import LINKS
from tests.oracles import generalized_linear_model as oracle

RNG = np.random.default_rng(0)
Y, MU = RNG.uniform(0.05, 0.95, 30), RNG.uniform(0.2, 0.8, 30)
PAIRS = [(family, link) for family in (*FAMILIES.values(), PowerVariance(-1.0)) for link in LINKS.values()]


@pytest.mark.parametrize(("family", "link"), PAIRS, ids=str)
def test_derivatives(family, link):
    """First by differences of the value, second by differences of the first; the expected one is positive."""
    loss, z, step = ExponentialFamilyLoss(family, link), link.link(MU), 1e-6
    values, first, second = loss.derivatives(z, Y)
    np.testing.assert_allclose(loss.values(z, Y), values)
    np.testing.assert_allclose(first, (loss.values(z + step, Y) - loss.values(z - step, Y)) / (2 * step), rtol=1e-4)
    exact = (loss.derivatives(z + step, Y)[1] - loss.derivatives(z - step, Y)[1]) / (2 * step)
    np.testing.assert_allclose(loss.observed(z, Y), exact, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(second, exact if loss.convex else loss.expected(z, Y), rtol=1e-5, atol=1e-6)
    assert (second > 0).all()


@pytest.mark.parametrize("name", FAMILIES)
def test_matches_oracle(name):
    family = FAMILIES[name]
    for link in (family.link(), LINKS["identity"]):
        found = ExponentialFamilyLoss(family, link).deviances(link.link(MU), Y)
        extra = 1.0 if name == "negative-binomial" else 1.5
        np.testing.assert_allclose(found, [oracle.unit_deviance(*pair, name, extra) for pair in zip(Y, MU)], atol=1e-12)


@pytest.mark.parametrize("power", [-1.0, 0.0, 1.0, 1.3, 2.0, 3.0, 4.5])
@pytest.mark.parametrize("link", ["log", "identity"])
def test_deviance_matches_peer(power, link):
    y = np.where(np.arange(30) % 3, Y, 0.0) if power < 2 else Y
    loss = ExponentialFamilyLoss(PowerVariance(power), LINKS[link])
    found = loss.deviances(LINKS[link].link(MU), y).mean()
    np.testing.assert_allclose(found, mean_tweedie_deviance(y, MU, power=power), rtol=1e-10)


def test_log_likelihoods():
    """Densities of SciPy, with dispersion 0.7 where the family has one."""
    k, one, phi = np.arange(6.0), np.ones(6), 0.7
    mu, y = np.linspace(0.5, 3, 6), np.linspace(0.2, 4, 6)
    expected = {
        PowerVariance(0.0): (y, stats.norm.logpdf(y, mu, np.sqrt(phi))),
        PowerVariance(2.0): (y, stats.gamma.logpdf(y, 1 / phi, scale=mu * phi)),
        PowerVariance(3.0): (y, stats.invgauss.logpdf(y, mu * phi, scale=1 / phi)),
    }
    for family, (values, logs) in expected.items():
        np.testing.assert_allclose(family.log_likelihood(values, mu, one, phi), logs, rtol=1e-10)
    np.testing.assert_allclose(PowerVariance(1.0).log_likelihood(k, mu, one, 1.0), stats.poisson.logpmf(k, mu))
    r = 1 / 0.4
    found = NegativeBinomial(0.4).log_likelihood(k, mu, one, 1.0)
    np.testing.assert_allclose(found, stats.nbinom.logpmf(k, r, r / (r + mu)))
    found = Binomial().log_likelihood(k / 8, np.full(6, 0.3), np.full(6, 8.0), 1.0)
    np.testing.assert_allclose(found, stats.binom.logpmf(k, 8, 0.3))
    assert PowerVariance(2.5).log_likelihood(y, mu, one, 1.0) is None


def test_tweedie_density_is_a_density():
    """The point mass at 0 and the density above integrate to 1, and the mean is mu."""
    y, one = np.concatenate([[0.0], np.linspace(1e-9, 60, 200_001)]), np.ones(200_002)
    density = np.exp(PowerVariance(1.5).log_likelihood(y, np.full(200_002, 2.0), one, 1.2))
    assert density[0] + np.trapezoid(density[1:], y[1:]) == pytest.approx(1.0, abs=1e-4)
    assert np.trapezoid(density[1:] * y[1:], y[1:]) == pytest.approx(2.0, abs=1e-4)


def test_outside_the_domain_the_loss_is_infinite():
    for family, link in (("poisson", "identity"), ("gamma", "inverse"), ("binomial", "identity")):
        found = ExponentialFamilyLoss(FAMILIES[family], LINKS[link]).values(np.array([-0.5, 0.5]), np.array([0.5, 0.5]))
        assert found[0] == np.inf
        assert np.isfinite(found[1])
    assert np.isinf(ExponentialFamilyLoss(PowerVariance(1.0), Log()).values(np.array([1e4]), np.array([1.0]))).all()


def test_canonical_links_have_the_residual_as_gradient():
    for family in (PowerVariance(0.0), PowerVariance(1.0), PowerVariance(2.0), PowerVariance(1.4), Binomial()):
        link = family.link(canonical=True)
        first = ExponentialFamilyLoss(family, link).derivatives(link.link(MU), Y)[1]
        np.testing.assert_allclose(first / (MU - Y), (first / (MU - Y))[0], rtol=1e-10)


def test_names():
    assert family_of("exponential").dispersion == 1.0
    assert [family_of(name).name for name in ("normal", "exponential", "tweedie")] == [
        "Normal",
        "Exponential",
        "Tweedie(1.5)",
    ]
    for bad in (
        {"family": "weibull"},
        {"family": "tweedie", "power": 0.5},
        {"family": "negative-binomial", "theta": 0.0},
    ):
        with pytest.raises(ValueError, match="must be"):
            family_of(**bad)
    with pytest.raises(ValueError, match="link must be"):
        link_of("loggit", FAMILIES["normal"])
    assert not family_of("gamma").allows(np.array([0.0]))
    assert family_of("tweedie").allows(np.array([0.0]))
