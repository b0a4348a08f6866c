"""Gaussian hidden Markov model: equal to enumeration and to hmmlearn, monotone, and sound on bad data."""

import logging
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import InvalidParameterError

import panlearn
from panlearn.core.errors import DataError
from panlearn.sequence import GaussianHMM
from tests.oracles import gaussian_hmm as gaussian
from tests.oracles import hmm as oracle

KINDS = ("spherical", "diag", "full", "tied")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def begun(kind, N, p, seed):
    """Start, transitions, means and covariances in the shape of the kind."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(N, p, p))
    S = A @ np.swapaxes(A, 1, 2) + np.eye(p)
    short = {"spherical": S[:, 0, 0], "diag": np.diagonal(S, axis1=1, axis2=2), "full": S, "tied": S[0]}[kind]
    return rng.dirichlet(np.ones(N)), rng.dirichlet(np.ones(N), N), rng.normal(size=(N, p)), short.copy()


def started(kind, parameters, cls=GaussianHMM, **settings):
    model = cls(len(parameters[0]), kind, init_params="", **settings)
    model.n_features = parameters[2].shape[1]
    model.startprob_, model.transmat_, model.means_, model.covars_ = (np.array(p) for p in parameters)
    return model


def frames(n, p, seed, N=3):
    rng = np.random.default_rng(seed)
    return 3 * rng.normal(size=(N, p))[np.arange(n) // 7 % N] + rng.normal(size=(n, p)) @ rng.normal(size=(p, p))


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.integers(1, 3),
    st.integers(1, 3),
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.integers(0, 999),
)
def test_matches_oracle(kind, N, p, lengths, seed):
    rng, parameters = np.random.default_rng(seed), begun(kind, N, p, seed)
    X = rng.normal(size=(sum(lengths), p))
    X[rng.random(X.shape) < 0.2] = np.nan
    X[0], X[-1, 0] = 0.5, 0.5
    weight = rng.uniform(0.5, 2.0, size=len(lengths))
    model = started(kind, parameters, n_iter=1, covars_prior=0.0)
    means, S = parameters[2], model.covars_
    b = np.split(gaussian.likelihoods(X, means, S), np.cumsum(lengths)[:-1])
    chances = [oracle.posterior(*parameters[:2], part) for part in b]
    assert model.score(X, lengths) == pytest.approx(sum(np.log(c) for c, _, _ in chances), rel=1e-9, abs=1e-10)
    np.testing.assert_allclose(model.predict_proba(X, lengths), np.concatenate([m for _, m, _ in chances]), atol=1e-10)
    best = sum(np.log(oracle.best(*parameters[:2], part)[1]) for part in b)
    assert model.decode(X, lengths)[0] == pytest.approx(best, abs=1e-9)
    value, _, A, marginals = oracle.step(*parameters[:2], b, weight)
    if np.isnan(X).all(axis=0).any():
        return
    means, S = gaussian.step(kind, X, np.concatenate(marginals), means, S)
    model.fit(X, lengths, sample_weight=weight)
    assert model.monitor_.history[0] == pytest.approx(value, rel=1e-9, abs=1e-10)
    np.testing.assert_allclose(model.transmat_, A, atol=1e-9)
    np.testing.assert_allclose(model.means_, means, atol=1e-7)
    held = np.linalg.eigvalsh(S)[:, 0] < 1e-6  # few rows: the floor counts
    if not held.any():
        np.testing.assert_allclose(model.covars_, S, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "priors", [{}, {"means_prior": 1.5, "means_weight": 3.0, "covars_prior": 0.3, "covars_weight": 7}]
)
def test_matches_peer(kind, priors):
    peer = pytest.importorskip("hmmlearn.hmm").GaussianHMM
    X, lengths, parameters = frames(260, 2, 0), [60, 1, 199], begun(kind, 3, 2, 1)
    settings = {"n_iter": 10, "tol": -np.inf, **priors}
    ours, theirs = (started(kind, parameters, cls, **settings).fit(X, lengths) for cls in (GaussianHMM, peer))
    np.testing.assert_allclose(ours.monitor_.history, list(theirs.monitor_.history), rtol=1e-10)
    covars = theirs.covars_[:: 2 if kind == "spherical" else 1]  # hmmlearn repeats spherical ones p times
    np.testing.assert_allclose(ours.covars_, covars, rtol=1e-7, atol=1e-10)
    for name in ("startprob_", "transmat_", "means_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), atol=1e-8, err_msg=name)
    np.testing.assert_allclose(ours.predict_proba(X, lengths), theirs.predict_proba(X, lengths), atol=1e-8)
    for algorithm in ("viterbi", "map"):
        (a, path), (b, other) = (model.decode(X, lengths, algorithm) for model in (ours, theirs))
        assert a == pytest.approx(b, rel=1e-9)
        np.testing.assert_array_equal(path, other)
    assert ours.bic(X, lengths) == pytest.approx(theirs.bic(X, lengths))
    assert ours.aic(X, lengths) == pytest.approx(theirs.aic(X, lengths))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, 1])
def test_ends_where_the_peer_ends_from_the_same_seed(kind, seed):
    peer = pytest.importorskip("hmmlearn.hmm").GaussianHMM
    rng = np.random.default_rng(0)
    path = np.repeat(rng.integers(0, 3, 30), 10)
    X = rng.normal(size=(300, 2)) + np.array([[0, 0], [5, 0], [0, 5]])[path]
    ours, theirs = (cls(3, kind, n_iter=100, random_state=seed).fit(X) for cls in (GaussianHMM, peer))
    assert ours.score(X) == pytest.approx(theirs.score(X), rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_optimality(kind):
    """At convergence no small change of the parameters raises the likelihood."""
    X, rng = frames(150, 2, 3), np.random.default_rng(0)
    model = GaussianHMM(2, kind, covars_prior=0.0, random_state=0, n_iter=3000, tol=1e-10).fit(X)
    assert model.converged_
    assert "never fell" in model.certificate_
    assert len(model.degenerate_states_) == 0
    best = model.score(X)
    for _ in range(10):
        other = pickle.loads(pickle.dumps(model))
        other.means_ = model.means_ + 1e-3 * rng.normal(size=model.means_.shape)
        assert other.score(X) < best
        other = pickle.loads(pickle.dumps(model))
        other.covars_ = model._covars_ * (1 + 1e-3 * rng.choice([-1, 1]))
        assert other.score(X) < best


def test_monotone_on_a_thousand_random_problems():
    rng = np.random.default_rng(0)
    for seed in range(1000):
        N, p, kind = int(rng.integers(1, 4)), int(rng.integers(1, 4)), KINDS[seed % 4]
        lengths = rng.integers(1, 12, size=rng.integers(1, 4))
        X = rng.normal(size=(lengths.sum() + 3, p))
        if seed % 3 == 0:
            X[rng.random(X.shape) < 0.15] = np.nan
            X[:2] = rng.normal(size=(2, p))
        if seed % 5 == 0:
            X = np.round(X)  # repeated rows: states shrink to a point
        prior = [{}, {"covars_prior": 0.0}, {"means_weight": 2.0, "covars_weight": 5.0}][seed % 3]
        model = started(kind, begun(kind, N, p, seed), n_iter=12, tol=-np.inf, **prior).fit(X, [3, *lengths])
        assert "never fell" in model.certificate_, (seed, model.certificate_)
        assert np.isfinite(model.means_).all()
        assert np.isfinite(model.covars_).all()
        assert np.isfinite(model.score(X))


def test_invariances():
    X, lengths, parameters = frames(120, 2, 5), [50, 30, 40], begun("full", 3, 2, 2)

    def fit(X, lengths=None, start=parameters, **more):
        return started("full", start, covars_prior=0.0, n_iter=6, tol=-np.inf).fit(X, lengths, **more)

    model, order = fit(X, lengths), [2, 0, 1]
    start, A, means, S = parameters
    swapped = fit(X, lengths, (start[order], A[order][:, order], means[order], S[order]))
    np.testing.assert_allclose(swapped.means_, model.means_[order], rtol=1e-8)
    M, shift = np.array([[2.0, 0.0], [1.0, 3.0]]), np.array([100.0, -50.0])  # any affine map of the frames
    moved = fit(X @ M.T + shift, lengths, (start, A, means @ M.T + shift, M @ S @ M.T))
    np.testing.assert_allclose(moved.means_, model.means_ @ M.T + shift, rtol=1e-8)
    np.testing.assert_allclose(moved.covars_, M @ model.covars_ @ M.T, rtol=1e-6)
    sequences = np.split(X, np.cumsum(lengths)[:-1])
    np.testing.assert_allclose(fit(sequences[::-1]).covars_, model.covars_, rtol=1e-8)
    twice, weighted = fit([*sequences, sequences[1]]), fit(sequences, sample_weight=[1, 2, 1])
    np.testing.assert_allclose(twice.covars_, weighted.covars_, rtol=1e-9)
    np.testing.assert_allclose(fit(X.astype(np.float32), lengths).means_, model.means_, atol=1e-4)


def test_far_and_small_frames_keep_their_digits():
    X, (start, A, means, S) = frames(200, 1, 0), begun("diag", 2, 1, 0)
    settings = {"covars_prior": 0.0, "n_iter": 8, "tol": -np.inf}
    near = started("diag", (start, A, means, S), **settings).fit(X)
    far = started("diag", (start, A, 1e-5 * means + 1e3, 1e-10 * S), **settings).fit(1e-5 * X + 1e3)
    np.testing.assert_allclose((far.means_ - 1e3) * 1e5, near.means_, atol=1e-5)
    np.testing.assert_allclose(far.covars_ * 1e10, near.covars_, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_states_that_are_known(kind):
    X, states = frames(210, 2, 7), np.arange(210) // 7 % 3
    model = GaussianHMM(3, kind, covars_prior=0.0, random_state=0, n_iter=2, tol=0.0).fit(X, states=states)
    np.testing.assert_allclose(model.means_, [X[states == j].mean(axis=0) for j in range(3)], rtol=1e-9)
    partly = np.where(np.random.default_rng(0).random(210) < 0.5, states, -1)
    found = GaussianHMM(3, kind, random_state=0, n_iter=30).fit(X, states=partly)
    assert (found.predict(X) == states).mean() > 0.85


@pytest.mark.parametrize("kind", KINDS)
def test_edge_cases(kind, caplog):
    one = GaussianHMM(1, kind).fit([[1.0, 2.0]])
    assert np.isfinite(one.score([[1.0, 2.0]]))
    X = frames(60, 2, 0)
    constant = np.column_stack([X[:, 0], np.full(60, 5.0)])
    with caplog.at_level(logging.WARNING):
        flat = GaussianHMM(2, kind, covars_prior=0.0, random_state=0, n_iter=20).fit(constant)
    assert np.isfinite(flat.covars_).all()
    assert "never fell" in flat.certificate_
    if kind != "spherical":
        assert len(flat.degenerate_states_) == 2
        assert "shrank to a point or a plane" in caplog.text
    gaps = X.copy()
    gaps[::5] = np.nan
    gaps[1::5, 0] = np.nan
    model = GaussianHMM(3, kind, random_state=0, n_iter=50).fit(gaps)
    assert model.score(np.full((3, 2), np.nan)) == pytest.approx(0.0, abs=1e-12)  # nothing seen
    np.testing.assert_allclose(model.predict_proba(gaps).sum(axis=1), 1.0)
    same = GaussianHMM(2, kind, random_state=0).fit(np.zeros((20, 2)) + np.arange(20)[:, None] % 2)
    assert np.isfinite(same.means_).all()
    assert np.isfinite(model.fit([X[:10], np.empty((0, 2)), X[10:11]]).score(X))
    with pytest.raises(DataError, match="column 1 of X has no number"):
        GaussianHMM(2, kind).fit(np.column_stack([X[:, 0], np.full(60, np.nan)]))
    with pytest.raises(DataError, match="at least as many rows"):
        GaussianHMM(5, kind).fit(X[:3])
    with pytest.raises(ValueError, match="infinity"):
        GaussianHMM(2, kind).fit([[0.0], [np.inf]])
    with pytest.raises(ValueError, match="features"):
        model.score(np.zeros((4, 3)))
    with pytest.raises(DataError, match="too large"):
        GaussianHMM(1, kind).fit(1e200 * X)
    with pytest.raises(NotFittedError):
        GaussianHMM(2, kind).predict(X)


def test_parameters_are_checked():
    with pytest.raises(InvalidParameterError, match="covariance_type"):
        GaussianHMM(2, "round").fit([[0.0], [1.0]])
    with pytest.raises(InvalidParameterError, match="min_covar"):
        GaussianHMM(2, min_covar=-1.0).fit([[0.0], [1.0]])
    model = started("diag", begun("diag", 3, 2, 0))
    with pytest.raises(ValueError, match="must be positive"):
        model.covars_ = np.zeros((3, 2))
    model.means_ = np.zeros((2, 2))
    with pytest.raises(ValueError, match="means_ must have shape"):
        model.score(np.zeros((4, 2)))
    with pytest.raises(DataError, match="means_prior must be a number or an array"):
        GaussianHMM(2, means_prior=np.zeros(3), random_state=0).fit(frames(20, 2, 0))
    with pytest.raises(AttributeError, match="neither fitted nor set"):
        _ = GaussianHMM(2).covars_


def test_left_right_chain_and_fixed_parameters():
    X = np.repeat([0.0, 5.0, 10.0], 20)[:, None] + np.random.default_rng(0).normal(size=(60, 1))
    model = GaussianHMM(3, params="mct", init_params="c", random_state=0, n_iter=50)
    model.means_ = np.array([[1.0], [4.0], [9.0]])
    model.startprob_ = np.array([1.0, 0.0, 0.0])
    model.transmat_ = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]])
    model.fit(X)
    np.testing.assert_array_equal(model.startprob_, [1, 0, 0])
    assert (model.transmat_[np.tril_indices(3, -1)] == 0).all()
    np.testing.assert_array_equal(model.predict(X), np.repeat([0, 1, 2], 20))


def test_reproducible(tmp_path):
    X = frames(60_000, 2, 0)
    found, parameters = [], begun("diag", 3, 2, 0)
    for threads in (1, 2):
        with panlearn.threads(threads):
            found.append(started("diag", parameters, n_iter=3).fit(X, [60] * 1000))
    np.testing.assert_array_equal(found[0].means_, found[1].means_)
    np.testing.assert_array_equal(found[0].covars_, found[1].covars_)
    model = found[0]
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).covars_, model.covars_)
    panlearn.save(model, tmp_path / "model")
    again = panlearn.load(tmp_path / "model")
    assert again.score(X[:100]) == model.score(X[:100])
    np.testing.assert_array_equal(again.sample(5, random_state=1)[0], model.sample(5, random_state=1)[0])
    assert not hasattr(clone(model), "means_")
    named = GaussianHMM(2, random_state=0).fit(pd.DataFrame(X[:50], columns=["a", "b"]))
    assert named.feature_names_in_.tolist() == ["a", "b"]


def test_recovers_the_model_that_drew_the_frames():
    parameters = (np.array([0.5, 0.5]), np.array([[0.95, 0.05], [0.1, 0.9]]), np.array([[0.0, 0.0], [3.0, 1.0]]))
    truth = started("full", (*parameters, np.array([np.eye(2), [[2.0, 1.0], [1.0, 1.0]]])))
    X, states = truth.sample(20_000, random_state=0)
    model = GaussianHMM(2, "full", random_state=0, n_iter=100).fit(X)
    order = np.argsort(model.means_[:, 0])
    np.testing.assert_allclose(model.means_[order], truth.means_, atol=0.1)
    np.testing.assert_allclose(model.covars_[order], truth.covars_, atol=0.1)
    np.testing.assert_allclose(model.transmat_[order][:, order], truth.transmat_, atol=0.02)
    assert (order.argsort()[model.predict(X)] == states).mean() > 0.97
