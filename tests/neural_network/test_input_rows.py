"""Forms of X: told apart by what they are, and converted without losing anything."""

import numpy as np
import pytest
import scipy.sparse
import torch

from panlearn.neural_network.input_rows import kind_of, layout_of, matching, require_types, rows_of

objects = np.empty(2, dtype=object)
objects[:] = [np.ones(2), np.ones(3)]


@pytest.mark.parametrize(
    ("X", "kind"),
    [
        (np.ones((3, 2)), "array"),
        ([[1, 2], [3, 4]], "array"),
        ([[1, 2], [3]], "ragged"),
        ([np.ones(2), np.ones(2)], "ragged"),
        (objects, "ragged"),
        (torch.ones(3), "tensor"),
        (scipy.sparse.eye_array(3), "sparse"),
        ((np.ones(3), np.ones(3)), "tuple"),
        ({"a": np.ones(3)}, "dict"),
    ],
)
def test_kind(X, kind):
    assert kind_of(X) == kind


def test_whole_numbers_stay_whole_where_they_are_tokens():
    take = lambda X: rows_of(X, kind_of(X), tuple(X) if isinstance(X, dict) else (), "float32").take(torch.arange(2))  # noqa: E731
    assert take([np.array([1, 2]), np.array([3])])[0].tolist() == [[1, 2], [3, 0]]
    assert take([np.array([1, 2]), np.array([3])])[1].tolist() == [2, 1]
    numbers, tokens = take({"x": np.ones((2, 2)), "t": np.array([[1], [2]])})
    assert (numbers.dtype, tokens.dtype) == (torch.float32, torch.int64)
    dense = take(scipy.sparse.csr_matrix([[0.0, 2.0], [1.0, 0.0]]))[0]
    assert dense.tolist() == [[0, 2], [1, 0]]


def test_prediction_takes_the_form_of_fit():
    rows = rows_of([np.array([1, 2]), np.array([3])], "ragged", (), "float32")
    layout = layout_of(rows, "ragged", ())
    again = matching(np.array([[4.0, 5.0]]), layout)  # a table of equally long sequences
    typed = require_types(rows_of(again, "ragged", (), "float32"), layout)
    assert typed.take(torch.arange(1))[0].tolist() == [[4, 5]]
    with pytest.raises(ValueError, match="whole numbers in fit"):
        require_types(rows_of([np.array([0.5])], "ragged", (), "float32"), layout)
    with pytest.raises(ValueError, match="'dict' but was 'ragged'"):
        matching({"a": np.ones(3)}, layout)


def test_edge_cases():
    with pytest.raises(ValueError, match=r"equally many rows, got \[2, 3\]"):
        rows_of((np.ones(2), np.ones(3)), "tuple", (), "float32")
    with pytest.raises(ValueError, match="mixed sizes"):
        rows_of([np.ones((2, 3)), np.ones((2, 4))], "ragged", (), "float32")
    with pytest.raises(ValueError, match="sequence 1 of X is empty"):
        rows_of([np.ones(2), np.ones(0)], "ragged", (), "float32")
    with pytest.raises(ValueError, match="NaN"):
        rows_of(torch.tensor([[np.nan]]), "tensor", (), "float32")
