"""How many components."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panlearn.decomposition.component_count import component_count, log_evidence
from tests.oracles import principal_components as oracle


@given(st.integers(3, 9), st.integers(10, 500), st.integers(0, 50))
def test_evidence_matches_the_formula_term_by_term(p, n, seed):
    values = np.sort(np.random.default_rng(seed).gamma(2.0, size=p))[::-1]
    found = log_evidence(values, n)
    expected = [oracle.log_evidence(values, k, n) for k in range(1, p)]
    np.testing.assert_allclose(found[1:], expected, rtol=1e-8)
    assert found[0] == -np.inf


def test_evidence_finds_the_planted_number():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 3)) @ rng.normal(size=(3, 10)) * 3 + rng.normal(size=(500, 10))
    values = np.linalg.eigvalsh(np.cov(X.T))[::-1]
    assert component_count("mle", values, values.sum(), 500) == 3


def test_equal_and_zero_eigenvalues_are_finite_or_excluded():
    found = log_evidence(np.array([3.0, 3.0, 1.0, 1.0, 0.0, 0.0]), 100)
    assert np.isfinite(found[1:5]).all()
    assert found[5] == -np.inf


@pytest.mark.parametrize(("share", "count"), [(0.1, 1), (0.59, 1), (0.6, 2), (0.89, 2), (0.95, 3), (0.9999, 3)])
def test_share_of_the_variance(share, count):
    assert component_count(share, np.array([6.0, 3.0, 1.0]), 10.0, 50) == count


def test_numbers_and_no_variance():
    assert component_count(2, np.ones(5), 5.0, 10) == 2
    assert component_count(0.5, np.zeros(3), 0.0, 10) == 1
