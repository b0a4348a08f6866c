"""Starts of Gaussian states, and their covariances as they are written down."""

import numpy as np
import pytest

from panlearn.core.errors import DataError
from panlearn.sequence import gaussian_start as begin

KINDS = begin.KINDS


def test_survey_of_rows_with_gaps():
    X = np.array([[1.0, 0.0], [3.0, np.nan], [np.nan, np.nan], [5.0, 4.0]])
    found = begin.survey(X, 0.5)
    np.testing.assert_array_equal(found.rows, [[1, 0], [3, 2], [5, 4]])
    np.testing.assert_allclose(found.covariance, np.cov(found.rows.T) + 0.5 * np.eye(2))
    np.testing.assert_allclose(found.floor, 1e-9 * np.diag(found.covariance))
    np.testing.assert_array_equal(begin.survey(X[:1], 0.5).covariance, 0.5 * np.eye(2))
    with pytest.raises(DataError, match="column 1 of X has no number"):
        begin.survey(X[1:3], 0.0)
    with pytest.raises(DataError, match="too large"):
        begin.survey(np.array([[1e200], [-1e200]]), 0.0)


def test_kmeans_finds_groups_and_needs_rows():
    X = np.repeat([[0.0], [10.0], [20.0]], 5, axis=0)
    centres, labels = begin.kmeans(3, X, np.random.RandomState(0))
    np.testing.assert_array_equal(np.sort(centres[:, 0]), [0, 10, 20])
    np.testing.assert_array_equal(centres[labels], X)
    assert begin.kmeans(1, X, None)[0].tolist() == [[10.0]]
    with pytest.raises(DataError, match="n_samples=2 < 3"):
        begin.kmeans(3, X[:2], None)


def test_kmeans_of_numbers_whose_squares_vanish():
    X = np.repeat([[0.0], [10.0], [20.0]], 5, axis=0) * 2.0**-700
    np.testing.assert_array_equal(np.sort(begin.kmeans(3, X, None)[0][:, 0]), np.array([0, 10, 20]) * 2.0**-700)


def test_spherical_template_is_the_mean_of_the_matrix_but_positive():
    assert begin.template("spherical", np.array([[2.0, 0.5], [0.5, 1.0]]), (3,)).tolist() == [1.0, 1.0, 1.0]
    assert begin.template("spherical", np.array([[2.0, -2.0], [-2.0, 2.0]]), (1,)).tolist() == [0.02]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lead", [(3,), (3, 2)])
def test_writing_out_and_short_again(kind, lead):
    S, p = np.array([[2.0, 0.5], [0.5, 1.0]]), 2
    groups = lead[:-1] if kind == "tied" else lead
    short = begin.template(kind, S, groups) * np.arange(1, 1 + np.prod(groups, dtype=int)).reshape(
        *groups, *[1] * {"spherical": 0, "diag": 1}.get(kind, 2)
    )
    assert begin.checked(kind, short, groups, p) is not None
    full = begin.written_out(kind, short, (*lead, p))
    assert full.shape == (np.prod(lead), p, p)[: 2 if kind in ("spherical", "diag") else 3]
    count = int(np.prod(groups, dtype=int)) if kind == "tied" else len(full)
    np.testing.assert_array_equal(begin.written_short(kind, full, groups, count), short)


@pytest.mark.parametrize(
    ("kind", "bad", "message"),
    [
        ("round", np.ones(2), "covariance_type must be one of"),
        ("diag", np.ones((3, 2)), "must have shape"),
        ("diag", np.zeros((2, 2)), "must be positive"),
        ("spherical", [1.0, np.inf], "finite"),
        ("full", np.array([np.eye(2), [[1.0, 0.5], [0.0, 1.0]]]), "symmetric"),
        ("full", np.array([np.eye(2), np.ones((2, 2))]), "positive definite"),
    ],
)
def test_bad_covariances(kind, bad, message):
    with pytest.raises(DataError, match=message):
        begin.checked(kind, bad, (2,), 2)


def test_degenerate_gaussians_lie_on_the_floor():
    floor = np.array([1.0, 2.0])
    assert begin.degenerate(np.array([[5.0, 5.0], [5.0, 2.0]]), floor).tolist() == [1]
    assert begin.degenerate(np.array([np.diag([1.0, 5.0]), 9 * np.eye(2)]), floor).tolist() == [0]
    assert begin.degenerate(np.ones((2, 2)), np.zeros(2)).tolist() == []


def test_hyperparameters():
    assert begin.prior_of("x", 2.0, (2, 3)).tolist() == [[2, 2, 2], [2, 2, 2]]
    assert begin.prior_of("x", [1, 2], (2, 3)).tolist() == [[1, 1, 1], [2, 2, 2]]
    assert begin.prior_of("x", np.eye(2), (2, 2, 3), 2)[:, :, 0].tolist() == [[1, 0], [0, 1]]
    with pytest.raises(DataError, match="x must be a number or an array that fits"):
        begin.prior_of("x", np.ones(4), (2, 3))
