"""Sums by levels equal products with one-hot columns."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from panlearn.linear_model.generalized_linear_model.level_sums import add_levels, count_pairs, sum_levels, sum_rows
from tests.oracles.generalized_linear_model import one_hot


@given(st.integers(1, 40), st.integers(1, 5), st.integers(0, 100))
def test_matches_oracle(n, levels, seed):
    rng = np.random.default_rng(seed)
    codes, others = rng.integers(0, levels, n).astype(np.uint32), rng.integers(0, 3, n).astype(np.uint32)
    X, u, Z = one_hot(codes, levels), rng.normal(size=n), rng.normal(size=(n, 2))
    table, z = rng.normal(size=levels), rng.normal(size=n)
    expected = z + X @ table
    add_levels(codes, table, z)
    np.testing.assert_allclose(z, expected)
    for kernel, arguments, wanted in (
        (sum_levels, (codes, u), X.T @ u),
        (sum_rows, (codes, u, Z), X.T @ (u[:, None] * Z)),
        (count_pairs, (codes, others, u), X.T @ (u[:, None] * one_hot(others, 3))),
    ):
        out = np.zeros(wanted.shape)
        kernel(*arguments, out)
        np.testing.assert_allclose(out, wanted, atol=1e-12)
