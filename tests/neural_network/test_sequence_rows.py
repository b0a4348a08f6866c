"""Sequences as rows: every form that X may have, and what is wrong with others named by its place."""

import numpy as np
import pandas as pd
import pytest
import torch

from panlearn.core.errors import DataError
from panlearn.neural_network.sequence_rows import (
    holds_tokens,
    learn_numbers,
    learn_tokens,
    number_sequences,
    sequence_rows,
    token_documents,
)


def test_forms_agree():
    """A list, an array and a frame of the same numbers are the same rows."""
    X = np.arange(12.0).reshape(3, 4)
    expected = learn_numbers(X)[1]
    for form in (X.tolist(), list(X), pd.DataFrame(X), torch.from_numpy(X), [torch.from_numpy(x) for x in X]):
        rows = learn_numbers(form)[1]
        torch.testing.assert_close(rows.values, expected.values)
        assert rows.lengths().tolist() == [4, 4, 4]
    deep, flat = number_sequences(X[:, :, None])
    assert not flat
    assert [x.shape for x in deep] == [(4, 1)] * 3


def test_standardizes_over_all_steps():
    X = [np.array([[0.0, 5.0]]), np.array([[2.0, 5.0], [4.0, 5.0]])]
    inputs, rows = learn_numbers(X)
    np.testing.assert_allclose(rows.values.mean(0), 0, atol=1e-7)
    assert rows.values[:, 1].tolist() == [0, 0, 0]  # a constant column stays finite
    again = sequence_rows([np.array([[4.0, 6.0]])], inputs)
    np.testing.assert_allclose(again.values, [[2 / np.std([0, 2, 4]), 1.0]], rtol=1e-6)
    assert learn_numbers(X, standardize=False)[1].values.tolist() == [[0, 5], [2, 5], [4, 5]]


def test_tokens_are_numbered():
    inputs, rows = learn_tokens([["a", "b"], ["b"], []], lambda text: text)
    assert inputs.vocabulary == {"b": 1, "a": 2}
    assert rows.values.tolist() == [2, 1, 1, 0]
    longer = sequence_rows([["b"] * 9 + ["new"]], inputs, lambda text: text)
    assert longer.values.tolist() == [1] * 9 + [0]


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (["text"], True),
        ([[], ["a"]], True),
        ([["a"]], True),
        ([[1.0]], False),
        ([[], [1]], False),
        (np.ones((2, 3)), False),
    ],
)
def test_tells_tokens_from_numbers(X, expected):
    assert holds_tokens(X) is expected


@pytest.mark.parametrize(
    ("X", "words"),
    [
        ([], "0 sample"),
        (None, "list of sequences"),
        ("text", "list of sequences"),
        (3.0, "list of sequences"),
        ([[1.0], []], "sequence 1 of X has no steps"),
        ([[[1.0]], [[1.0, 2.0]]], "sequence 1 has 2"),
        ([[1.0], [[1.0]]], r"sequence 1 \(1, 1\)"),
        ([[[1.0]], [[1.0], [np.nan]]], "sequence 1, step 1, feature 0"),
        ([[1.0], [2.0, np.inf]], "sequence 1, step 1"),
        ([[1e300]], "infinity: sequence 0, step 0"),
        ([np.ones((2, 2, 2))], "shape"),
        ([1.0, 2.0], "sequence 0 of X has shape"),
        ([np.ones((2, 0))], "0 feature"),
        ([[1.0], ["a"]], "sequence 1"),
        ([[1 + 2j]], "[Cc]omplex"),
        ([[1.0], None], "sequence 1"),
    ],
)
def test_names_what_is_wrong(X, words):
    with pytest.raises(DataError, match=words):
        number_sequences(X)


def test_refuses_another_kind():
    inputs, _ = learn_numbers([[[1.0, 2.0]]])
    with pytest.raises(DataError, match="held numbers in fit"):
        sequence_rows(["text"], inputs)
    with pytest.raises(DataError, match="1 features a step, 2 were fitted"):
        sequence_rows([[1.0]], inputs)
    words, _ = learn_tokens([["a"]], lambda text: text)
    with pytest.raises(DataError, match="text"):
        sequence_rows([[1.0]], words, lambda text: text)
    with pytest.raises(DataError, match="no token is left"):
        learn_tokens([["a"], ["b"]], lambda text: text, min_df=2)


@pytest.mark.parametrize("X", [["a b", ["a"]], [["a"], [], "a b"], [["a"], ""]])
def test_strings_and_token_lists_do_not_mix(X):
    inputs, _ = learn_tokens([["a"]], lambda text: text)
    for read in (token_documents, lambda X: learn_tokens(X, list), lambda X: sequence_rows(X, inputs, list)):
        with pytest.raises(DataError, match=r"text 0 is a .*: pass strings alone, or lists alone"):
            read(X)
    assert token_documents(["a b", ""]) == ["a b", ""]
