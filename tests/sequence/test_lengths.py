"""Sequences in an array with lengths, or in a list."""

import numpy as np
import pytest

from panlearn.core.errors import DataError
from panlearn.sequence.lengths import gather, offsets_of


def test_offsets_are_sums_of_lengths():
    np.testing.assert_array_equal(offsets_of(np.zeros((6, 2)), [1, 0, 5]), [0, 1, 1, 6])
    np.testing.assert_array_equal(offsets_of(np.zeros((6, 2))), [0, 6])
    assert offsets_of(np.zeros(3), 3).dtype == np.int64


@pytest.mark.parametrize(
    ("lengths", "match"),
    [([1, 2], "they sum to 3, X has 6 rows"), ([7, -1], "must not be negative"), ([3.5, 2.5], "whole numbers")],
)
def test_lengths_that_do_not_fit(lengths, match):
    with pytest.raises(DataError, match=match):
        offsets_of(np.zeros((6, 2)), lengths)


def test_a_list_of_sequences_is_put_one_after_the_other():
    parts = [np.ones((2, 3)), np.empty((0, 3)), np.zeros((1, 3))]
    rows, offsets = gather(parts)
    assert rows.shape == (3, 3)
    np.testing.assert_array_equal(offsets, [0, 2, 2, 3])
    for same in ([part.tolist() for part in parts], tuple(parts), np.array([*parts, None], dtype=object)[:3]):
        again, starts = gather(same)
        np.testing.assert_array_equal(again, rows)
        np.testing.assert_array_equal(starts, offsets)


def test_a_table_is_no_list_of_sequences():
    rows, offsets = gather([[1.0, 2.0], [3.0, 4.0]])
    assert rows.shape == (2, 2)
    np.testing.assert_array_equal(offsets, [0, 2])


def test_sequences_of_different_width():
    with pytest.raises(DataError, match="Sequence 1 has shape"):
        gather([np.ones((2, 3)), np.ones((2, 4))])
    with pytest.raises(DataError, match="has its own lengths"):
        gather([np.ones((2, 3)), np.ones((1, 3))], [1, 2])
