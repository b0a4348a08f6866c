"""Starts: from labels, responsibilities, rows, and given parameters."""

import numpy as np
import pytest

from panlearn.core.blocks import ArrayRows
from panlearn.core.errors import DataError
from panlearn.mixture import gaussian_start as module
from tests.oracles.gaussian_mixture import matrices

KINDS = ("full", "tied", "diag", "spherical")
X = np.random.default_rng(0).normal(size=(90, 2)) + np.repeat([[0.0], [9.0], [1e4]], 30, axis=0)


@pytest.mark.parametrize("kind", KINDS)
def test_from_labels(kind):
    labels, weight = np.repeat([0, 1, 2], 30), np.random.default_rng(1).integers(0, 3, 90).astype(float)
    found = module.from_shares(module.Shape(kind, 3, 0.0), ArrayRows(X, labels, weight))
    groups = [np.repeat(X, weight.astype(int), axis=0)[np.repeat(labels, weight.astype(int)) == c] for c in range(3)]
    np.testing.assert_allclose(found.means, [g.mean(axis=0) for g in groups])
    np.testing.assert_allclose(found.weights, np.array([len(g) for g in groups]) / weight.sum())
    S = [np.cov(g.T, bias=True) for g in groups]
    within = sum(len(g) * s for g, s in zip(groups, S, strict=True)) / weight.sum()
    expected = {"full": S, "tied": within, "diag": [np.diag(s) for s in S], "spherical": [np.trace(s) / 2 for s in S]}
    np.testing.assert_allclose(found.covariances, expected[kind], rtol=1e-7)
    shares = np.eye(3)[labels]
    again = module.from_shares(module.Shape(kind, 3, 0.0), ArrayRows(X, shares, weight))
    np.testing.assert_allclose(again.covariances, found.covariances, rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_a_label_nobody_has(kind):
    found = module.from_shares(module.Shape(kind, 2, 1e-6), ArrayRows(X, np.zeros(90, int)))
    assert found.weights.tolist() == [1, 0]
    whole = np.cov(X.T, bias=True)
    expected = {"diag": np.diag(np.diag(whole)), "spherical": np.trace(whole) / 2 * np.eye(2)}.get(kind, whole)
    np.testing.assert_allclose(matrices(kind, found.covariances, 2, 2)[1], expected, rtol=1e-6)
    np.testing.assert_allclose(found.means[1], X.mean(axis=0))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("init", ["kmeans", "k-means++", "random_from_data", "random"])
def test_starts(kind, init):
    nothing = module.Given(None, None, None)
    rng = np.random.RandomState(0)
    found = list(module.starts(module.Shape(kind, 3, 1e-6), ArrayRows(X), init, nothing, rng, 2))
    assert len(found) == 2
    for start in found:
        assert start.weights.sum() == pytest.approx(1)
        assert np.isfinite(start.factors).all()
        if init in ("k-means++", "random_from_data"):
            assert {tuple(m) for m in start.means} <= {tuple(x) for x in X}
        if init == "kmeans":
            np.testing.assert_allclose(np.sort(start.means[:, 0]), [X[a : a + 30, 0].mean() for a in (0, 30, 60)])


@pytest.mark.parametrize("kind", KINDS)
def test_given_parameters_are_kept(kind):
    precision = {
        "full": [np.diag([1.0, 4.0])] * 2,
        "tied": np.diag([1.0, 4.0]),
        "diag": [[1.0, 4.0]] * 2,
        "spherical": [4.0] * 2,
    }
    given = module.checked(module.Given([0.5, 0.5], np.zeros((2, 2)), precision[kind]), kind, 2, 2)
    (start,) = module.starts(module.Shape(kind, 2, 1e-6), ArrayRows(X), "kmeans", given, np.random.RandomState(0), 1)
    assert (start.means == 0).all()
    expected = 1 / 4 * np.eye(2) if kind == "spherical" else np.diag([1, 1 / 4])
    np.testing.assert_allclose(matrices(kind, start.covariances, 2, 2)[0], expected)


def test_factors_of_a_precision():
    A = np.random.default_rng(0).normal(size=(3, 4, 4))
    precision = A @ A.transpose(0, 2, 1)
    U = module.factors_of("full", precision)
    np.testing.assert_allclose(U @ U.transpose(0, 2, 1), precision)
    assert (np.tril(U, -1) == 0).all()


def test_unsound_parameters():
    with pytest.raises(DataError, match="symmetric, positive-definite"):
        module.checked(module.Given(None, None, [[1.0, 2.0], [0.0, 1.0]]), "tied", 1, 2)
    with pytest.raises(DataError, match="normalized"):
        module.checked(module.Given([0.5, 0.6], None, None), "full", 2, 2)
