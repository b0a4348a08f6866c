"""<Method>: equal to brute force and to its peer, optimal, indifferent to what must not matter."""

from hypothesis import given
from hypothesis import strategies as st

from tests.oracles.method import brute_force


@given(st.integers(1, 30), st.integers(1, 8), st.integers(0, 10**6))
def test_matches_oracle(n, p, seed):
    """Odd shapes: n = 1, p > n, ties, zeros, huge scales."""


def test_matches_peer():
    """Exactly where the optimum is unique, else by objective."""


def test_optimality():
    """KKT conditions, zero gradient, zero gap, or a likelihood that never falls."""


def test_invariances():
    """Row order, scaling, label swap, integer weights = repeated rows."""


def test_edge_cases():
    """One row, one column, a constant column, one class, p > n, NaN, inf, empty: a right answer or a clear message."""


def test_reproducible():
    """The same seed and thread count give the same bits."""
