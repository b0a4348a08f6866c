"""The formulas of the weights."""

import numpy as np
import pytest

from panlearn.neighbors.edge_weights import edge_weights, local_scales

LENGTHS = np.array([0.0, 1.0, 2.0])
ENDS = (np.array([0, 0, 1]), np.array([1, 2, 2]))


@pytest.mark.parametrize(
    ("kind", "gamma", "expected"),
    [
        ("binary", None, [1, 1, 1]),
        ("distance", None, [0, 1, 2]),
        ("rbf", 0.5, np.exp([0, -0.5, -2])),
        ("heat", 2.0, np.exp([0, -2, -8])),
        ("heat", None, np.exp([0, -0.6, -2.4])),  # t = 5/3
        ("self_tuning", None, np.exp([0, -1 / 4, -4 / 8])),
    ],
)
def test_formulas(kind, gamma, expected):
    np.testing.assert_allclose(edge_weights(kind, LENGTHS, ENDS, np.array([1.0, 2.0, 4.0]), gamma), expected)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
@pytest.mark.parametrize("kind", ["heat", "self_tuning"])
def test_what_is_scaled_by_the_data_has_no_unit(kind, scale):
    scales = np.array([1.0, 2.0, 4.0])
    expected = edge_weights(kind, LENGTHS, ENDS, scales, None)
    np.testing.assert_allclose(edge_weights(kind, scale * LENGTHS, ENDS, scale * scales, None), expected)


def test_no_edges_and_zero_lengths():
    none = np.empty(0)
    assert edge_weights("heat", none, (none, none), None, None).size == 0
    np.testing.assert_array_equal(edge_weights("heat", np.zeros(2), ENDS, None, None), [1, 1])


def test_scales_of_duplicates():
    np.testing.assert_array_equal(local_scales(np.array([[0, 0.0], [0, 3.0], [1, 2.0]])), [2, 3, 2])
    np.testing.assert_array_equal(local_scales(np.zeros((2, 1))), [1, 1])
