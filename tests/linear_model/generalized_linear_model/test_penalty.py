"""Elastic net and smoothness: which coefficients, which strengths, which neighbours."""

# pyright: reportCallIssue=false, reportArgumentType=false, reportOptionalSubscript=false

import numpy as np
import pytest

from panlearn.linear_model.generalized_linear_model.encoding import Encoding
from panlearn.linear_model.generalized_linear_model.penalty import build

ENCODING = Encoding(("a", "b", "age"), (0, 1), (2,), (np.array([20, 30, 40, 50]),))


def test_elastic_net_spares_the_intercept():
    found = build(ENCODING, False, True, 2.0, 0.25, None, 1)
    np.testing.assert_allclose(found.l1, [0.5] * 6 + [0.0])
    np.testing.assert_allclose(found.quadratic.l2, [1.5] * 6 + [0.0])


@pytest.mark.parametrize("drop_first", [False, True])
@pytest.mark.parametrize("order", [1, 2])
def test_differences_of_levels(drop_first, order):
    """The penalty is the sum of squared differences, with 0 for a reference level."""
    R = build(ENCODING, drop_first, True, 0.0, 0.0, {"age": 3.0}, order).quadratic.smooth
    levels = np.array([0.0, 1.0, 5.0, 2.0])
    x = np.concatenate([[9.0, 9.0], levels[drop_first:], [9.0]])
    assert x @ R @ x == pytest.approx(3.0 * np.sum(np.diff(levels, n=order) ** 2))


def test_bases_and_matrices():
    R = build(ENCODING, True, False, 0.0, 0.0, {("a", 1): 1.0}, 1).quadratic.smooth
    np.testing.assert_allclose(R[:2, :2], [[1, -1], [-1, 1]])
    matrix = np.diag(np.arange(5.0))
    np.testing.assert_allclose(build(ENCODING, True, False, 0.0, 0.0, matrix, 1).quadratic.smooth, matrix)


@pytest.mark.parametrize(
    ("smoothness", "message"),
    [
        ({"sex": 1.0}, "no column 'sex'"),
        ({"age": -1.0}, r"strengths in the range \[0, inf\)"),
        ({"a": 1.0}, "too few for differences"),
        (np.eye(3), r"symmetric matrix of shape \(6, 6\)"),
        (-np.eye(6), "no negative eigenvalue"),
    ],
)
def test_edge_cases(smoothness, message):
    with pytest.raises(ValueError, match=message):
        build(ENCODING, False, False, 0.0, 0.0, smoothness, 1)
