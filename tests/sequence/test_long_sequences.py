"""One sequence with its states side by side gives what the logarithmic recursion gives."""

import numpy as np
import pytest

import panlearn
from panlearn.sequence import long_sequences
from panlearn.sequence.logarithmic_recursions import logarithmic
from panlearn.sequence.long_sequences import long_sequence, product_row
from panlearn.sequence.recursions import Chain


def problem(n, T, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((T, n)), Chain(rng.random(n), rng.random((n, n)), rng.random(n))


@pytest.mark.parametrize(("n", "T"), [(1, 1), (2, 1), (3, 7), (8, 50), (13, 20), (37, 9)])
def test_equals_the_logarithmic_recursion(n, T, monkeypatch):
    monkeypatch.setattr(long_sequences, "BLOCK", 4)  # many blocks
    table, chain = problem(n, T)
    marginals, pairs, expected, sums = np.empty((T, n)), np.zeros((n, n)), np.empty((T, n)), np.zeros((n, n))
    z = long_sequence(table, chain, 3.0, marginals, pairs)
    assert z == pytest.approx(logarithmic(np.log(table), *map(np.log, chain), 3.0, expected, sums), rel=1e-12)
    np.testing.assert_allclose(marginals, expected, rtol=1e-11)
    np.testing.assert_allclose(pairs * chain.transitions, sums, rtol=1e-11)
    assert long_sequence(table, chain, 3.0, np.empty((0, n)), pairs) == z


def test_a_million_steps_do_not_underflow():
    table, chain = problem(2, 1_000_000)
    table *= 1e-60
    chain = Chain(chain.enter, np.full((2, 2), 0.5), np.ones(2))  # frames are then independent
    z = long_sequence(table, chain, 1.0, np.empty((0, 2)), np.zeros((2, 2)))
    expected = np.log(table[0] @ chain.enter) + np.log(table[1:].mean(axis=1)).sum()
    assert z == pytest.approx(expected, rel=1e-12)


def test_what_fails_is_marked():
    table, chain = np.eye(2), Chain(np.ones(2), np.eye(2), np.ones(2))
    assert long_sequence(table, chain, 1.0, np.empty((2, 2)), np.zeros((2, 2))) == -np.inf
    lost = np.array([[1.0, 1e-300], [1.0, 1e-300], *[[1e-150, 1.0]] * 4])  # state 1 wins, but after it was lost
    assert long_sequence(lost, chain, 1.0, np.empty((6, 2)), np.zeros((2, 2))) == -np.inf


def test_any_number_of_threads_gives_the_same_bits():
    table, chain = problem(8, 40_000)
    found = []
    for count in (1, 2):
        marginals, pairs = np.empty_like(table), np.zeros((8, 8))
        with panlearn.threads(count):
            found.append((long_sequence(table, chain, 1.0, marginals, pairs), marginals.tobytes(), pairs.tobytes()))
    assert found[0] == found[1]


def test_product_of_a_row():
    rng = np.random.default_rng(0)
    for n, width in ((3, 8), (9, 16), (30, 40)):
        A, x, out = rng.random((n, width)), rng.random(width), np.empty(width)
        product_row(A, x, out)
        np.testing.assert_allclose(out, x[:n] @ A, rtol=1e-13)
