"""Hidden Markov model of multinomial counts: equal to enumeration and to hmmlearn, monotone, sound on bad data."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import panlearn
from panlearn.core.errors import DataError
from panlearn.sequence import CategoricalHMM, MultinomialHMM
from tests.oracles import hmm as oracle

unconverged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def started(parameters, **settings):
    model = MultinomialHMM(len(parameters[0]), init_params="", **settings)
    model.startprob_, model.transmat_, model.emissionprob_ = (p.copy() for p in parameters)
    return model


def parameters(states, columns, seed) -> Any:
    rng = np.random.default_rng(seed)
    return tuple(rng.dirichlet(np.ones(k), n) for k, n in ((states, None), (states, states), (columns, states)))


@unconverged
@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(0, 999))
def test_matches_oracle(states, columns, lengths, seed):
    rng = np.random.default_rng(seed)
    start = parameters(states, columns, seed)
    X = rng.integers(4, size=(sum(lengths), columns)).astype(float)
    X[rng.uniform(size=len(X)) < 0.2, 0] = np.nan
    X[0] = 1.0
    sequences = np.split(X, np.cumsum(lengths)[:-1])
    frames = [oracle.multinomial(start[2], x) for x in sequences]
    value, new_start, A, marginals = oracle.step(start[0], start[1], frames)
    model = started(start)
    assert model.score(X, lengths) == pytest.approx(value, rel=1e-9, abs=1e-11)
    best = sum(np.log(oracle.best(start[0], start[1], b)[1]) for b in frames)
    assert model.decode(X, lengths)[0] == pytest.approx(best, abs=1e-9)
    model = started(start, n_iter=1).fit(X, lengths)
    np.testing.assert_allclose(model.startprob_, new_start, atol=1e-9)
    np.testing.assert_allclose(model.transmat_, A, atol=1e-9)
    np.testing.assert_allclose(model.emissionprob_, oracle.multinomial_step(start[2], sequences, marginals), atol=1e-9)


@unconverged
def test_matches_peer():
    peer = pytest.importorskip("hmmlearn.hmm").MultinomialHMM
    X, lengths = np.random.RandomState(0).multinomial(7, [0.2, 0.3, 0.5], size=200), [50, 1, 149]
    ours, theirs = (cls(3, random_state=4, n_iter=10, tol=0.0).fit(X, lengths) for cls in (MultinomialHMM, peer))
    np.testing.assert_allclose(ours.emissionprob_, theirs.emissionprob_, atol=1e-9)
    np.testing.assert_allclose(ours.transmat_, theirs.transmat_, atol=1e-9)
    assert ours.decode(X, lengths)[0] == pytest.approx(theirs.decode(X, lengths)[0], rel=1e-10)
    assert ours.bic(X, lengths) == pytest.approx(theirs.bic(X, lengths))
    assert ours.n_features == theirs.n_features == 3


@unconverged
def test_optimality():
    rng = np.random.default_rng(0)
    for seed in range(30):
        X = rng.integers(5, size=(40, 3))
        model = MultinomialHMM(3, random_state=seed, n_iter=25, tol=0.0).fit(X, [15, 25])
        assert "never fell" in model.certificate_
        assert np.diff(model.monitor_.history).min() > -1e-8


@unconverged
def test_invariances():
    rng = np.random.default_rng(0)
    start, codes = parameters(2, 3, 1), rng.integers(3, size=50)
    model = started(start, n_iter=6).fit(np.eye(3, dtype=int)[codes])
    symbols = CategoricalHMM(2, init_params="", n_iter=6)  # one count a row is a symbol
    symbols.startprob_, symbols.transmat_, symbols.emissionprob_ = start
    symbols.fit(codes[:, None])
    np.testing.assert_allclose(model.transmat_, symbols.transmat_, atol=1e-10)
    assert model.monitor_.history == pytest.approx(symbols.monitor_.history)


@unconverged
def test_edge_cases():
    X = np.array([[2, 1], [0, 3], [3, 0]])
    model = MultinomialHMM(2, random_state=0).fit(X)
    assert model.n_trials_ == 3
    drawn, _ = model.sample(20, random_state=0)
    assert drawn.shape == (20, 2)
    assert (drawn.sum(axis=1) == 3).all()
    mixed = MultinomialHMM(2, random_state=0).fit(X * [[1], [2], [3]])
    assert mixed.n_trials_ == 0
    with pytest.raises(DataError, match="single number"):
        mixed.sample(3)
    with pytest.raises(DataError, match="add up to n_trials = 4"):
        MultinomialHMM(2, n_trials=4).fit(X)
    assert MultinomialHMM(2, n_trials=[3, 3, 3], random_state=0).fit(X).n_iter_ > 0
    for bad, message in (([[-1, 2]], "negative"), ([[0.5, 0.5]], "whole"), ([[np.inf, 1]], "infinity")):
        with pytest.raises(ValueError, match=message):
            MultinomialHMM(2).fit(bad)
    with pytest.raises(ValueError, match="features"):
        model.score([[1, 1, 1]])
    zeros = MultinomialHMM(2, random_state=0).fit(np.zeros((5, 2), dtype=int))  # rows without counts say nothing
    assert zeros.score([[0, 0]]) == pytest.approx(0.0, abs=1e-12)
    hand = MultinomialHMM(2, n_trials=2)
    hand.startprob_, hand.transmat_, hand.emissionprob_ = [1, 0], np.eye(2), [[1.0, 0.0], [0.5, 0.5]]
    assert hand.score([[2, 0]]) == 0.0
    assert hand.score([[1, 1]]) == -np.inf
    with pytest.raises(ValueError, match="columns"):
        hand.score([[1, 1, 1]])


@unconverged
def test_reproducible():
    X = np.random.RandomState(0).multinomial(9, [0.2, 0.3, 0.5], size=60_000)
    found = []
    for threads in (1, 2):
        with panlearn.threads(threads):
            found.append(MultinomialHMM(2, random_state=0, n_iter=2).fit(X, [20] * 3000))
    assert (found[0].emissionprob_ == found[1].emissionprob_).all()
