"""The sources of a path: moments, dense columns and sparse columns say the same."""

import numpy as np
import pytest
from scipy import sparse

from panlearn.optimize.block_coordinate_descent import MultiTaskPath
from panlearn.optimize.centred_columns import CentredColumns
from panlearn.optimize.gram_path import ElasticNetPath
from panlearn.optimize.working_set_path import FromColumns, FromMoments

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 90)) * (RNG.random((40, 90)) < 0.3)
SHARE = RNG.random(40)
SHARE /= SHARE.sum()
Z = np.sqrt(SHARE)[:, None] * (X - SHARE @ X)


@pytest.mark.parametrize("targets", [(), (3,)])
@pytest.mark.parametrize("form", ["dense", "dense by rows", "sparse"])
def test_sources_agree(targets, form):
    y = RNG.normal(size=(40, *targets))
    T = ((y - SHARE @ y).T * np.sqrt(SHARE)).T
    moments = FromMoments(Z.T @ Z, (Z.T @ T).T, float((T**2).sum()))
    matrix = {"dense": np.asfortranarray(X), "dense by rows": X, "sparse": sparse.csc_array(X)}[form]
    rows = FromColumns(CentredColumns(matrix, SHARE, True), y)
    np.testing.assert_allclose(rows.cross, moments.cross, atol=1e-14)
    np.testing.assert_allclose(rows.diagonal, moments.diagonal, rtol=1e-12)
    assert np.isclose(rows.y_square, moments.y_square)
    chosen = np.array([3, 50, 7])
    for new, so_far in ((chosen[:2], chosen[:2]), (chosen[2:], chosen)):
        np.testing.assert_allclose(rows.part(new, so_far), moments.part(new, so_far), atol=1e-14)
    w = np.zeros((*targets, 90))
    w[..., chosen] = RNG.normal(size=(*targets, 3))
    a, b = np.empty_like(w), np.empty_like(w)
    assert np.isclose(rows.gradient(w, chosen, a), moments.gradient(w, chosen, b))
    np.testing.assert_allclose(a, b, atol=1e-14)
    assert np.isclose(moments.gradient(w, chosen, b), ((T - Z @ w.T) ** 2).sum())


@pytest.mark.parametrize("path", [ElasticNetPath, MultiTaskPath])
def test_working_set_grows_only_as_far_as_needed(path):
    """Its part of X'X is that of the chosen columns, whatever order they came in; the rest is room."""
    y = RNG.normal(size=(40, 2)) if path is MultiTaskPath else RNG.normal(size=40)
    search = path(FromColumns(CentredColumns(X, SHARE, True), y))
    for strength in (0.05, 0.02, 0.01):
        gap, _ = search.step(strength, 0.0, 1e-8, 10_000)
        assert gap <= 1e-8
        k = len(search.chosen)
        np.testing.assert_allclose(search.part[:k, :k], (Z.T @ Z)[np.ix_(search.chosen, search.chosen)], atol=1e-14)
        assert not search.part[k:].any()
        assert set(np.flatnonzero(np.atleast_2d(search.w).any(axis=0))) <= set(search.chosen.tolist())
        pull = search.pull()
        assert (pull[~search.inside] <= strength).all()


def test_start():
    y = RNG.normal(size=40)
    first = ElasticNetPath(FromColumns(CentredColumns(X, SHARE, True), y))
    first.step(0.02, 0.0, 1e-10, 10_000)
    again = ElasticNetPath(FromColumns(CentredColumns(X, SHARE, True), y), start=first.w)
    gap, sweeps = again.step(0.02, 0.0, 1e-9, 10_000)
    assert gap <= 1e-9
    assert sweeps <= 2
    np.testing.assert_allclose(again.w, first.w, atol=1e-4)
