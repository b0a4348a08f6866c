"""The likelihood never falls: 1,000 random problems over all mixtures, with and without weights and missing values."""

import warnings

import numpy as np
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning

from panlearn.core.errors import DataError
from panlearn.mixture import BernoulliMixture, CategoricalMixture, GaussianMixture
from tests.oracles.missing_gaussian import as_matrices

ROUNDING = 1e-9  # of sums over rows
COLLAPSED = 1e-8  # variance of a component, as a share of the data's, at which rounding is all there is
GAUSSIAN = ["full", "tied", "diag", "spherical"]


def fall_of(bounds):
    """The largest fall between two iterations, as a share of the likelihood's size."""
    steps = np.diff(bounds) / (1 + np.abs(bounds[1:]))
    return -steps.min(initial=0.0)


def narrowest(model, X):
    """The smallest variance of a component in any direction, with the columns on one scale."""
    k, p = model.means_.shape
    scale = np.nanstd(X, axis=0)
    matrices = as_matrices(model.covariances_, model.covariance_type, k, p)
    return np.linalg.eigvalsh(matrices / np.outer(scale, scale)).min()


@given(
    family=st.sampled_from([*GAUSSIAN, "bernoulli", "categorical"]),
    rows=st.integers(5, 12),
    p=st.integers(1, 4),
    k=st.integers(1, 4),
    share=st.sampled_from([0.0, 0.3]),
    ridge=st.sampled_from([0.0, 0.0, 1e-3]),
    weighted=st.booleans(),
    accelerate=st.booleans(),
    seed=st.integers(0, 2**20),
)
@settings(max_examples=1100, suppress_health_check=[HealthCheck.too_slow])
def test_likelihood_never_falls(family, rows, p, k, share, ridge, weighted, accelerate, seed):
    """Without `reg_covar` not at all; with it, by no more than it explains, which the certificate then says.

    A Gaussian component may shrink to a point or plane, where the likelihood has no bound: some 20
    problems, counted beyond the 1,000. Bernoulli and categorical mixtures climb the log-posterior.
    """
    rng, n = np.random.default_rng(seed), rows * (p + 1)
    X = rng.normal(size=(n, p)) * 10.0 ** rng.integers(-1, 2, p) + 3 * rng.integers(0, 2, (n, 1))
    if family == "categorical":
        X = rng.integers(0, 3, (n, p)).astype(float)
    X[rng.random(X.shape) < share] = np.nan
    X[0] = np.nan_to_num(X[0])  # no column without a value
    settings = {"n_components": k, "random_state": seed, "init_params": "random", "max_iter": 10, "tol": 0.0}
    if family in GAUSSIAN:
        model = GaussianMixture(covariance_type=family, reg_covar=ridge, accelerate=accelerate, **settings)
    else:
        kind = BernoulliMixture if family == "bernoulli" else CategoricalMixture
        model = kind(alpha=rng.uniform(0, 2), accelerate=accelerate, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # ten iterations need not be enough
        try:
            model.fit(X, sample_weight=rng.uniform(0.1, 3.0, n) if weighted else None)
        except DataError:  # a component shrank to a point, and there is no reg_covar to hold it up
            assert (family in GAUSSIAN, ridge) == (True, 0)
            event("singular")
            return
    if family in GAUSSIAN and ridge == 0 and narrowest(model, X) < COLLAPSED:
        event("collapsed")
        return
    event(f"{family}, reg_covar {ridge:.0e}" if family in GAUSSIAN else family)
    assert len(model.lower_bounds_) > 1
    if family in GAUSSIAN:
        assert "never fell" in model.certificate_
    if family not in GAUSSIAN or ridge == 0:
        assert fall_of(np.array(model.lower_bounds_)) <= ROUNDING
