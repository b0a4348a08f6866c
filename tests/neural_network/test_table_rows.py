"""Tables as tensors: types kept, columns standardised, categories as codes, sparse rows as dense ones."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_array, csr_matrix
from sklearn.base import BaseEstimator

from panlearn.neural_network.table_rows import learn_table, table_rows

RNG = np.random.default_rng(0)
X = RNG.normal([0, 5, 100], [1, 0, 30], (40, 3))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_is_that_of_the_data(dtype):
    columns, rows = learn_table(BaseEstimator(), X.astype(dtype), None, False)
    assert columns.dtype == np.dtype(dtype).name
    (values,) = rows.take(torch.tensor([3, 1]))
    np.testing.assert_array_equal(values, X.astype(dtype)[[3, 1]])


def test_later_rows_get_the_type_of_the_fit():
    estimator = BaseEstimator()
    columns, _ = learn_table(estimator, X.astype(np.float32), None, False)
    (values,) = table_rows(estimator, X, columns).take(torch.arange(40))
    assert values.dtype == torch.float32


@pytest.mark.parametrize("container", [np.asarray, csr_matrix, csr_array])
def test_standardised(container):
    estimator = BaseEstimator()
    columns, rows = learn_table(estimator, container(X), None, True)
    (values,) = rows.take(torch.arange(40))
    np.testing.assert_allclose(values.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(values.std(0, unbiased=False), [1, 0, 1], atol=1e-7)  # the second is constant
    (again,) = table_rows(estimator, container(X + 1), columns).take(torch.arange(40))
    np.testing.assert_allclose(again - values, np.broadcast_to(1 / np.asarray(columns.scale), (40, 3)), atol=1e-12)


def test_sparse_rows_are_the_dense_ones():
    thin = np.where(RNG.random((30, 5)) < 0.3, RNG.normal(size=(30, 5)), 0.0)
    _, dense = learn_table(BaseEstimator(), thin, None, False)
    _, sparse = learn_table(BaseEstimator(), csr_matrix(thin), None, False)
    order = torch.tensor([7, 0, 29, 7])
    assert (len(sparse), sparse.row_bytes) == (30, 40)
    torch.testing.assert_close(sparse.take(order), dense.take(order))


def test_categories_become_codes():
    frame = pd.DataFrame({"n": [1.0, 2.0, 3.0], "c": ["b", "a", None]})
    estimator = BaseEstimator()
    columns, rows = learn_table(estimator, frame, ["c"], False)
    numbers, codes = rows.take(torch.arange(3))
    assert codes.tolist() == [[1], [0], [2]]  # missing: behind the levels
    assert columns.levels == [2]
    assert columns.n_numbers(2) == numbers.shape[1] == 1
    later = table_rows(estimator, pd.DataFrame({"n": [1.0], "c": ["new"]}), columns)
    assert later.take(torch.arange(1))[1].tolist() == [[2]]


def test_bad_tables():
    with pytest.raises(ValueError, match="sparse X cannot hold categorical"):
        learn_table(BaseEstimator(), csr_matrix(X), [0], False)
    with pytest.raises(ValueError, match="NaN"):
        learn_table(BaseEstimator(), np.array([[np.nan]]), None, False)
    frame = pd.DataFrame({"n": [1.0, np.nan], "c": ["b", "a"]})
    with pytest.raises(ValueError, match="NaN"):
        learn_table(BaseEstimator(), frame, ["c"], False)


def test_read_only_data_are_not_written_to():
    fixed = X.copy()
    fixed.flags.writeable = False
    _, rows = learn_table(BaseEstimator(), fixed, None, False)
    tensors: Any = rows
    tensors.tensors[0].zero_()
    np.testing.assert_array_equal(fixed, X)
