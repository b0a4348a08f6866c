"""Intervals, tests and tables from a covariance that is known."""

import numpy as np
import pytest

from panlearn.linear_model.generalized_linear_model.inference import Inference


def known(**changes) -> Inference:
    values = {
        "names": ("Intercept", "a", "b"),
        "coef": np.array([1.0, 2.0, 0.0]),
        "covariance": np.diag([0.25, 1.0, 4.0]),
        "kind": "expected",
        "family": "Poisson",
        "link": "log",
        "n": 100,
        "df": 3.0,
        "rank": 3,
        "dispersion": 1.0,
        "deviance": 90.0,
        "pearson": 95.0,
        "log_likelihood": -50.0,
        "n_iter": 4,
        "penalised": False,
    }
    return Inference(**{**values, **changes})


def test_errors_and_intervals():
    found = known()
    np.testing.assert_allclose(found.std_errors, [0.5, 1.0, 2.0])
    np.testing.assert_allclose(found.z, [2.0, 2.0, 0.0])
    np.testing.assert_allclose(found.p_values, [0.0455, 0.0455, 1.0], atol=1e-4)
    np.testing.assert_allclose(found.conf_int()[1], [2 - 1.959964, 2 + 1.959964], rtol=1e-6)
    assert found.aic == 106.0
    assert found.bic == pytest.approx(100 + 3 * np.log(100))


def test_wald_tests():
    """One hypothesis gives z squared; a repeated one counts once."""
    found = known()
    assert found.wald_test("a").statistic == pytest.approx(4.0)
    assert found.wald_test(["a"]).p_value == pytest.approx(found.p_values[1])
    both = found.wald_test([[1.0, 0, 0], [0, 1, 0]], [0.0, 2.0])
    assert (both.statistic, both.df) == (pytest.approx(4.0), 2)
    assert found.wald_test([[0, 1.0, 0], [0, 2.0, 0]]).df == 1


def test_edge_cases():
    with pytest.raises(ValueError, match="level must be"):
        known().conf_int(1.0)
    with pytest.raises(ValueError, match="no coefficient"):
        known().wald_test(["c"])
    with pytest.raises(ValueError, match="must have 3 columns"):
        known().wald_test([[1.0, 0.0]])
    with pytest.raises(ValueError, match="no log-likelihood"):
        _ = known(log_likelihood=None).aic
    assert (known(covariance=np.zeros((3, 3))).z == 0).all()
