"""Hidden Markov model of symbols: equal to enumeration and to hmmlearn, monotone, and sound on bad data."""

import pickle
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils._param_validation import InvalidParameterError

import panlearn
from panlearn.core.errors import DataError
from panlearn.sequence import CategoricalHMM
from tests.oracles import hmm as oracle

unconverged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def chain(states, symbols, seed):
    rng = np.random.default_rng(seed)
    shape = (states, states)
    return (
        rng.dirichlet(np.ones(states)),
        rng.dirichlet(np.ones(states), states),
        rng.dirichlet(np.ones(symbols), shape[0]),
    )


def started(parameters, cls=CategoricalHMM, **settings):
    model = cls(len(parameters[0]), init_params="", **settings)
    model.startprob_, model.transmat_, model.emissionprob_ = (p.copy() for p in parameters)
    return model


@unconverged
@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.integers(1, 4), st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(0, 999))
def test_matches_oracle(states, symbols, lengths, seed):
    rng = np.random.default_rng(seed)
    parameters = chain(states, symbols, seed)
    sequences = [rng.integers(symbols, size=T).astype(float) for T in lengths]
    for x in sequences:
        x[rng.uniform(size=len(x)) < 0.2] = np.nan
    sequences[0][0] = 0.0
    weight = rng.uniform(0.5, 2.0, size=len(lengths))
    X = np.concatenate(sequences)[:, None]
    frames = [oracle.categorical(parameters[2], x) for x in sequences]

    model = started(parameters)
    chances = [oracle.posterior(*parameters[:2], b) for b in frames]
    assert model.score(X, lengths) == pytest.approx(sum(np.log(p) for p, _, _ in chances), rel=1e-10, abs=1e-12)
    np.testing.assert_allclose(model.predict_proba(X, lengths), np.concatenate([m for _, m, _ in chances]), atol=1e-12)
    paths = [oracle.best(*parameters[:2], b) for b in frames]
    assert model.decode(X, lengths)[0] == pytest.approx(sum(np.log(p) for _, p in paths), abs=1e-10)

    value, start, A, marginals = oracle.step(*parameters[:2], frames, weight)
    model = started(parameters, n_iter=1).fit(X, lengths, sample_weight=weight)
    assert model.monitor_.history[0] == pytest.approx(value, rel=1e-10, abs=1e-12)
    np.testing.assert_allclose(model.startprob_, start, atol=1e-10)
    np.testing.assert_allclose(model.transmat_, A, atol=1e-10)
    np.testing.assert_allclose(
        model.emissionprob_, oracle.categorical_step(parameters[2], sequences, marginals), atol=1e-10
    )


@unconverged
@pytest.mark.parametrize("prior", [1.0, 2.5])
def test_matches_peer(prior):
    peer = pytest.importorskip("hmmlearn.hmm").CategoricalHMM
    lengths = [30, 1, 69, 200]
    X = np.random.default_rng(0).integers(5, size=(300, 1))
    priors = {"startprob_prior": prior, "transmat_prior": prior, "emissionprob_prior": prior}
    ours, theirs = (
        cls(3, random_state=5, n_iter=12, tol=0.0, **priors).fit(X, lengths) for cls in (CategoricalHMM, peer)
    )
    for name in ("startprob_", "transmat_", "emissionprob_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), atol=1e-9, err_msg=name)
    np.testing.assert_allclose(ours.monitor_.history, list(theirs.monitor_.history), rtol=1e-10)
    assert ours.score(X, lengths) == pytest.approx(theirs.score(X, lengths), rel=1e-11)
    np.testing.assert_allclose(ours.predict_proba(X, lengths), theirs.predict_proba(X, lengths), atol=1e-9)
    for algorithm in ("viterbi", "map"):
        (a, p), (b, q) = (model.decode(X, lengths, algorithm) for model in (ours, theirs))
        assert a == pytest.approx(b, rel=1e-10)
        assert (p == q).all()
    assert ours.bic(X, lengths) == pytest.approx(theirs.bic(X, lengths))
    assert ours.aic(X, lengths) == pytest.approx(theirs.aic(X, lengths))
    shares = ours.get_stationary_distribution()
    np.testing.assert_allclose(shares, theirs.get_stationary_distribution(), atol=1e-10)


@unconverged
def test_optimality():
    """At convergence no small change of the parameters raises the likelihood."""
    rng = np.random.default_rng(2)
    X, lengths = rng.integers(3, size=(80, 1)), [40, 40]
    model = CategoricalHMM(2, random_state=1, n_iter=3000, tol=1e-11).fit(X, lengths)
    assert model.converged_
    assert "never fell" in model.certificate_
    best = model.score(X, lengths)
    for name in ("startprob_", "transmat_", "emissionprob_"):
        for _ in range(10):
            other: Any = clone(model)
            other.set_params(init_params="")
            for each in ("startprob_", "transmat_", "emissionprob_"):
                setattr(other, each, getattr(model, each))
            p = getattr(model, name)
            setattr(other, name, 0.999 * p + 0.001 * rng.dirichlet(np.ones(p.shape[-1]), p.shape[:-1] or None))
            assert other.score(X, lengths) <= best + 1e-6


@unconverged
def test_monotone_on_a_thousand_random_problems():
    rng = np.random.default_rng(0)
    for seed in range(1000):
        states, symbols = rng.integers(1, 5), rng.integers(1, 6)
        lengths = rng.integers(1, 12, size=rng.integers(1, 4))
        X = rng.integers(symbols, size=(lengths.sum(), 1))
        prior = float(rng.choice([1.0, 1.0, 3.0]))
        model = CategoricalHMM(int(states), prior, prior, random_state=seed, n_iter=8, tol=0.0).fit(X, lengths)
        assert "never fell" in model.certificate_
        if prior == 1.0:
            history = np.array(model.monitor_.history)
            assert (np.diff(history) > -1e-9 * (1 + abs(history[1:]))).all()
        for p in (model.startprob_, model.transmat_, model.emissionprob_):
            np.testing.assert_allclose(p.sum(axis=-1), 1.0)


@unconverged
def test_invariances():
    rng = np.random.default_rng(4)
    parameters, lengths = chain(3, 4, 0), [20, 7, 33]
    X = rng.integers(4, size=(60, 1))
    model = started(parameters, n_iter=5).fit(X, lengths)
    order = [2, 0, 1]  # of the states
    mixed = (parameters[0][order], parameters[1][order][:, order], parameters[2][order])
    other = started(mixed, n_iter=5).fit(X, lengths)
    np.testing.assert_allclose(other.transmat_, model.transmat_[order][:, order], atol=1e-10)
    sequences = np.split(X, np.cumsum(lengths)[:-1])
    turned = started(parameters, n_iter=5).fit(sequences[::-1])  # order of the sequences, and a list of them
    np.testing.assert_allclose(turned.emissionprob_, model.emissionprob_, atol=1e-10)
    twice = started(parameters, n_iter=5).fit([*sequences, sequences[1]])
    weighted = started(parameters, n_iter=5).fit(sequences, sample_weight=[1, 2, 1])
    np.testing.assert_allclose(twice.transmat_, weighted.transmat_, atol=1e-10)
    left = started(parameters, n_iter=5).fit(sequences[:2])
    without = started(parameters, n_iter=5).fit(sequences, sample_weight=[1, 1, 0])
    np.testing.assert_allclose(left.transmat_, without.transmat_, atol=1e-10)
    named = [np.ravel(x) for x in sequences]  # symbols alone
    np.testing.assert_allclose(started(parameters, n_iter=5).fit(named).transmat_, model.transmat_, atol=1e-12)


@unconverged
def test_edge_cases():
    one = CategoricalHMM(3, random_state=0).fit([[2]])  # one frame
    assert one.score([[2]]) == pytest.approx(0.0, abs=1e-9)
    assert CategoricalHMM(1).fit([[0], [1], [1]]).emissionprob_.tolist() == [
        [pytest.approx(1 / 3), pytest.approx(2 / 3)]
    ]
    gaps = CategoricalHMM(2, random_state=0, n_features=3).fit([[np.nan]] * 4)  # nothing was observed
    assert gaps.score([[np.nan]] * 5) == pytest.approx(0.0, abs=1e-12)
    assert gaps.predict([[np.nan], [1.0]]).shape == (2,)
    empty = CategoricalHMM(2, random_state=0).fit([np.array([[0], [1]]), np.empty((0, 1), dtype=int)])
    assert empty.predict_proba([np.empty((0, 1), dtype=int), np.array([[1]])]).shape == (1, 2)
    kept = CategoricalHMM(2, random_state=0, n_features=4, emissionprob_prior=2.0).fit([[0], [1]])
    assert np.isfinite(kept.score([[3]]))  # room for symbols that fit did not see
    with pytest.raises(DataError, match="largest symbol is 2"):
        CategoricalHMM(2, random_state=0).fit([[0], [1]]).score([[2]])
    for bad, message in (([[-1]], "negative"), ([[0.5]], "whole"), ([[0, 1]], "one column"), ([[np.inf]], "infinity")):
        with pytest.raises(ValueError, match=message):
            CategoricalHMM(2).fit(bad)
    assert (CategoricalHMM(2, random_state=0).fit(np.array([[0], [1]], np.uint8)).predict([[0.0], [1.0]]) >= 0).all()
    with pytest.raises(DataError, match="below 2"):
        CategoricalHMM(2).fit(np.full((2, 1), 2**64 - 1, np.uint64))
    with pytest.raises(DataError, match=r"emissionprob_prior must be .* shape"):
        CategoricalHMM(2, emissionprob_prior=[1, 1, 1]).fit([[0], [1]])
    with pytest.raises(DataError, match="lengths must sum"):
        CategoricalHMM(2).fit([[0], [1]], [1, 2])
    with pytest.raises(NotFittedError):
        CategoricalHMM(2).score([[0]])
    with pytest.raises(InvalidParameterError, match="n_components"):
        CategoricalHMM(0).fit([[0]])
    with pytest.raises(DataError, match="algorithm"):
        one.decode([[0]], algorithm="best")
    model = started((np.array([1.0, 0.0]), np.eye(2), np.eye(2)))
    assert model.score([[1]]) == -np.inf  # impossible
    with pytest.raises(DataError, match=r"sequence 1 .* likelihood 0"):
        model.predict_proba([[0], [1]], [1, 1])
    with pytest.raises(DataError, match=r"sequence 1 .* likelihood 0"):
        model.decode([[0], [1]], [1, 1])
    with pytest.raises(DataError, match="likelihood 0"):
        model.fit([[0], [1]])


def test_numbers_that_are_no_symbols_do_not_fill_the_memory():
    for bad in ([[0], [10**9]], [[0.0], [1e9]]):
        with pytest.raises(DataError, match=r"3 × 1000000001 .*OrdinalEncoder.*set n_features=1000000001"):
            CategoricalHMM(3).fit(bad)
    with pytest.raises(DataError, match="at most 268435456"):
        CategoricalHMM(3, n_features=10**9).fit([[0], [1]])


def test_parameters_set_by_hand_are_checked():
    good = chain(2, 3, 0)
    for k, bad in (
        (0, [0.5, 0.6]),
        (0, [1.0]),
        (0, [1.5, -0.5]),
        (1, np.eye(3)),
        (1, np.ones((2, 2))),
        (2, []),
        (2, np.eye(3)),
    ):
        with pytest.raises(ValueError, match=("startprob_", "transmat_", "emissionprob_")[k]):
            _set(good, k, bad).score([[0]])


def _set(parameters, k, value):
    model = started(parameters)
    setattr(model, ("startprob_", "transmat_", "emissionprob_")[k], value)
    return model


@unconverged
def test_number_of_symbols_is_that_of_the_table_but_clones_learn_it_anew():
    model = CategoricalHMM(2, random_state=0)
    assert model.n_features is None
    model.fit([[0], [2], [1]])
    assert model.n_features == 3
    copy: Any = clone(model)
    assert copy.fit([[0], [4]]).n_features == 5
    assert CategoricalHMM(2, n_features=7, random_state=0).fit([[0]]).emissionprob_.shape == (2, 7)


@unconverged
def test_reproducible():
    X = np.random.default_rng(0).integers(4, size=(90_000, 1))
    lengths = [30] * 3000
    found = []
    for threads in (1, 2, 3):
        with panlearn.threads(threads):
            found.append(CategoricalHMM(3, random_state=0, n_iter=3).fit(X, lengths))
    for other in found[1:]:
        assert (other.emissionprob_ == found[0].emissionprob_).all()
        assert other.monitor_.history == found[0].monitor_.history
    again = pickle.loads(pickle.dumps(found[0]))
    assert (again.predict(X[:100]) == found[0].predict(X[:100])).all()
    (X1, z1), (X2, z2) = (found[0].sample(50, random_state=3) for _ in range(2))
    assert (X1 == X2).all()
    assert (z1 == z2).all()


def test_warns_where_it_did_not_converge():
    X = np.random.default_rng(0).integers(3, size=(50, 1))
    with pytest.warns(ConvergenceWarning, match="last gain .* n_iter"):
        CategoricalHMM(2, random_state=0, n_iter=2, tol=0.0).fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CategoricalHMM(2, random_state=0, n_iter=500, tol=1e-2).fit(X)
        assert CategoricalHMM(2, random_state=0, n_iter=0).fit(X).n_iter_ == 0


@unconverged
def test_recovers_the_model_that_drew_the_symbols():
    truth = started(
        (np.array([0.5, 0.5]), np.array([[0.95, 0.05], [0.1, 0.9]]), np.array([[0.8, 0.1, 0.1], [0.1, 0.3, 0.6]]))
    )
    X, states = truth.sample(20_000, random_state=0)
    model = CategoricalHMM(2, random_state=0, n_iter=200, tol=1e-3, n_init=2).fit(X)
    order = np.argsort(-model.emissionprob_[:, 0])
    np.testing.assert_allclose(model.emissionprob_[order], truth.emissionprob_, atol=0.03)
    np.testing.assert_allclose(model.transmat_[order][:, order], truth.transmat_, atol=0.03)
    assert (order.argsort()[model.predict(X)] == states).mean() > 0.85
