"""Gaussian mixtures with missing values: the definition, planted parameters within their standard errors, bad data."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import chi2

from panlearn.core.errors import DataError
from panlearn.mixture import GaussianMixture
from panlearn.mixture.missing_gaussian import expectation, log_densities, maximise, pattern_order
from tests.oracles import missing_gaussian as oracle

KINDS = ["full", "tied", "diag", "spherical"]
WEIGHTS = np.array([0.6, 0.4])
MEANS = np.array([[0.0, 0.0, 0.0], [3.0, -2.0, 1.0]])
MATRICES = np.array(
    [[[1.0, 0.5, 0.2], [0.5, 2.0, -0.3], [0.2, -0.3, 1.5]], [[2, -0.4, 0], [-0.4, 1, 0.3], [0, 0.3, 1]]]
)


def covariances_of(kind, matrices):
    return {
        "full": matrices,
        "tied": matrices[0],
        "diag": np.diagonal(matrices, axis1=1, axis2=2),
        "spherical": matrices[:, 0, 0],
    }[kind]


def mixture_of(rng, k, d):
    roots = rng.normal(size=(k, d, d))
    return rng.dirichlet(np.ones(k)), 2 * rng.normal(size=(k, d)), roots @ roots.transpose(0, 2, 1) + np.eye(d)


def with_gaps(rng, X, share=0.3):
    return np.where(rng.random(X.shape) < share, np.nan, X)


def planted(kind, n, seed, share=0.3):
    """Rows of the planted mixture, with values missing completely at random."""
    rng = np.random.default_rng(seed)
    roots = np.linalg.cholesky(oracle.as_matrices(covariances_of(kind, MATRICES), kind, 2, 3))
    component = (rng.random(n) < WEIGHTS[1]).astype(int)
    X = MEANS[component] + np.einsum("nij,nj->ni", roots[component], rng.normal(size=(n, 3)))
    return with_gaps(rng, X, share)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n", "k", "d"), [(1, 1, 1), (40, 3, 4), (30, 2, 1), (25, 1, 6)])
def test_matches_oracle(kind, n, k, d):
    rng = np.random.default_rng(n)
    weights, means, matrices = mixture_of(rng, k, d)
    covariances = covariances_of(kind, matrices)
    X, row_weights = with_gaps(rng, rng.normal(size=(n, d))), rng.uniform(0, 2, n)
    got = expectation(X, row_weights, np.log(weights), means, covariances, kind)
    whole = oracle.as_matrices(covariances, kind, k, d)
    value, counts, first, second = oracle.expectation(X, row_weights, weights, means, whole)
    second = {"full": second, "tied": second.sum(axis=0)}.get(kind, np.diagonal(second, axis1=1, axis2=2))
    for ours, theirs in zip(got, (value, counts, first, second), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)
    ours = log_densities(X, means, covariances, kind)
    np.testing.assert_allclose(ours, oracle.log_densities(X, means, whole), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_m_step_of_complete_rows_is_that_of_weighted_moments(kind):
    rng = np.random.default_rng(0)
    weights, means, matrices = mixture_of(rng, 2, 3)
    X, covariances = rng.normal(size=(50, 3)), covariances_of(kind, matrices)
    new_weights, new_means, new = maximise(expectation(X, None, np.log(weights), means, covariances, kind), means, kind)
    joint = np.log(weights) + log_densities(X, means, covariances, kind)
    R = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
    matrices = np.array([np.cov(X.T, aweights=r, bias=True) for r in R.T])
    expected = {
        "full": matrices,
        "tied": np.einsum("c,cij->ij", R.mean(axis=0), matrices),
        "diag": np.diagonal(matrices, axis1=1, axis2=2),
        "spherical": np.trace(matrices, axis1=1, axis2=2) / 3,
    }[kind]
    np.testing.assert_allclose(new_weights, R.mean(axis=0))
    np.testing.assert_allclose(new_means, (R.T @ X) / R.sum(axis=0)[:, None], atol=1e-12)
    np.testing.assert_allclose(new, expected, atol=1e-12)


def test_far_from_zero_loses_no_digits():
    rng = np.random.default_rng(1)
    weights, means, matrices = mixture_of(rng, 2, 3)
    X = with_gaps(rng, rng.normal(size=(60, 3)))
    near = maximise(expectation(X, None, np.log(weights), means, matrices, "full"), means, "full")
    far = maximise(expectation(X + 1e6, None, np.log(weights), means + 1e6, matrices, "full"), means + 1e6, "full")
    np.testing.assert_allclose(far[2], near[2], rtol=1e-8, atol=1e-8)


def test_rows_of_one_pattern_stand_together():
    X = with_gaps(np.random.default_rng(2), np.ones((200, 10)), 0.5)
    gaps = np.isnan(X)[pattern_order(X)]
    assert (gaps[1:] != gaps[:-1]).any(axis=1).sum() + 1 == len(np.unique(gaps, axis=0))


def test_order_of_rows_and_threads_change_rounding_only():
    rng = np.random.default_rng(3)
    weights, means, matrices = mixture_of(rng, 2, 8)
    X = with_gaps(rng, rng.normal(size=(20_000, 8)))  # enough work for several threads
    one = expectation(X, None, np.log(weights), means, matrices, "full")
    other = expectation(X[pattern_order(X)], None, np.log(weights), means, matrices, "full")
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-7)


def test_indefinite_covariance_is_named():
    with pytest.raises(DataError, match="positive definite"):
        expectation(np.ones((2, 2)), None, np.zeros(1), np.zeros((1, 2)), np.array([[[1.0, 2.0], [2.0, 1.0]]]), "full")


def free_vector(kind, weights, means, covariances):
    """Free parameters as one vector."""
    rows, columns = np.tril_indices(3)
    shape_part = covariances[..., rows, columns] if kind in ("full", "tied") else covariances
    return np.concatenate([weights[:-1], means.ravel(), np.ravel(shape_part)])


def log_density_at(kind, vector, X):
    """log p(x_o) of each row at a vector of free parameters."""
    weight, means, rest = vector[0], vector[1:7].reshape(2, 3), vector[7:]
    covariances = rest.reshape(2, 3) if kind == "diag" else rest
    if kind in ("full", "tied"):
        rows, columns = np.tril_indices(3)
        covariances = np.zeros((2 if kind == "full" else 1, 3, 3))
        covariances[:, rows, columns] = covariances[:, columns, rows] = rest.reshape(len(covariances), 6)
        covariances = covariances[0] if kind == "tied" else covariances
    joint = np.log([weight, 1 - weight]) + log_densities(X, means, covariances, kind)
    return np.asarray(logsumexp(joint, axis=1))


def information(kind, vector, X):
    """Observed information: the sum over rows of score score' [louis1982], scores by central differences."""
    steps = 1e-5 * np.eye(len(vector))
    scores = [(log_density_at(kind, vector + s, X) - log_density_at(kind, vector - s, X)) / 2e-5 for s in steps]
    return np.array(scores) @ np.array(scores).T


def fitted(kind, X, **settings):
    model = GaussianMixture(2, covariance_type=kind, random_state=0, tol=1e-9, max_iter=2000, **settings).fit(X)
    order = np.argsort(model.means_[:, 0])
    covariances = model.covariances_ if kind == "tied" else model.covariances_[order]
    return free_vector(kind, model.weights_[order], model.means_[order], covariances)


@pytest.mark.parametrize("kind", KINDS)
def test_planted_parameters_are_recovered_within_standard_errors(kind):
    """30 % missing completely at random: every parameter within 4 standard errors, from the observed information.

    All together: (found - planted)' I (found - planted) is chi-squared with as many degrees of freedom as parameters.
    """
    X = planted(kind, 4000, seed=0)
    truth, found = free_vector(kind, WEIGHTS, MEANS, covariances_of(kind, MATRICES)), fitted(kind, X)
    precision = information(kind, found, X)
    errors = np.sqrt(np.diag(np.linalg.inv(precision)))
    assert errors.max() < 0.2
    assert (np.abs(found - truth) < 4 * errors).all()
    assert (found - truth) @ precision @ (found - truth) < chi2.ppf(0.999, len(truth))


def test_standard_errors_are_those_of_repeated_samples():
    """Over 20 samples, error / standard error has mean square 1; its own standard error is about 0.1."""
    truth = free_vector("tied", WEIGHTS, MEANS, MATRICES[0])
    squares = []
    for seed in range(1, 21):
        X = planted("tied", 500, seed)
        found = fitted("tied", X)
        squares.append((found - truth) ** 2 / np.diag(np.linalg.inv(information("tied", found, X))))
    assert 0.75 < np.mean(squares) < 1.3


def test_filling_by_means_does_not_recover_them():
    """What conditioning is for: the same rows with column means in the gaps miss the planted values by far."""
    X = planted("full", 4000, seed=0)
    truth = free_vector("full", WEIGHTS, MEANS, MATRICES)
    errors = np.sqrt(np.diag(np.linalg.inv(information("full", truth, X))))
    filled = fitted("full", np.where(np.isnan(X), np.nanmean(X, axis=0), X))
    assert (np.abs(filled - truth) / errors).max() > 15


def test_row_without_values_and_weights():
    X = planted("full", 300, seed=5)
    whole = np.vstack([X, np.full((4, 3), np.nan)])
    np.testing.assert_allclose(fitted("full", whole), fitted("full", X), atol=1e-4)
    model = GaussianMixture(2, random_state=0).fit(X)
    np.testing.assert_allclose(model.predict_proba(whole[-1:]), model.weights_[None], rtol=1e-9)
    np.testing.assert_allclose(model.score_samples(whole[-1:]), 0.0, atol=1e-12)
    repeated = GaussianMixture(2, random_state=0, means_init=MEANS, tol=1e-10, max_iter=1000).fit(
        np.repeat(X, 2, axis=0)
    )
    weighted = GaussianMixture(2, random_state=0, means_init=MEANS, tol=1e-10, max_iter=1000)
    weighted.fit(X, sample_weight=np.full(len(X), 2.0))
    np.testing.assert_allclose(weighted.means_, repeated.means_, atol=1e-4)
