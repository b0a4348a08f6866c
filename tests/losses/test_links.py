"""Links: inverses of each other, derivatives by differences, domains."""

import numpy as np
import pytest

from panlearn.losses import Log, Power
from panlearn.losses.links import LINKS, name_of_link
from tests.oracles import generalized_linear_model as oracle

MU = np.linspace(0.05, 0.95, 19)  # inside the domain of every link
CASES = [*LINKS.values(), Power(0.3), Power(-0.7)]


@pytest.mark.parametrize("link", CASES, ids=name_of_link)
def test_inverse_undoes_the_link(link):
    np.testing.assert_allclose(link.inverse(link.link(MU)), MU, rtol=1e-12)


@pytest.mark.parametrize("link", CASES, ids=name_of_link)
def test_derivatives_are_those_of_the_inverse(link):
    z, step = link.link(MU), 1e-5
    up, down = link.inverse(z + step), link.inverse(z - step)
    np.testing.assert_allclose(link.slope(z, MU), (up - down) / (2 * step), rtol=1e-6)
    slope = (link.slope(z + step, up) - link.slope(z - step, down)) / (2 * step)
    np.testing.assert_allclose(link.bend(z, MU), slope, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["identity", "log", "logit", "probit", "cloglog", "inverse"])
def test_matches_oracle(name):
    z = np.array([0.1, 0.5, 1.5, 3.0])
    np.testing.assert_allclose(LINKS[name].inverse(z), [oracle.mean(v, name) for v in z], rtol=1e-13)


@pytest.mark.parametrize("exponent", [-2.0, -1.0, 0.5])
def test_power_links_end_at_zero(exponent):
    assert np.isnan(Power(exponent).inverse(np.array([0.0, -1.0]))).all()


def test_names():
    assert name_of_link(Log()) == "log"
    assert name_of_link(LINKS["sqrt"]) == "sqrt"
    assert name_of_link(Power(0.25)) == "Power(exponent=0.25)"
