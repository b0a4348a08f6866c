"""Bernoulli mixture: the definition, naive Bayes as the M step, optimality, missing values, bad data."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.special import logsumexp
from sklearn.naive_bayes import BernoulliNB

import panlearn
from panlearn.core.blocks import FileRows
from panlearn.mixture import BernoulliMixture
from tests.oracles import product_mixture as oracle

THETA = np.array([[0.9, 0.8, 0.2, 0.1, 0.5, 0.7], [0.1, 0.3, 0.8, 0.9, 0.4, 0.2]])
WEIGHTS = np.array([0.65, 0.35])


def planted(n, seed=0, share=0.0, theta=THETA, weights=WEIGHTS):
    rng = np.random.default_rng(seed)
    component = rng.choice(len(weights), n, p=weights)
    X = (rng.random((n, theta.shape[1])) < theta[component]).astype(float)
    X[rng.random(X.shape) < share] = np.nan
    return X


def sharp(**changes):
    """A fit far beyond the default tolerance."""
    return BernoulliMixture(**{"n_components": 2, "random_state": 0, "tol": 1e-12, "max_iter": 5000} | changes)


@pytest.mark.parametrize("share", [0.0, 0.3])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_matches_oracle(share, form):
    X, row_weights = planted(40, share=share), np.random.default_rng(1).uniform(0.5, 2, 40)
    model = BernoulliMixture(2, random_state=0, max_iter=1, alpha=0.7).fit(form(X), sample_weight=row_weights)
    weights, thetas = list(model.weights_), [[{0.0: 1 - t, 1.0: t} for t in theta] for theta in model.means_]
    model.set_params(warm_start=True, max_iter=3, tol=0).fit(form(X), sample_weight=row_weights)
    for bound in model.lower_bounds_:
        value, weights, thetas = oracle.em_step(X, row_weights, weights, thetas, 0.7)
        np.testing.assert_allclose(bound, value / row_weights.sum(), rtol=1e-12)
    np.testing.assert_allclose(model.weights_, weights, rtol=1e-10)
    np.testing.assert_allclose(model.means_, [[column[1.0] for column in theta] for theta in thetas], rtol=1e-10)


def test_matches_peer():
    """At the fixed point, naive Bayes fitted on rows that carry their shares as weights is the mixture."""
    X = planted(300)
    model = sharp(alpha=1.0).fit(X)
    shares, labels = model.predict_proba(X), np.repeat([0, 1], len(X))
    peer = BernoulliNB(alpha=1.0).fit(np.vstack([X, X]), labels, sample_weight=shares.T.ravel())
    np.testing.assert_allclose(np.exp(peer.feature_log_prob_), model.means_, atol=1e-5)
    np.testing.assert_allclose(np.exp(peer.class_log_prior_), model.weights_, atol=1e-5)
    np.testing.assert_allclose(peer.predict_proba(X), shares, atol=1e-4)
    joint = np.asarray(logsumexp(peer.predict_joint_log_proba(X), axis=1))
    np.testing.assert_allclose(joint, model.score_samples(X), atol=1e-4)


@pytest.mark.parametrize("accelerate", [False, True])
def test_optimality(accelerate):
    """The log-posterior never falls, and its gradient in the logits of theta and the weights is 0 at the end."""
    X = planted(400, share=0.2)
    model = sharp(accelerate=accelerate).fit(X)
    assert model.converged_
    assert (np.diff(model.lower_bounds_) > -1e-12).all()
    R = model.predict_proba(X)
    for c, theta in enumerate(model.means_):
        slope = np.nansum(R[:, [c]] * (X - theta), axis=0) + (1 - 2 * theta)
        np.testing.assert_allclose(slope / len(X), 0.0, atol=1e-5)
    np.testing.assert_allclose(R.mean(axis=0), model.weights_, atol=1e-5)


def test_acceleration_takes_fewer_iterations_to_the_same_maximum():
    X = planted(2000, theta=0.5 + 0.5 * (THETA - 0.5))  # components that overlap
    plain, jumping = sharp(tol=1e-9).fit(X), sharp(tol=1e-9, accelerate=True).fit(X)
    assert jumping.n_iter_ < plain.n_iter_ / 2
    np.testing.assert_allclose(jumping.lower_bound_, plain.lower_bound_, atol=1e-6)


def test_planted_parameters_are_recovered_within_standard_errors():
    """30 % missing: each within 4 standard errors, from the observed information (sum of score score')."""
    X = planted(4000, seed=3, share=0.3)
    model = sharp(alpha=0.0).fit(X)
    order = np.argsort(-model.weights_)
    theta, weight = model.means_[order], model.weights_[order][0]
    R = model.predict_proba(X)[:, order]
    scores = [(R[:, 0] - weight) / (weight * (1 - weight))]
    for c in range(2):
        slopes = np.nan_to_num((X - theta[c]) / (theta[c] * (1 - theta[c])))
        scores.extend((R[:, [c]] * slopes).T)
    errors = np.sqrt(np.diag(np.linalg.inv(np.array(scores) @ np.array(scores).T)))
    found, truth = np.append(weight, theta.ravel()), np.append(WEIGHTS[0], THETA.ravel())
    assert errors.max() < 0.05
    assert (np.abs(found - truth) < 4 * errors).all()


@given(st.integers(0, 1000))
@settings(max_examples=15)
def test_invariances(seed):
    """Order of rows, copies for weights, yes for no: the same mixture."""
    rng = np.random.default_rng(seed)
    X = planted(80, seed)
    start = BernoulliMixture(2, random_state=0, tol=10.0).fit(X)

    def resumed(X, weight=None, means=start.means_):
        model = BernoulliMixture(2, tol=1e-10, max_iter=3000, warm_start=True, random_state=0, alpha=0.5)
        model.weights_, model.means_, model.converged_, model.lower_bound_ = start.weights_, means, True, -np.inf
        return model.fit(X, sample_weight=weight)

    copies = rng.integers(0, 3, len(X))
    base, order = resumed(X, copies), rng.permutation(len(X))
    for other in (resumed(X[order], copies[order]), resumed(np.repeat(X, copies, axis=0))):
        np.testing.assert_allclose(other.means_, base.means_, atol=1e-6)
        np.testing.assert_allclose(other.weights_, base.weights_, atol=1e-6)
    np.testing.assert_allclose(resumed(1 - X, copies, 1 - start.means_).means_, 1 - base.means_, atol=1e-6)


def test_forms_of_the_same_data(tmp_path):
    X = planted(3000)
    model = sharp(tol=1e-8).fit(X)
    for form in (X.astype(np.float32), sparse.csr_matrix(X), sparse.coo_matrix(X), X.astype(bool), pd.DataFrame(X)):
        other = sharp(tol=1e-8).fit(form)
        np.testing.assert_allclose(np.sort(other.weights_), np.sort(model.weights_), atol=1e-4)
        assert other.predict(form).shape == (3000,)
    table = pd.DataFrame(X, columns=list("abcdef")).assign(y=0)
    table.to_csv(tmp_path / "rows.csv", index=False)
    streamed = sharp(tol=1e-8).fit(FileRows(tmp_path / "rows.csv", target="y", chunk_rows=700))
    np.testing.assert_allclose(np.sort(streamed.weights_), np.sort(model.weights_), atol=1e-4)
    np.testing.assert_allclose(streamed.lower_bound_, model.lower_bound_, atol=1e-6)


def test_threshold_and_bad_values():
    X = np.array([[0.2, 3.0], [0.9, -1.0], [0.4, 2.0]])
    np.testing.assert_array_equal(
        BernoulliMixture(binarize=0.5, random_state=0).fit(X).means_,
        BernoulliMixture(binarize=None).fit(X > 0.5).means_,
    )
    with pytest.raises(ValueError, match="binarize"):
        BernoulliMixture(binarize=None).fit(X)
    with pytest.raises(ValueError, match="infinity"):
        BernoulliMixture().fit([[np.inf, 1.0], [0.0, 1.0]])
    with pytest.raises(ValueError, match="n_samples >= n_components"):
        BernoulliMixture(4).fit(X)
    with pytest.raises(ValueError, match=r"[Ss]ample.weight"):
        BernoulliMixture().fit(X, sample_weight=[0, 0, 0])
    with pytest.raises(ValueError, match=r"'alpha'.*\[0.0, inf\)"):
        BernoulliMixture(alpha=-1).fit(X)


@pytest.mark.parametrize("init", ["kmeans", "k-means++", "random", "random_from_data"])
def test_edge_cases(init):
    duplicates = np.ones((5, 3))
    model = BernoulliMixture(3, init_params=init, random_state=0, alpha=1.0).fit(duplicates)
    np.testing.assert_allclose(model.weights_.sum(), 1.0)
    assert np.isfinite(model.means_).all()
    np.testing.assert_allclose(model.predict_proba(duplicates).sum(axis=1), 1.0)
    one = BernoulliMixture(init_params=init, alpha=0.0, random_state=0).fit([[1.0, 0.0]])
    np.testing.assert_allclose(one.means_, [[1.0, 0.0]], atol=1e-9)
    np.testing.assert_allclose(one.score([[1.0, 0.0]]), 0.0, atol=1e-8)
    assert np.isfinite(one.score([[0.0, 1.0]]))  # as good as impossible, yet no -inf
    gaps = np.array([[1.0, np.nan], [0.0, np.nan], [np.nan, np.nan], [1.0, np.nan]])
    model = BernoulliMixture(init_params=init, alpha=1.0, random_state=0).fit(gaps)
    np.testing.assert_allclose(model.means_, [[3 / 5, 1 / 2]])  # nothing seen of the second column
    column = BernoulliMixture(2, init_params=init, random_state=0).fit(np.array([[0.0], [1.0], [1.0]]))
    assert np.isfinite(column.bic(np.array([[1.0]])))


def test_weight_zero_is_no_row():
    X, noise = planted(100), 1 - planted(30, 1)
    both, weight = np.vstack([X, noise]), np.repeat([1.0, 0.0], [100, 30])
    with_zeros, without = sharp().fit(both, sample_weight=weight), sharp().fit(X)
    np.testing.assert_allclose(np.sort(with_zeros.weights_), np.sort(without.weights_), atol=1e-4)


def test_information_criteria_and_samples():
    X = planted(5000, 4)
    model = sharp(tol=1e-7).fit(X)
    logs = model.score_samples(X).sum()
    np.testing.assert_allclose(model.bic(X), -2 * logs + 13 * np.log(5000))
    np.testing.assert_allclose(model.aic(X), -2 * logs + 26)
    drawn, component = model.sample(20_000)
    assert set(np.unique(drawn)) == {0.0, 1.0}
    for c in range(2):
        error = np.sqrt(model.means_[c] * (1 - model.means_[c]) / (component == c).sum())
        assert (np.abs(drawn[component == c].mean(axis=0) - model.means_[c]) < 4.5 * error).all()


def test_many_columns_need_no_underflow():
    rng = np.random.default_rng(0)
    theta = rng.uniform(0.2, 0.8, (2, 3000))
    X = planted(60, 1, theta=theta)
    model = BernoulliMixture(2, random_state=0, init_params="k-means++").fit(X)
    assert model.score(X) < -1000
    np.testing.assert_allclose(model.predict_proba(X).max(axis=1), 1.0)


def test_reproducible(tmp_path):
    X = planted(500, share=0.1)
    first, second = (BernoulliMixture(3, random_state=7, n_init=2).fit(X) for _ in range(2))
    np.testing.assert_array_equal(first.means_, second.means_)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(first)).predict_proba(X), first.predict_proba(X))
    panlearn.save(first, tmp_path / "m.panlearn")
    np.testing.assert_array_equal(panlearn.load(tmp_path / "m.panlearn").score_samples(X), first.score_samples(X))
    np.testing.assert_array_equal(first.fit_predict(X), first.predict(X))


def test_more_starts_are_no_worse():
    X = planted(300, theta=np.random.default_rng(0).uniform(size=(4, 12)), weights=np.full(4, 0.25))
    settings = {"n_components": 4, "random_state": 0, "init_params": "random", "tol": 1e-6, "max_iter": 1000}
    bounds = [BernoulliMixture(n_init=n, **settings).fit(X).lower_bound_ for n in (1, 3, 6)]
    assert bounds == sorted(bounds)
