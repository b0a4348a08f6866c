"""Categorical mixture: the definition, naive Bayes as the M step, text and missing values, bad data."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from sklearn.naive_bayes import CategoricalNB

import panlearn
from panlearn.mixture import BernoulliMixture, CategoricalMixture
from tests.oracles import product_mixture as oracle

THETA = [
    np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7]]),
    np.array([[0.9, 0.1], [0.25, 0.75]]),
    np.array([[0.4, 0.4, 0.1, 0.1], [0.05, 0.15, 0.3, 0.5]]),
    np.array([[0.8, 0.2], [0.3, 0.7]]),
]
WEIGHTS = np.array([0.6, 0.4])


def planted(n, seed=0, share=0.0):
    rng = np.random.default_rng(seed)
    component = rng.choice(2, n, p=WEIGHTS)
    columns = [(rng.random((n, 1)) > theta.cumsum(axis=1)[component, :-1]).sum(axis=1) for theta in THETA]
    X = np.column_stack(columns).astype(float)
    X[rng.random(X.shape) < share] = np.nan
    return X


def sharp(**changes):
    """A fit far beyond the default tolerance."""
    return CategoricalMixture(**{"n_components": 2, "random_state": 0, "tol": 1e-12, "max_iter": 5000} | changes)


@pytest.mark.parametrize("share", [0.0, 0.3])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_matches_oracle(share):
    X, row_weights = planted(60, share=share), np.random.default_rng(1).uniform(0.5, 2, 60)
    model = CategoricalMixture(2, random_state=0, max_iter=1, alpha=0.7).fit(X, sample_weight=row_weights)

    def as_dicts(model):
        pairs = list(zip(model.categories_, model.probabilities_, strict=True))
        return [[dict(zip(values.tolist(), theta[c], strict=True)) for values, theta in pairs] for c in range(2)]

    weights, thetas = list(model.weights_), as_dicts(model)
    model.set_params(warm_start=True, max_iter=3, tol=0).fit(X, sample_weight=row_weights)
    for bound in model.lower_bounds_:
        value, weights, thetas = oracle.em_step(X.tolist(), row_weights, weights, thetas, 0.7)
        np.testing.assert_allclose(bound, value / row_weights.sum(), rtol=1e-12)
    np.testing.assert_allclose(model.weights_, weights, rtol=1e-10)
    for ours, theirs in zip(as_dicts(model), thetas, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose([a[v] for v in b], list(b.values()), rtol=1e-10)


def test_matches_peer():
    """At the fixed point, naive Bayes fitted on rows that carry their shares as weights is the mixture."""
    X = planted(400).astype(int)
    model = sharp(alpha=1.0).fit(X)
    shares, labels = model.predict_proba(X), np.repeat([0, 1], len(X))
    peer = CategoricalNB(alpha=1.0).fit(np.vstack([X, X]), labels, sample_weight=shares.T.ravel())
    for ours, theirs in zip(model.probabilities_, peer.feature_log_prob_, strict=True):
        np.testing.assert_allclose(ours, np.exp(theirs), atol=1e-5)
    np.testing.assert_allclose(peer.predict_proba(X), shares, atol=1e-4)
    logs = np.asarray(logsumexp(peer.predict_joint_log_proba(X), axis=1))
    np.testing.assert_allclose(logs, model.score_samples(X), atol=1e-4)


@pytest.mark.parametrize("accelerate", [False, True])
def test_optimality(accelerate):
    """The log-posterior never falls; at the end, counts are in proportion to theta in every column."""
    X = planted(500, share=0.2)
    model = sharp(accelerate=accelerate).fit(X)
    assert model.converged_
    assert (np.diff(model.lower_bounds_) > -1e-12).all()
    R = model.predict_proba(X)
    np.testing.assert_allclose(R.mean(axis=0), model.weights_, atol=1e-5)
    for j, theta in enumerate(model.probabilities_):
        counts = 1.0 + np.array([R[X[:, j] == value].sum(axis=0) for value in model.categories_[j]]).T
        np.testing.assert_allclose(theta, counts / counts.sum(axis=1, keepdims=True), atol=1e-5)


def test_planted_parameters_are_recovered_within_standard_errors():
    """30 % missing: each within 4 standard errors, from the observed information (sum of score score')."""
    X = planted(6000, seed=1, share=0.3)
    model = sharp(alpha=0.0).fit(X)
    order = np.argsort(-model.weights_)
    R, weight = model.predict_proba(X)[:, order], model.weights_[order][0]
    scores, found, truth = [(R[:, 0] - weight) / (weight * (1 - weight))], [weight], [WEIGHTS[0]]
    for j, theta in enumerate(model.probabilities_):
        theta = theta[order]
        for c in range(2):
            last = (X[:, j] == len(theta[c]) - 1) / theta[c][-1]  # the last probability is 1 less the others
            for value in range(len(theta[c]) - 1):
                scores.append(R[:, c] * ((X[:, j] == value) / theta[c][value] - last))
                found.append(theta[c][value])
                truth.append(THETA[j][c][value])
    errors = np.sqrt(np.diag(np.linalg.inv(np.array(scores) @ np.array(scores).T)))
    assert errors.max() < 0.06
    assert (np.abs(np.array(found) - truth) < 4 * errors).all()


@given(st.integers(0, 1000))
@settings(max_examples=15)
def test_invariances(seed):
    """Order of rows, copies for weights, other names for the categories: the same mixture."""
    rng = np.random.default_rng(seed)
    X = planted(80, seed)
    start = CategoricalMixture(2, random_state=0, tol=10.0).fit(X)

    def resumed(X, weight=None):
        model = CategoricalMixture(2, tol=1e-10, max_iter=3000, warm_start=True, random_state=0, alpha=0.5)
        model.weights_, model.probabilities_ = start.weights_, start.probabilities_
        model.converged_, model.lower_bound_ = True, -np.inf
        return model.fit(X, sample_weight=weight)

    copies = np.append(np.ones(40, int), rng.integers(0, 3, 40))
    keep = copies > 0
    order = rng.permutation(keep.sum())
    base, repeated = resumed(X[keep], copies[keep]), np.repeat(X, copies, axis=0)
    if all(
        (a == b).all() if len(a) == len(b) else False for a, b in zip(base.categories_, start.categories_, strict=True)
    ):
        names = np.array(["a", "b", "c", "d"], dtype=object)[repeated.astype(int)]
        for other in (resumed(X[keep][order], copies[keep][order]), resumed(repeated), resumed(names)):
            for a, b in zip(other.probabilities_, base.probabilities_, strict=True):
                np.testing.assert_allclose(a, b, atol=1e-6)


def test_two_categories_are_a_bernoulli_mixture():
    X = (planted(300, share=0.2) > 0).astype(float)
    X[np.isnan(planted(300, share=0.2))] = np.nan
    settings = {"n_components": 2, "random_state": 0, "tol": 1e-12, "max_iter": 5000, "alpha": 0.8}
    ours, theirs = CategoricalMixture(**settings).fit(X), BernoulliMixture(**settings).fit(X)
    np.testing.assert_allclose(ours.lower_bound_, theirs.lower_bound_, atol=1e-6)
    np.testing.assert_allclose(np.sort(ours.weights_), np.sort(theirs.weights_), atol=1e-3)


def test_text_frames_and_missing_of_all_kinds():
    table = pd.DataFrame(
        {
            "colour": pd.Categorical(["red", "blue", None, "red", "blue", "red"]),
            "size": ["S", "L", "L", np.nan, "L", "S"],
            "doors": [2, 4, 4, 2, np.nan, 2],
        }
    )
    model = CategoricalMixture(2, random_state=0, alpha=0.1).fit(table)
    assert [values.tolist() for values in model.categories_] == [["blue", "red"], ["L", "S"], [2.0, 4.0]]
    assert model.feature_names_in_.tolist() == ["colour", "size", "doors"]
    labels = model.predict(table)
    assert (labels == labels[0]).tolist() == [True, False, False, True, False, True]
    drawn, component = model.sample(50)
    assert drawn.shape == (50, 3)
    assert {*drawn[:, 0]} <= {"red", "blue"}
    np.testing.assert_array_equal(np.sort(component), component)


def test_unknown_categories():
    X = np.array([["a", "x"], ["b", "y"], ["a", "x"]], dtype=object)
    model = CategoricalMixture(2, random_state=0).fit(X)
    with pytest.raises(ValueError, match="'c', which was not there in fit"):
        model.predict([["c", "x"]])
    model.set_params(handle_unknown="missing")
    np.testing.assert_allclose(model.score_samples([["c", "x"]]), model.score_samples([[None, "x"]]))


@pytest.mark.parametrize("init", ["kmeans", "k-means++", "random", "random_from_data"])
def test_edge_cases(init):
    duplicates = np.full((5, 2), 3)
    model = CategoricalMixture(3, init_params=init, random_state=0).fit(duplicates)
    np.testing.assert_allclose(model.score(duplicates), 0.0, atol=1e-12)  # one category each: certain
    one = CategoricalMixture(init_params=init, random_state=0).fit([[7]])
    assert one.predict([[7]]).tolist() == [0]
    empty = np.array([[1.0, np.nan], [2.0, np.nan], [np.nan, np.nan]])
    model = CategoricalMixture(init_params=init, alpha=1.0, random_state=0).fit(empty)
    np.testing.assert_allclose(model.probabilities_[0], [[0.5, 0.5]])
    assert model.probabilities_[1].shape == (1, 0)
    np.testing.assert_allclose(model.score_samples(empty), [np.log(0.5), np.log(0.5), 0.0])
    assert np.isnan(model.sample(3)[0][:, 1].astype(float)).all()


def test_bad_data():
    with pytest.raises(ValueError, match="Column 1 of X mixes"):
        CategoricalMixture().fit(np.array([["a", 1], ["b", "c"]], dtype=object))
    with pytest.raises(ValueError, match="infinity"):
        CategoricalMixture().fit([[np.inf], [1.0]])
    with pytest.raises(ValueError, match="n_samples >= n_components"):
        CategoricalMixture(3).fit([[1], [2]])
    with pytest.raises(ValueError, match="no value at all"):
        CategoricalMixture().fit([[np.nan], [np.nan]])
    with pytest.raises(ValueError, match="1 rows of positive weight"):
        CategoricalMixture(2).fit([[1], [2], [3]], sample_weight=[1, 0, 0])
    with pytest.raises(ValueError, match="'handle_unknown'"):
        CategoricalMixture(handle_unknown="guess").fit([[1], [2]])


def test_information_criteria():
    X = planted(2000)
    model = sharp(tol=1e-7).fit(X)
    free = 2 * (2 + 1 + 3 + 1) + 1
    np.testing.assert_allclose(model.bic(X), -2 * model.score_samples(X).sum() + free * np.log(2000))


def test_reproducible(tmp_path):
    X = planted(300, share=0.1)
    first, second = (CategoricalMixture(3, random_state=7, n_init=2).fit(X) for _ in range(2))
    for a, b in zip(first.probabilities_, second.probabilities_, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(first)).predict_proba(X), first.predict_proba(X))
    panlearn.save(first, tmp_path / "m.panlearn")
    np.testing.assert_array_equal(panlearn.load(tmp_path / "m.panlearn").score_samples(X), first.score_samples(X))
