"""Best subsets for the logistic loss: equal to trying all, with and without the proof."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from panlearn.losses import BinaryCrossEntropy
from panlearn.optimize.best_subset_loss import LossSubsets
from tests.oracles.best_subset import logistic, smallest

L2 = 0.02


def problem(seed, n=40, p=6):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + rng.choice([0.0, 1.0]) * rng.normal(size=(n, 1))
    y = (X[:, :2].sum(axis=1) + rng.choice([0.5, 3.0]) * rng.normal(size=n) > 0).astype(np.int64)
    y[:2] = 0, 1
    return X, y


def proof(search, *arguments) -> tuple[float, Any]:
    found = search.prove(*arguments)
    assert found is not None
    return found


def searched(X, y, k, sizes=None, l2=L2):
    search = LossSubsets(X, y, np.full(len(y), 1 / len(y)), BinaryCrossEntropy(), l2, True)
    search.search(k, sizes or [k], 0.0, 1)
    return search


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.integers(1, 5))
def test_matches_exhaustive_search(seed, k):
    X, y = problem(seed)
    search = searched(X, y, k)
    exact = smallest(lambda c: logistic(X, y, c, L2), 6, k)[0]
    assert search.found[k].value == pytest.approx(exact, abs=1e-7)
    assert search.found[k].gradient_norm <= 1e-9
    lower, better = proof(search, k, search.found[k].value, 10_000)
    assert better is None
    assert lower == search.found[k].value


@settings(max_examples=8)
@given(st.integers(0, 10_000), st.integers(1, 40))
def test_branch_and_bound_from_nothing(seed, fits):
    """With a bar that everything beats it finds the best; when cut short, its bound is one."""
    X, y = problem(seed)
    search = LossSubsets(X, y, np.full(40, 1 / 40), BinaryCrossEntropy(), L2, True)
    exact = smallest(lambda c: logistic(X, y, c, L2), 6, 3)[0]
    lower, best = proof(search, 3, np.log(2), 10_000)
    assert best.value == pytest.approx(exact, abs=1e-7)
    assert lower == best.value
    lower, _ = proof(search, 3, np.log(2), fits)
    assert lower <= exact + 1e-7


def test_wide_dense_and_sparse_agree():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 600)) * (rng.random((200, 600)) < 0.3)
    y = (X[:, [5, 50, 500]] @ [3.0, -3.0, 3.0] + 0.3 * rng.normal(size=200) > 0).astype(np.int64)
    dense, thin = searched(X, y, 3), searched(sparse.csc_array(X), y, 3)
    assert dense.found[3].columns.tolist() == thin.found[3].columns.tolist() == [5, 50, 500]
    np.testing.assert_allclose(dense.found[3].w, thin.found[3].w, rtol=1e-6)
    assert dense.inescapable == {3}


def test_constant_columns_are_not_taken():
    X, y = problem(0)
    X[:, 1] = 7.0
    search = searched(X, y, 6, [6])
    assert max(search.found) == 5
    assert 1 not in search.found[5].columns
