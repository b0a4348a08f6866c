"""Hidden Markov model of mixtures: equal to enumeration and to hmmlearn, monotone, and sound on bad data."""

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import InvalidParameterError

import panlearn
from panlearn.core.errors import DataError
from panlearn.sequence import GMMHMM, GaussianHMM
from tests.oracles import gaussian_hmm as gaussian
from tests.oracles import hmm as oracle

KINDS = ("spherical", "diag", "full", "tied")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def begun(kind, N, M, p, seed):
    """Start, transitions, weights, means and covariances in the shape of the kind."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(N, M, p, p))
    S = A @ np.swapaxes(A, 2, 3) + np.eye(p)
    short = {"spherical": S[:, :, 0, 0], "diag": np.diagonal(S, axis1=2, axis2=3), "full": S, "tied": S[:, 0]}[kind]
    chain = rng.dirichlet(np.ones(N)), rng.dirichlet(np.ones(N), N), rng.dirichlet(np.ones(M), N)
    return *chain, 2 * rng.normal(size=(N, M, p)), short.copy()


NAMES = ("startprob_", "transmat_", "weights_", "means_", "covars_")


def started(kind, parameters, cls=GMMHMM, **settings):
    model = cls(*parameters[2].shape, covariance_type=kind, init_params="", **settings)
    for name, value in zip(NAMES, parameters, strict=True):
        setattr(model, name, value.copy())
    return model


def matrices(kind, covars, N, M, p):
    if kind == "full":
        return covars
    if kind == "tied":
        return np.repeat(covars[:, None], M, axis=1)
    return (covars[..., None] if kind == "spherical" else covars)[..., None] * np.eye(p)


def frames(n, p, seed, N=3, M=2):
    rng = np.random.default_rng(seed)
    return 4 * rng.normal(size=(N, M, p))[np.arange(n) // 7 % N, rng.integers(M, size=n)] + rng.normal(size=(n, p))


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 2),
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.integers(0, 999),
)
def test_matches_oracle(kind, N, M, p, lengths, seed):
    rng, parameters = np.random.default_rng(seed), begun(kind, N, M, p, seed)
    X = rng.normal(size=(sum(lengths), p))
    X[rng.random(X.shape) < 0.2] = np.nan
    X[0] = 0.5
    start, A, weights, means, covars = parameters
    S = matrices(kind, covars, N, M, p)
    b, shares = gaussian.mixture(weights, X, means, S)
    b = np.split(b, np.cumsum(lengths)[:-1])
    model = started(kind, parameters, n_iter=1)
    chances = [oracle.posterior(start, A, part) for part in b]
    assert model.score(X, lengths) == pytest.approx(sum(np.log(c) for c, _, _ in chances), rel=1e-9, abs=1e-10)
    np.testing.assert_allclose(model.predict_proba(X, lengths), np.concatenate([m for _, m, _ in chances]), atol=1e-10)
    value, _, new_A, marginals = oracle.step(start, A, b)
    shares = (shares * np.concatenate(marginals)[:, :, None]).reshape(len(X), -1)
    group = np.repeat(np.arange(N), M)
    new_means, _ = gaussian.step(kind, X, shares, means.reshape(-1, p), S.reshape(-1, p, p), group)
    model.fit(X, lengths)
    assert model.monitor_.history[0] == pytest.approx(value, rel=1e-9, abs=1e-10)
    np.testing.assert_allclose(model.transmat_, new_A, atol=1e-9)
    counts = shares.sum(axis=0).reshape(N, M)
    np.testing.assert_allclose(model.weights_, counts / counts.sum(axis=1, keepdims=True), atol=1e-9)
    enough = counts.ravel() > 1e-6
    np.testing.assert_allclose(model.means_.reshape(-1, p)[enough], new_means[enough], atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_matches_peer(kind):
    peer = pytest.importorskip("hmmlearn.hmm").GMMHMM
    X, lengths, parameters = frames(120, 2, 0), [50, 1, 69], begun(kind, 3, 2, 2, 1)
    ours, theirs = (started(kind, parameters, cls) for cls in (GMMHMM, peer))
    theirs.n_features = 2
    assert ours.score(X, lengths) == pytest.approx(theirs.score(X, lengths), rel=1e-11)
    np.testing.assert_allclose(ours.predict_proba(X, lengths), theirs.predict_proba(X, lengths), atol=1e-9)
    np.testing.assert_array_equal(ours.predict(X, lengths), theirs.predict(X, lengths))
    priors = {"weights_prior": 1.5, "means_prior": 0.5, "means_weight": 2.0}
    priors |= {"covars_prior": 2.0, "covars_weight": 3.0} if kind in ("diag", "spherical") else {}
    fits = [started(kind, parameters, cls, n_iter=1, params="mwst", **priors).fit(X, lengths) for cls in (GMMHMM, peer)]
    for name in NAMES:  # hmmlearn's covariances are about the old means: not those of an M step
        np.testing.assert_allclose(getattr(fits[0], name), getattr(fits[1], name), atol=1e-9, err_msg=name)


def test_matches_peer_at_the_fixed_point():
    peer = pytest.importorskip("hmmlearn.hmm").GMMHMM
    X, lengths = frames(200, 1, 2, 2), [120, 80]
    start, A, weights, _, covars = begun("diag", 2, 2, 1, 4)
    parameters = start, A, weights, np.quantile(X, [[0.1, 0.4], [0.6, 0.9]])[..., None], covars
    settings = {"n_iter": 300, "tol": 1e-9, "covars_prior": 2.0, "covars_weight": 1.0}
    ours, theirs = (started("diag", parameters, cls, **settings).fit(X, lengths) for cls in (GMMHMM, peer))
    assert ours.score(X, lengths) == pytest.approx(theirs.score(X, lengths), rel=1e-6)
    for name in NAMES:
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=2e-3, atol=2e-3, err_msg=name)


@pytest.mark.parametrize("kind", KINDS)
def test_optimality(kind):
    """At convergence no small change of the parameters raises the likelihood."""
    X, rng = frames(150, 2, 3), np.random.default_rng(0)
    model = GMMHMM(2, 2, covariance_type=kind, random_state=0, n_iter=3000, tol=1e-9).fit(X)
    assert model.converged_
    assert "never fell" in model.certificate_
    best = model.score(X)
    for _ in range(5):
        other = pickle.loads(pickle.dumps(model))
        other.means_ = model.means_ + 1e-3 * rng.normal(size=model.means_.shape)
        assert other.score(X) < best
        other = pickle.loads(pickle.dumps(model))
        other.covars_ = model.covars_ * (1 + 1e-3 * rng.choice([-1, 1]))
        assert other.score(X) < best
        other = pickle.loads(pickle.dumps(model))
        other.weights_ = 0.99 * model.weights_ + 0.01 * rng.dirichlet(np.ones(2), 2)
        assert other.score(X) < best + 1e-7


PRIORS: tuple[dict[str, Any], ...] = (
    {},
    {"weights_prior": 2.0, "means_prior": 1.0, "means_weight": 2.0},
    {"covars_prior": 3.0, "covars_weight": 1.0},
)


@pytest.mark.parametrize("kind", KINDS)
def test_monotone_on_random_problems(kind):
    rng = np.random.default_rng(0)
    for seed in range(100):
        N, M, p = (int(k) for k in rng.integers(1, 4, size=3))
        X = rng.normal(size=(20, p))
        if seed % 3 == 0:
            X[rng.random(X.shape) < 0.15] = np.nan
            X[:2] = rng.normal(size=(2, p))
        if seed % 5 == 0:
            X = np.round(X)  # repeated rows: components shrink to a point
        priors = dict(PRIORS[seed % 3])
        if "covars_prior" in priors and kind in ("full", "tied"):
            priors = {"covars_prior": np.eye(p), "covars_weight": 8.0}
        model = started(kind, begun(kind, N, M, p, seed), n_iter=12, tol=-np.inf, **priors).fit(X, [12, 8])
        assert "never fell" in model.certificate_, (seed, model.certificate_)
        assert np.isfinite(model.means_).all()
        assert np.isfinite(model.covars_).all()


def test_invariances():
    X, lengths, parameters = frames(120, 2, 5), [50, 30, 40], begun("full", 2, 3, 2, 2)

    def fit(X, lengths=None, start=parameters, **more):
        return started("full", start, n_iter=6, tol=-np.inf).fit(X, lengths, **more)

    model, order = fit(X, lengths), [2, 0, 1]
    start, A, weights, means, S = parameters
    swapped = fit(X, lengths, (start, A, weights[:, order], means[:, order], S[:, order]))
    np.testing.assert_allclose(swapped.means_, model.means_[:, order], rtol=1e-7)
    turned = fit(X, lengths, (start[::-1], A[::-1, ::-1], weights[::-1], means[::-1], S[::-1]))
    np.testing.assert_allclose(turned.covars_, model.covars_[::-1], rtol=1e-7, atol=1e-10)
    sequences = np.split(X, np.cumsum(lengths)[:-1])
    twice, weighted = fit([*sequences, sequences[1]]), fit(sequences, sample_weight=[1, 2, 1])
    np.testing.assert_allclose(twice.covars_, weighted.covars_, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("kind", ["spherical", "diag", "full"])
def test_one_component_is_a_gaussian_state(kind):
    X = frames(120, 2, 0)
    start, A, _, means, S = begun(kind, 3, 1, 2, 0)
    mixed = started(kind, (start, A, np.ones((3, 1)), means, S), n_iter=5, tol=-np.inf).fit(X)
    plain = GaussianHMM(3, kind, init_params="", covars_prior=0.0, n_iter=5, tol=-np.inf)
    plain.startprob_, plain.transmat_, plain.means_, plain.covars_ = start, A, means[:, 0], S[:, 0]
    np.testing.assert_allclose(mixed.monitor_.history, plain.fit(X).monitor_.history, rtol=1e-10)
    np.testing.assert_allclose(mixed.means_[:, 0], plain.means_, rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_edge_cases(kind):
    X = frames(60, 2, 0)
    gaps = X.copy()
    gaps[::5] = np.nan
    gaps[1::5, 0] = np.nan
    model = GMMHMM(2, 2, covariance_type=kind, random_state=0, n_iter=20).fit(gaps)
    assert model.score(np.full((3, 2), np.nan)) == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(model.predict_proba(gaps).sum(axis=1), 1.0)
    few = GMMHMM(2, 10, covariance_type=kind, random_state=0).fit(X[:8])  # fewer rows than components
    assert np.isfinite(few.score(X[:8]))
    assert (few.means_ >= X[:8].min(axis=0) - 1e-9).all()
    assert (few.means_ <= X[:8].max(axis=0) + 1e-9).all()
    same = GMMHMM(2, 2, covariance_type=kind, random_state=0).fit(np.zeros((20, 2)) + np.arange(20)[:, None] % 2)
    assert np.isfinite(same.covars_).all()
    assert len(same.degenerate_components_) > 0
    rows, states = model.sample(30, random_state=0)
    assert rows.shape == (30, 2)
    assert set(states) <= {0, 1}
    with pytest.raises(DataError, match="at least as many rows"):
        GMMHMM(5, 2, covariance_type=kind).fit(X[:3])
    with pytest.raises(ValueError, match="features"):
        model.score(np.zeros((4, 3)))
    with pytest.raises(NotFittedError):
        GMMHMM(2, 2).predict(X)


@pytest.mark.parametrize("kind", KINDS)
def test_tags_name_the_states(kind):
    rng = np.random.default_rng(0)
    path = np.repeat([1, 0, 1, 0], 100)
    X = np.where(path == 0, rng.choice([-5.0, 5.0], 400), 0.0)[:, None] + rng.normal(size=(400, 1))
    known = np.where(np.arange(400) % 4, -1, path)
    for states, parts in ((path, X), (known, X), ([known[:200], known[200:]], [X[:200], X[200:]])):
        model = GMMHMM(2, 2, covariance_type=kind, n_iter=100, random_state=0).fit(parts, states=states)
        assert (model.predict(X) == path).all()
        assert "never fell" in model.certificate_
        np.testing.assert_allclose(np.sort(model.means_[0].ravel()), [-5, 5], atol=0.5)


def test_parameters_are_checked():
    with pytest.raises(InvalidParameterError, match="n_mix"):
        GMMHMM(2, 0).fit([[0.0], [1.0]])
    good = begun("diag", 2, 3, 2, 0)
    bad = (None, None, np.ones((2, 3)), np.zeros((2, 2)), np.zeros((2, 3, 2)))
    for k in (2, 3, 4):
        model = started("diag", good)
        setattr(model, NAMES[k], bad[k])
        with pytest.raises(ValueError, match=NAMES[k]):
            model.score(np.zeros((4, 2)))


def test_reproducible(tmp_path):
    X = frames(60_000, 2, 0)
    found, parameters = [], begun("diag", 2, 2, 2, 0)
    for threads in (1, 2):
        with panlearn.threads(threads):
            found.append(started("diag", parameters, n_iter=2).fit(X, [60] * 1000))
    np.testing.assert_array_equal(found[0].means_, found[1].means_)
    np.testing.assert_array_equal(found[0].covars_, found[1].covars_)
    panlearn.save(found[0], tmp_path / "model")
    assert panlearn.load(tmp_path / "model").score(X[:100]) == found[0].score(X[:100])
    np.testing.assert_array_equal(found[0].sample(5, random_state=1)[0], found[1].sample(5, random_state=1)[0])
