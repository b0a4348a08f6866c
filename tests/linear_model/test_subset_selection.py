"""Sizes and criteria for best subsets."""

from math import comb, log

import numpy as np
import pytest

from panlearn.linear_model.subset_selection import certificate, information, largest_size, resolved, subset_path


def test_information_matches_definitions():
    deviance, k, p, total = np.array([3.0, 2.0]), np.array([1, 4]), 9, 50.0
    assert information("aic", deviance, k, p, total).tolist() == [5.0, 10.0]
    bic = [3 + log(50), 2 + 4 * log(50)]
    np.testing.assert_allclose(information("bic", deviance, k, p, total), bic)
    more = [2 * log(comb(9, 1)), 2 * log(comb(9, 4))]
    np.testing.assert_allclose(information("ebic", deviance, k, p, total), np.add(bic, more))


def test_sizes():
    assert largest_size(7, 9, 50.0, 3, "ebic") == 3
    assert largest_size(7, 9, 50.0, 30, None) == 7
    assert largest_size(7, 9, 50.0, None, None) == 7
    assert largest_size(4000, 5000, 500.0, None, "ebic") == int(500 / (log(log(500)) * log(5000)))
    assert largest_size(10**6, 10**6, 10**9, None, "bic") == 100


@pytest.mark.parametrize(
    ("asked", "most", "alpha", "meant"),
    [("auto", None, 0.0, "ebic"), ("auto", 3, 0.0, None), ("auto", None, 0.1, None), ("cv", 3, 0.1, "cv")],
)
def test_auto(asked, most, alpha, meant):
    assert resolved(asked, most, alpha) == meant


def test_path_holds_rows():
    path = subset_path(
        [(np.array([], int), np.array([]), 1.0, 2.0), (np.array([1, 3]), np.array([5.0, 6.0]), 0.0, 1.0)], 4
    )
    assert path.coefs.toarray().tolist() == [[0, 0, 0, 0], [0, 5, 0, 6]]
    assert (path.sizes.tolist(), path.losses.tolist()) == ([0, 2], [2.0, 1.0])


def test_certificates():
    assert certificate(2, 9, 0.0, True, False) == "2 of 9 columns, proven the best subset of this size"
    assert certificate(2, 9, 1e-9, True, True) == "2 of 9 columns, proven the best subset"
    assert "at most 5 % above" in certificate(2, 9, 0.05, True, False)
    assert certificate(2, 9, None, False, False) == "2 of 9 columns"
