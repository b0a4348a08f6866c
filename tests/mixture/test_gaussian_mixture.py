"""Gaussian mixtures: equal to the textbook's formulas and to scikit-learn, monotone, and sound on bad data."""

import pickle
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal
from sklearn import mixture as peer
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import InvalidParameterError

import panlearn
from panlearn.core.blocks import FileRows
from panlearn.mixture import GaussianMixture
from tests.oracles import gaussian_mixture as oracle

normal: Any = multivariate_normal  # its stub takes a covariance for an int

KINDS = ("full", "tied", "diag", "spherical")
INITS = ("kmeans", "k-means++", "random", "random_from_data")
unconverged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def problem(n=120, d=3, k=3, seed=0, apart=4.0):
    rng = np.random.default_rng(seed)
    centres = apart * rng.normal(size=(k, d))
    return centres[rng.integers(k, size=n)] + rng.normal(size=(n, d)) @ rng.normal(size=(d, d))


def begun(kind, X, k, seed=0):
    """Parameters to start from, the same for everyone."""
    rng, d = np.random.default_rng(seed), X.shape[1]
    S = np.cov(X.T, bias=True).reshape(d, d)
    precision = {"full": [np.linalg.inv(S)] * k, "tied": np.linalg.inv(S)}
    precision |= {"diag": [1 / np.diag(S)] * k, "spherical": [d / np.trace(S)] * k}
    means = X[rng.choice(len(X), k, replace=False)]
    return {"weights_init": np.full(k, 1 / k), "means_init": means, "precisions_init": np.array(precision[kind])}


@unconverged
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ridge", [0.0, 0.1])
def test_matches_oracle(kind, ridge):
    X, k = problem(60), 3
    weight = np.random.default_rng(1).uniform(size=len(X))
    start = begun(kind, X, k)
    model = GaussianMixture(k, covariance_type=kind, reg_covar=ridge, tol=0.0, max_iter=4, **start)
    model.fit(X, sample_weight=weight)
    invert = np.linalg.inv if kind in ("full", "tied") else np.reciprocal
    fields = (start["weights_init"], start["means_init"], invert(start["precisions_init"]))
    for value in model.lower_bounds_:
        expected, fields = oracle.step(kind, X, weight, *fields, ridge)
        assert value == pytest.approx(expected, rel=1e-10)
    for found, wanted in zip((model.weights_, model.means_, model.covariances_), fields, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-7)
    S = oracle.matrices(kind, model.covariances_, k, 3)
    logs = oracle.log_density(X, model.weights_, model.means_, S)
    np.testing.assert_allclose(model.score_samples(X), logs, rtol=1e-9)


@unconverged
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_matches_peer(kind, dtype):
    X, k = problem(500, 4, 5, seed=3).astype(dtype), 5
    ours, theirs = (
        cls(k, covariance_type=kind, tol=1e-5, max_iter=60, **begun(kind, X, k)).fit(X)
        for cls in (GaussianMixture, peer.GaussianMixture)
    )
    precise = dtype == np.float64
    assert ours.lower_bound_ == pytest.approx(theirs.lower_bound_, abs=1e-9 if precise else 1e-3)
    for name in ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_"):
        a, b = getattr(ours, name), getattr(theirs, name)
        assert a.dtype == dtype
        if precise:
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-8, err_msg=name)
    if precise:
        assert (ours.n_iter_, ours.converged_) == (theirs.n_iter_, theirs.converged_)
        np.testing.assert_allclose(ours.lower_bounds_, theirs.lower_bounds_, rtol=1e-9)
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-7)
        assert (ours.predict(X) == theirs.predict(X)).all()
        assert ours.bic(X) == pytest.approx(theirs.bic(X))
        assert ours.aic(X) == pytest.approx(theirs.aic(X))


@unconverged
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(KINDS), st.integers(1, 4), st.booleans())
def test_optimality(seed, kind, k, accelerate):
    X = problem(60, 1 + seed % 3, k, seed, apart=1.0)
    model = GaussianMixture(
        k, covariance_type=kind, random_state=seed, tol=1e-8, max_iter=60, accelerate=accelerate, init_params="random"
    ).fit(X)
    assert "never fell" in model.certificate_
    assert (np.diff(model.lower_bounds_) >= -1e-8).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_reg_covar_lowers_the_likelihood_by_what_it_explains(kind):
    X = problem(200, 2, 2)
    exact = GaussianMixture(2, covariance_type=kind, random_state=0, tol=1e-10, max_iter=1000).fit(X)
    start = {"weights_init": exact.weights_, "means_init": exact.means_, "precisions_init": exact.precisions_}
    model = GaussianMixture(2, covariance_type=kind, reg_covar=0.5, tol=1e-4, max_iter=1000, **start).fit(X)
    assert min(np.diff(model.lower_bounds_)) < -1e-3
    assert "never fell" in model.certificate_  # more than reg_covar explains


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_vanishes(kind):
    X = problem(400, 2, 2, apart=2.0)
    model = GaussianMixture(2, covariance_type=kind, random_state=0, tol=1e-13, max_iter=5000, reg_covar=0.0).fit(X)
    S = oracle.matrices(kind, model.covariances_, 2, 2)

    def value(means, factor):
        return oracle.log_density(X, model.weights_, means, [factor * c for c in S]).mean()

    best = value(model.means_, 1.0)
    for h in (1e-3, -1e-3):
        assert value(model.means_, 1 + h) < best
        assert value(model.means_ + h, 1.0) < best


def test_acceleration_takes_fewer_steps():
    X = problem(1000, 2, 2, apart=1.0)
    plain, fast = (
        GaussianMixture(2, random_state=0, tol=1e-8, max_iter=5000, reg_covar=0.0, accelerate=flag).fit(X)
        for flag in (False, True)
    )
    assert fast.n_iter_ < plain.n_iter_ / 2
    assert fast.lower_bound_ >= plain.lower_bound_ - 1e-5
    assert (np.diff(fast.lower_bounds_) >= -1e-13).all()


@pytest.mark.parametrize("kind", KINDS)
def test_invariances(kind):
    X, k = problem(200, 3, 2), 2
    start = begun(kind, X, k)

    def fit(X, weight=None, **start):
        return GaussianMixture(k, covariance_type=kind, reg_covar=0.0, tol=1e-9, max_iter=500, **start).fit(
            X, sample_weight=weight
        )

    model, order = fit(X, **start), np.random.default_rng(0).permutation(len(X))
    assert fit(X[order], **start).lower_bound_ == pytest.approx(model.lower_bound_, rel=1e-9)
    swapped = {name: part[::-1] if part.shape[0] == k and name[0] != "p" else part for name, part in start.items()}
    np.testing.assert_allclose(fit(X, **swapped).means_, model.means_[::-1], rtol=1e-5)
    a, b = 1e5, 1e7  # unit and far origin
    moved = {**start, "means_init": a * start["means_init"] + b, "precisions_init": start["precisions_init"] / a**2}
    far = fit(a * X + b, **moved)
    assert far.lower_bound_ == pytest.approx(model.lower_bound_ - 3 * np.log(a), abs=1e-8)
    np.testing.assert_allclose((far.means_ - b) / a, model.means_, atol=1e-4)
    times = np.random.default_rng(1).integers(0, 3, len(X))
    heavy, repeated = fit(X, times, **start), fit(np.repeat(X, times, axis=0), **start)
    np.testing.assert_allclose(heavy.covariances_, repeated.covariances_, rtol=1e-6)
    assert heavy.score(X, sample_weight=times) == pytest.approx(repeated.score(np.repeat(X, times, axis=0)))
    assert heavy.bic(X, times) == pytest.approx(repeated.bic(np.repeat(X, times, axis=0)))
    assert heavy.aic(X, times) == pytest.approx(repeated.aic(np.repeat(X, times, axis=0)))


def test_narrow_directions_keep_their_digits():
    """A plane of width 1e-6 far from the origin: x x' − μ μ' would have lost it."""
    rng = np.random.default_rng(0)
    X = 1e4 + rng.normal(size=(2000, 2)) * [1e3, 1e-6]
    model = GaussianMixture(1, reg_covar=0.0).fit(X)
    assert model.covariances_[0, 1, 1] == pytest.approx(np.var(X[:, 1]), rel=1e-4)


@pytest.mark.parametrize("init", INITS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_start_finds_clusters_far_apart(init, kind):
    if (init, kind) == ("random", "tied"):
        return  # leaves the saddle at the middle over thousands of steps
    rng = np.random.default_rng(0)
    X = np.repeat([[0.0, 0.0], [50.0, 0.0]], 100, axis=0) + rng.normal(size=(200, 2))
    # responsibilities at random start all components at the middle, from where only a little one parts them
    tol = 1e-9 if init == "random" else 1e-3
    model = GaussianMixture(2, covariance_type=kind, init_params=init, random_state=0, tol=tol, max_iter=2000).fit(X)
    np.testing.assert_allclose(np.sort(model.means_[:, 0]), [0, 50], atol=0.5)
    np.testing.assert_allclose(model.weights_, 0.5, atol=1e-6)
    assert len(set(model.predict(X[:100]))) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_missing_values(kind):
    X = problem(300, 3, 1) + np.repeat([[0.0], [20.0]], 150, axis=0)
    gaps = X.copy()
    gaps[np.random.default_rng(0).random(X.shape) < 0.2] = np.nan
    gaps[0] = np.nan
    model = GaussianMixture(2, covariance_type=kind, random_state=0, tol=1e-6, max_iter=500).fit(gaps)
    assert (np.diff(model.lower_bounds_) >= -1e-9).all()
    whole = GaussianMixture(2, covariance_type=kind, random_state=0, tol=1e-6, max_iter=500).fit(X)
    assert (model.predict(X) == whole.predict(X)).mean() > 0.95 or (model.predict(X) != whole.predict(X)).mean() > 0.95
    assert model.score_samples(gaps)[0] == pytest.approx(0.0, abs=1e-12)  # nothing seen: density 1
    i = int(np.flatnonzero(np.isnan(gaps).sum(axis=1) == 1)[0])
    seen = ~np.isnan(gaps[i])
    S = oracle.matrices(kind, model.covariances_, 2, 3)
    parts = zip(model.weights_, model.means_, S, strict=True)
    p = sum(w * normal.pdf(X[i, seen], m[seen], c[np.ix_(seen, seen)]) for w, m, c in parts)
    assert model.score_samples(gaps)[i] == pytest.approx(np.log(p))
    shares = model.predict_proba(gaps)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert (shares.argmax(axis=1)[1:] == model.predict(gaps)[1:]).all()


def test_degenerate_components_are_said():
    X = np.vstack([np.random.default_rng(0).normal(size=(50, 2)), np.full((5, 2), 30.0)])
    for kind in ("full", "diag", "spherical"):
        model = GaussianMixture(2, covariance_type=kind, random_state=0).fit(X)
        assert model.degenerate_components_.tolist() == [model.predict([[30.0, 30.0]])[0]]
        assert "1 of 2 components degenerate" in model.certificate_
        assert np.isfinite(model.score(X))
        with pytest.raises(ValueError, match="ill-defined empirical covariance"):
            GaussianMixture(2, covariance_type=kind, random_state=0, reg_covar=0.0).fit(X)
    plane = np.random.default_rng(0).normal(size=(60, 1)) * [1.0, 2.0]  # singular covariance
    for unit in (1.0, 1e6):
        flat = GaussianMixture(1).fit(unit * plane)
        assert flat.degenerate_components_.tolist() == [0]
        assert np.isfinite(flat.score_samples(unit * plane)).all()
    assert len(GaussianMixture(2, random_state=0).fit(problem()).degenerate_components_) == 0


@unconverged
@pytest.mark.parametrize("kind", KINDS)
def test_edge_cases(kind):
    def fit(X, k=1, weight=None, **settings):
        return GaussianMixture(k, covariance_type=kind, random_state=0, **settings).fit(X, sample_weight=weight)

    X = problem(40, 2, 2)
    with pytest.raises(ValueError, match="n_samples >= n_components"):
        fit(X, 41)
    assert np.isfinite(fit(X, 40).score(X))  # a component a row
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # k-means says that there are fewer distinct rows than clusters
        assert np.isfinite(fit(np.ones((10, 2)), 3).score(np.ones((10, 2))))  # duplicates only
    np.testing.assert_allclose(fit(X[:, :1]).means_[0], X[:, 0].mean())  # one column
    assert fit(X, 1).bic(X) == pytest.approx(-2 * 40 * fit(X, 1).score(X) + fit(X, 1)._n_parameters() * np.log(40))
    for bad, words in ((np.inf, "infinity"), (-np.inf, "infinity")):
        broken = X.copy()
        broken[3, 1] = bad
        with pytest.raises(ValueError, match=words):
            fit(broken)
    for rows in (np.empty((0, 2)), X[:1]):
        with pytest.raises(ValueError, match="minimum of 2"):
            fit(rows)
    with pytest.raises(ValueError, match="has no value"):
        fit(np.column_stack([X, np.full(40, np.nan)]))
    with pytest.raises(ValueError, match=r"non-zero|is 0"):
        fit(X, 1, np.zeros(40))
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        fit(X, 1, -np.ones(40))
    outlier = np.vstack([X, [[1e9, 1e9]]])
    weight = np.append(np.ones(40), 0.0)
    np.testing.assert_allclose(fit(outlier, 2, weight).score(X), fit(X, 2).score(X), rtol=1e-6)
    for unit in (1e-8, 1e8):
        assert fit(unit * X, 2, reg_covar=1e-6 * unit**2).score(unit * X) == pytest.approx(
            fit(X, 2).score(X) - 2 * np.log(unit), rel=1e-6
        )
    with pytest.raises(ValueError, match=r"scale|large|infinity|finite|ill-defined"):
        fit(np.array([[1e300, 1e300], [-1e300, 1e300], [1e308, 0.0]]))
    with pytest.raises(InvalidParameterError, match="n_components"):
        fit(X, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_bad_starts(kind):
    X = problem(30, 2, 2)
    good = begun(kind, X, 2)
    for name, value, words in (
        ("weights_init", [0.5, 0.6], "normalized"),
        ("weights_init", [1.5, -0.5], "range"),
        ("weights_init", [1.0], "shape"),
        ("means_init", np.zeros((3, 2)), "shape"),
        ("means_init", np.full((2, 2), np.nan), "finite"),
        ("precisions_init", -good["precisions_init"], "positive"),
        ("precisions_init", np.ones((3, 3)), "shape"),
    ):
        with pytest.raises(ValueError, match=words):
            GaussianMixture(2, covariance_type=kind, **{**good, name: value}).fit(X)


@unconverged
def test_warm_start_goes_on():
    X = problem(300, 2, 3, apart=1.0)
    model = GaussianMixture(3, random_state=0, warm_start=True, max_iter=1, tol=1e-6)
    values = [model.fit(X).lower_bound_ for _ in range(30)]
    whole = GaussianMixture(3, random_state=0, max_iter=30, tol=1e-6).fit(X)
    np.testing.assert_allclose(values, whole.lower_bounds_)
    model.set_params(n_components=2).fit(X)  # another shape starts anew
    assert model.means_.shape == (2, 2)


def test_unconverged_says_so():
    with pytest.warns(ConvergenceWarning, match="did not converge"):
        GaussianMixture(3, random_state=0, max_iter=2, tol=1e-9).fit(problem())


def test_files_give_the_same_fit(tmp_path):
    X = problem(300, 2, 2)
    table = pd.DataFrame(X, columns=["a", "b"]).assign(target=0.0)
    table.to_csv(tmp_path / "rows.csv", index=False, float_format="%.17g")
    rows = FileRows(tmp_path / "rows.csv", target="target", chunk_rows=70)
    for kind in KINDS:
        start = begun(kind, X, 2)
        a, b = (
            GaussianMixture(2, covariance_type=kind, tol=1e-6, max_iter=500, **start).fit(data) for data in (X, rows)
        )
        np.testing.assert_allclose(a.covariances_, b.covariances_, rtol=1e-6)
    own = GaussianMixture(2, random_state=0).fit(rows)
    assert own.lower_bound_ == pytest.approx(GaussianMixture(2, random_state=0).fit(X).lower_bound_, abs=0.05)


def test_sample_matches_peer():
    X = problem()
    for kind in KINDS:
        start = begun(kind, X, 2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ours, theirs = (
                cls(2, covariance_type=kind, max_iter=3, random_state=5, **start).fit(X).sample(50)
                for cls in (GaussianMixture, peer.GaussianMixture)
            )
        np.testing.assert_allclose(ours[0], theirs[0], atol=1e-5)
        assert (ours[1] == theirs[1]).all()


def test_keeps():
    X = problem()
    model = GaussianMixture(2, random_state=0).fit(pd.DataFrame(X, columns=["a", "b", "c"]))
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]
    assert (pickle.loads(pickle.dumps(model)).means_ == model.means_).all()


def test_saves(tmp_path):
    X = problem()
    model = GaussianMixture(2, random_state=0, covariance_type="tied").fit(X)
    loaded = panlearn.load(panlearn.save(model, tmp_path / "model.panlearn"))
    assert (loaded.score_samples(X) == model.score_samples(X)).all()


@unconverged
def test_reproducible():
    X = problem(12_000, 6, 3)
    for kind in KINDS:
        settings = {"covariance_type": kind, "random_state": 0, "max_iter": 5, "init_params": "random_from_data"}
        a, b = (GaussianMixture(3, **settings).fit(X) for _ in range(2))
        assert (a.covariances_ == b.covariances_).all()
        with panlearn.threads(1):
            alone = GaussianMixture(3, **settings).fit(X)
        np.testing.assert_allclose(alone.covariances_, a.covariances_, rtol=1e-8)
