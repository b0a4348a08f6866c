"""Block coordinate descent: equal to proximal gradient steps, to the scalar path for one target, and optimal."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.optimize.block_coordinate_descent import block_path, descend_blocks
from panlearn.optimize.centred_columns import CentredColumns
from panlearn.optimize.gram_path import path_of
from panlearn.optimize.working_set_path import FromColumns
from tests.oracles.multi_task_lasso import multi_task, objective


def data(n=50, p=8, targets=3, seed=0, shared=0.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + shared * rng.normal(size=(n, 1))
    W = np.zeros((targets, p))
    W[:, : max(1, p // 4)] = rng.normal(size=(targets, max(1, p // 4)))
    return X, X @ W.T + rng.normal(size=(n, targets))


@settings(max_examples=10)
@given(st.integers(2, 20), st.integers(1, 6), st.integers(1, 4), st.integers(0, 50), st.sampled_from([1.0, 0.6]))
def test_matches_oracle(n, p, targets, seed, ratio):
    X, Y = data(n, p, targets, seed)
    source = FromColumns(CentredColumns(X), Y)
    alpha = 0.2 * np.linalg.norm(source.cross, axis=0).max()
    found = block_path(source, np.array([alpha * ratio]), np.array([alpha * (1 - ratio)]), tol=1e-12, max_iter=10_000)
    best = multi_task(X, Y, alpha, ratio, steps=3000)
    assert objective(X, Y, found.coefs[0], alpha, ratio) <= objective(X, Y, best, alpha, ratio) + 1e-10
    assert found.gaps[0] <= 1e-12 * source.y_square


@pytest.mark.parametrize("l2", [0.0, 0.1])
@pytest.mark.parametrize("shape", [(80, 20), (40, 120)])
def test_one_target_is_the_elastic_net(l2, shape):
    X, Y = data(*shape, targets=1)
    l1s = np.array([0.5, 0.1, 0.03])
    ours = block_path(FromColumns(CentredColumns(X), Y), l1s, l2 * np.ones(3), tol=1e-13)
    scalar = path_of(FromColumns(CentredColumns(X), Y[:, 0]), l1s, l2 * np.ones(3), tol=1e-13)
    np.testing.assert_allclose(ours.coefs[:, 0], scalar.coefs, atol=1e-6)


def test_optimality():
    """A zero column's gradient is no longer than l1; another's is -(l1 / |w| + l2) w."""
    X, Y = data(100, 90, 4, shared=2.0)
    source = FromColumns(CentredColumns(X), Y)
    l1, l2 = 0.05 * np.linalg.norm(source.cross, axis=0).max(), 0.01
    found = block_path(source, np.array([l1]), np.array([l2]), tol=1e-14, max_iter=10_000)
    W = found.coefs[0]
    Z = (X - X.mean(axis=0)) / 10
    gradient = (Z.T @ (Z @ W.T)).T - source.cross
    held = W.any(axis=0)
    assert 0 < held.sum() < 90
    assert np.linalg.norm(gradient[:, ~held], axis=0).max() <= l1 * (1 + 1e-6)
    push = (l1 / np.linalg.norm(W[:, held], axis=0) + l2) * W[:, held]
    np.testing.assert_allclose(gradient[:, held], -push, atol=1e-5 * l1)


def test_each_sweep_lowers_the_objective():
    X, Y = data(60, 10, 3, shared=1.0)
    gram, cross = X.T @ X / 60, Y.T @ X / 60
    W, Q, l1 = np.zeros((3, 10)), -cross.copy(), np.full(10, 0.1)
    values = []
    for _ in range(20):
        values.append(0.5 * np.vdot(W @ gram, W) - np.vdot(cross, W) + l1 @ np.linalg.norm(W, axis=0))
        descend_blocks(gram, Q, W, l1, np.zeros(10), 0.0, 1)
    np.testing.assert_allclose(Q, W @ gram - cross, atol=1e-12)
    assert (np.diff(values) <= 1e-14).all()


def test_edge_cases():
    X, Y = data()
    source = FromColumns(CentredColumns(X), Y)
    largest = np.linalg.norm(source.cross, axis=0).max()
    assert (block_path(source, np.array([largest]), np.zeros(1)).coefs == 0).all()
    free = block_path(source, np.zeros(1), np.zeros(1), tol=1e-14, max_iter=10_000).coefs[0]
    Z = X - X.mean(axis=0)
    np.testing.assert_allclose(free, np.linalg.lstsq(Z, Y - Y.mean(axis=0))[0].T, atol=1e-6)
    nothing = FromColumns(CentredColumns(X), np.zeros_like(Y))
    assert (block_path(nothing, np.array([0.1]), np.zeros(1)).coefs == 0).all()
    flat = FromColumns(CentredColumns(np.hstack([X, np.ones((50, 1))])), Y)
    assert (block_path(flat, np.array([0.1]), np.zeros(1)).coefs[0, :, -1] == 0).all()
