"""Shapley values of one tree against all subsets, for every kind of question."""

import numpy as np
import pytest

from panlearn.tree.path_shapley import LANES, tree_shap
from tests.oracles import tree_shap as oracle


def rows(rng, n):
    X = np.column_stack([rng.normal(size=(n, 2)), rng.integers(0, 6, (n, 2)).astype(float)])
    X[rng.random(X.shape) < 0.2] = np.nan
    return X


@pytest.mark.parametrize("kinds", ["t", "ts", "m", "tsm"])
@pytest.mark.parametrize("fractional", [False, True])
def test_matches_oracle(kinds, fractional):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        tree = oracle.random_tree(rng, depth=seed, kinds=kinds)
        X, others, values = rows(rng, 3), rows(rng, 2), tree.value[:, :, 0]
        out = np.zeros((3, 4, 2))
        base = tree_shap(tree, np.ascontiguousarray(X.T), values, out, fractional=fractional)
        against = np.zeros((3, 4, 2))
        columns = np.ascontiguousarray(others.T)
        mean = tree_shap(tree, np.ascontiguousarray(X.T), values, against, background=columns, fractional=fractional)
        for i, x in enumerate(X):
            phi, expected = oracle.shapley(tree, values, x, None, fractional)
            np.testing.assert_allclose(out[i], phi, atol=1e-12)
            np.testing.assert_allclose(base, expected, atol=1e-12)
            pairs = [oracle.shapley(tree, values, x, other, fractional) for other in others]
            np.testing.assert_allclose(against[i], np.mean([p for p, _ in pairs], axis=0), atol=1e-12)
            np.testing.assert_allclose(mean, np.mean([b for _, b in pairs], axis=0), atol=1e-12)


def test_many_rows_are_those_of_single_rows():
    rng = np.random.default_rng(5)
    tree = oracle.random_tree(rng, depth=6)
    X = rows(rng, 2 * LANES + 5)
    out, single = np.zeros((len(X), 4, 2)), np.zeros((1, 4, 2))
    tree_shap(tree, np.ascontiguousarray(X.T), tree.value[:, :, 0], out)
    tree_shap(tree, np.ascontiguousarray(X[-1:].T), tree.value[:, :, 0], single)
    np.testing.assert_allclose(out[-1:], single, atol=1e-14)
