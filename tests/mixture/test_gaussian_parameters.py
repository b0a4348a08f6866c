"""M step, regularisation, and what it costs."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from panlearn.core.errors import DataError
from panlearn.mixture import gaussian_parameters as module
from panlearn.mixture.missing_gaussian import Moments
from tests.oracles.gaussian_mixture import matrices

normal: Any = multivariate_normal  # its stub takes a covariance for an int

KINDS = ("full", "tied", "diag", "spherical")


def scatter(kind, k=3, d=2, seed=0):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(k, d, d))
    S = A @ A.transpose(0, 2, 1) + 0.1 * np.eye(d)
    return {"full": S, "tied": S[0], "diag": np.einsum("kii->ki", S), "spherical": S[:, 0, 0]}[kind]


def made(kind, ridge=1e-6, seed=0):
    means = np.random.default_rng(1).normal(size=(3, 2))
    return module.build(kind, np.array([0.2, 0.3, 0.5]), means, scatter(kind, seed=seed), ridge)


@pytest.mark.parametrize("kind", KINDS)
def test_factors_and_constants(kind):
    p = made(kind)
    full = matrices(kind, p.covariances, 3, 2)
    inverses = matrices(kind, module.precisions(kind, p.factors), 3, 2)
    for S, inverse in zip(full, inverses, strict=True):
        np.testing.assert_allclose(S @ inverse, np.eye(2), atol=1e-10)
    expected = [np.log(w) + normal.logpdf(m, m, S) for w, m, S in zip(p.weights, p.means, full, strict=True)]
    np.testing.assert_allclose(module.log_constants(kind, p), expected)
    eye = np.eye(2) if kind in ("full", "tied") else 1.0
    np.testing.assert_allclose(p.covariances, scatter(kind) + 1e-6 * eye, rtol=1e-12)
    assert (p.added == 1e-6).all()


@pytest.mark.parametrize("kind", KINDS)
def test_allowance_is_the_change_of_the_penalty(kind):
    old, new = made(kind, 0.1, seed=0), made(kind, 0.1, seed=5)
    traces = [[np.trace(np.linalg.inv(S)) for S in matrices(kind, p.covariances, 3, 2)] for p in (old, new)]
    expected = 0.05 * new.weights @ (np.array(traces[0]) - traces[1])
    assert module.allowance(kind, old, new) == pytest.approx(expected)


@pytest.mark.parametrize("kind", KINDS)
def test_a_component_without_rows_keeps_its_place(kind):
    old = made(kind)
    second = {"full": (3, 2, 2), "tied": (2, 2)}.get(kind, (3, 2))
    moments = Moments(0.0, np.array([1.0, 0.0, 3.0]), np.zeros((3, 2)), np.ones(second) + np.eye(2)[0])
    if kind in ("full", "tied"):
        moments = moments._replace(second=np.broadcast_to(np.eye(2), second) * 1.0)
    new = module.maximised(kind, old, moments, 1e-6)
    np.testing.assert_allclose(new.weights, [0.25, 0, 0.75])
    np.testing.assert_allclose(new.means, old.means)
    if kind != "tied":
        np.testing.assert_allclose(new.covariances[1], old.covariances[1])
    assert 1 in module.held_up(kind, new)


def test_singular():
    plane = np.array([[[1.0, 2.0], [2.0, 4.0]]])
    for unit in (1.0, 1e12, 1e-12):
        p = module.build("full", np.ones(1), np.zeros((1, 2)), unit * plane, 1e-6)
        np.testing.assert_allclose(p.covariances, unit * plane + np.diag(p.added[0]))
        assert module.held_up("full", p).tolist() == [0]
        assert np.isfinite(p.factors).all()
        with pytest.raises(DataError, match="reg_covar"):
            module.build("full", np.ones(1), np.zeros((1, 2)), unit * plane * [[1, 1], [1, 0.9]], 0.0)
    with pytest.raises(DataError, match="reg_covar"):
        module.build("diag", np.ones(1), np.zeros((1, 2)), np.array([[1.0, 0.0]]), 0.0)


def test_free_parameters():
    assert [module.free_parameters(kind, 2, 5) for kind in KINDS] == [41, 26, 21, 13]
