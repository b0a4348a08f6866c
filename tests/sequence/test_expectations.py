"""Expectations of many sequences against enumeration and against the logarithmic recursion."""

import itertools

import numpy as np
import pytest

import panlearn
from panlearn.sequence import bundles
from panlearn.sequence.expectations import Chain, expectations, log_likelihoods
from panlearn.sequence.frames import shifted_exp
from panlearn.sequence.logarithmic_recursions import logarithmic
from tests.oracles.sequence_enumeration import posterior


def problem(lengths, n, scale=1.0, seed=0, kind="full"):
    rng = np.random.default_rng(seed)
    logs = scale * rng.normal(size=(sum(lengths), n))
    chain = Chain(rng.random(n), rng.random((n, n)), rng.random(n))
    if kind == "left-right":
        chain = Chain(np.eye(n)[0], np.triu(chain.transitions), chain.leave)
    return logs, np.concatenate([[0], np.cumsum(lengths)]), chain, rng.random(len(lengths)) + 0.5


def one_by_one(logs, offsets, chain, weight):
    """The same, in logarithms, one sequence after the other."""
    z, marginals, pairs = np.zeros(len(offsets) - 1), np.zeros_like(logs), np.zeros_like(chain.transitions)
    with np.errstate(divide="ignore"):
        enter, transitions, leave = (np.log(x) for x in chain)
    for s, (a, b) in enumerate(itertools.pairwise(offsets)):
        if b > a:
            z[s] = logarithmic(logs[a:b], enter, transitions, leave, weight[s], marginals[a:b], pairs)
    return z, marginals, pairs


def assert_equal(found, expected, atol=1e-10):
    np.testing.assert_allclose(found.log_likelihood, expected[0], rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(found.marginals, expected[1], atol=atol)
    np.testing.assert_allclose(found.pairs, expected[2], atol=atol * 100)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("copies", [1, 9])  # alone, and in bundles
def test_equals_enumeration_on_all_small_cases(n, copies):
    lengths = [T for T in (1, 2, 3, 4) for _ in range(copies)]
    logs, offsets, chain, weight = problem(lengths, n)
    found = expectations(*shifted_exp(logs), offsets, chain, weight=weight)
    pairs = np.zeros((n, n))
    for s, (a, b) in enumerate(itertools.pairwise(offsets)):
        z, marginals, own = posterior(logs[a:b], *(np.log(chain[k]) for k in (1, 0, 2)))
        pairs += weight[s] * own
        assert found.log_likelihood[s] == pytest.approx(z, rel=1e-12)
        np.testing.assert_allclose(found.marginals[a:b], weight[s] * marginals, rtol=1e-11)
    np.testing.assert_allclose(found.pairs, pairs, rtol=1e-11)


@pytest.mark.parametrize("n", [1, 2, 5, 8, 11, 16, 33])
@pytest.mark.parametrize("scale", [1.0, 40.0, 3000.0])  # the last underflows: logarithms take over
@pytest.mark.parametrize("kind", ["full", "left-right"])
def test_equals_logarithms(n, scale, kind):
    lengths = np.random.default_rng(n).integers(0, 25, 21)
    logs, offsets, chain, weight = problem(lengths, n, scale, n, kind)
    table, shift = shifted_exp(logs)
    expected = one_by_one(logs, offsets, chain, weight)
    ask = lambda start, stop: logs[start:stop]  # noqa: E731
    assert_equal(expectations(table, shift, offsets, chain, weight=weight, logs=ask), expected)
    found = log_likelihoods(table, shift, offsets, chain, logs=ask)
    np.testing.assert_allclose(found, expected[0], rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("copies", [1, 3, 8])
def test_a_state_that_was_lost_to_underflow_is_found_again(copies):
    one = np.array([[0.0, -700.0], [0.0, -800.0], *[[0.0, 400.0]] * 6])  # only 1, 1, 1, … is likely in the end
    logs = np.concatenate([one] * copies)
    chain = Chain(np.ones(2), np.eye(2), np.ones(2))  # and no transition leads from 0 to 1
    offsets = np.arange(copies + 1) * 8
    table, shift = shifted_exp(logs)
    ask = lambda start, stop: logs[start:stop]  # noqa: E731
    found = expectations(table, shift, offsets, chain, logs=ask)
    np.testing.assert_allclose(found.log_likelihood, 900.0)
    np.testing.assert_allclose(found.marginals[:, 1], 1.0)
    np.testing.assert_allclose(found.pairs, [[0.0, 0.0], [0.0, 7.0 * copies]], atol=1e-12)
    np.testing.assert_allclose(log_likelihoods(table, shift, offsets, chain, logs=ask), 900.0)


@pytest.mark.parametrize("copies", [1, 8])
def test_impossible_sequences_add_nothing(copies):
    logs, offsets, chain, weight = problem([4] * copies, 3)
    logs = np.concatenate([logs, logs])
    logs[2] = -np.inf
    offsets = np.concatenate([offsets, offsets[1:] + offsets[-1]])
    weight = np.concatenate([weight, weight])
    found = expectations(*shifted_exp(logs), offsets, chain, weight=weight)
    assert found.log_likelihood[0] == -np.inf
    assert np.isfinite(found.log_likelihood[1:]).all()
    assert_equal(found, one_by_one(logs, offsets, chain, weight))
    assert not found.marginals[:4].any()


def test_nothing_to_do():
    chain = Chain(np.ones(2), np.ones((2, 2)), np.ones(2))
    for offsets in ([0], [0, 0, 0]):
        found = expectations(np.empty((0, 2)), np.empty(0), np.array(offsets), chain)
        assert found.log_likelihood.tolist() == [0.0] * (len(offsets) - 1)
        assert not found.pairs.any()


def test_weights_count_like_copies():
    logs, offsets, chain, _ = problem([5, 3, 4, 6], 4)
    twice = np.concatenate([logs, logs[offsets[1] : offsets[2]]])
    table, shift = shifted_exp(logs)
    found = expectations(table, shift, offsets, chain, weight=np.array([1.0, 2.0, 1.0, 1.0]))
    copied = expectations(*shifted_exp(twice), np.append(offsets, offsets[-1] + 3), chain)
    np.testing.assert_allclose(found.pairs, copied.pairs, rtol=1e-12)


def test_weights_too_small_for_a_float():
    logs, offsets, _, weight = problem([4] * 9, 2)
    log_chain = Chain(np.zeros(2), np.array([[-np.inf, -900.0], [-800.0, -np.inf]]), np.zeros(2))
    chain = Chain(*(np.exp(x) for x in log_chain))
    table, shift = shifted_exp(logs)
    found = expectations(table, shift, offsets, chain, weight=weight, log_chain=log_chain)
    z, marginals, _ = posterior(logs[:4], log_chain.transitions, log_chain.enter, log_chain.leave)
    assert found.log_likelihood[0] == pytest.approx(z, rel=1e-12)
    np.testing.assert_allclose(found.marginals[:4], weight[0] * marginals, rtol=1e-11)


def test_long_sequences_and_bundles_agree(monkeypatch):
    logs, offsets, chain, weight = problem([30, 12, 25, 30, 7, 30, 28, 3], 5)
    table, shift = shifted_exp(logs)
    bundled = expectations(table, shift, offsets, chain, weight=weight)
    monkeypatch.setattr(bundles, "LONG", 5)
    assert_equal(expectations(table, shift, offsets, chain, weight=weight), bundled, 1e-13)


def test_any_number_of_threads_gives_the_same_bits():
    logs, offsets, chain, weight = problem([50] * 300, 12)
    table, shift = shifted_exp(logs)
    found = []
    for count in (1, 2, 3):
        with panlearn.threads(count):
            got = expectations(table, shift, offsets, chain, weight=weight)
            found.append([x.tobytes() for x in got])
    assert found[0] == found[1] == found[2]


def test_marginals_in_the_callers_memory_are_the_same():
    for lengths in ([5] * 9, [700]):
        logs, offsets, chain, weight = problem(lengths, 3)
        frames = shifted_exp(logs)
        plain, out = expectations(*frames, offsets, chain, weight=weight), np.full(logs.shape, np.nan)
        found = expectations(*frames, offsets, chain, weight=weight, out=out)
        assert found.marginals is out
        np.testing.assert_array_equal(out, plain.marginals)
        np.testing.assert_array_equal(found.pairs, plain.pairs)
