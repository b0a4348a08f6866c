"""Hidden Markov model of Poisson counts: equal to enumeration and to hmmlearn, monotone, sound on bad data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import panlearn
from panlearn.core.errors import DataError
from panlearn.sequence import PoissonHMM
from tests.oracles import hmm as oracle

unconverged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def parameters(states, columns, seed):
    rng = np.random.default_rng(seed)
    rates = rng.gamma(2.0, 2.0, size=(states, columns)) + 0.1
    return rng.dirichlet(np.ones(states)), rng.dirichlet(np.ones(states), states), rates


def started(start, **settings):
    model = PoissonHMM(len(start[0]), init_params="", **settings)
    model.startprob_, model.transmat_, model.lambdas_ = (p.copy() for p in start)
    return model


@unconverged
@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 3),
    st.integers(1, 2),
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.sampled_from([0.0, 0.5]),
    st.integers(0, 999),
)
def test_matches_oracle(states, columns, lengths, prior, seed):
    rng = np.random.default_rng(seed)
    start = parameters(states, columns, seed)
    X = rng.poisson(4.0, size=(sum(lengths), columns)).astype(float)
    X[rng.uniform(size=X.shape) < 0.2] = np.nan
    X[0] = 3.0
    sequences = np.split(X, np.cumsum(lengths)[:-1])
    frames = [oracle.poisson(start[2], x) for x in sequences]
    value, new_start, A, marginals = oracle.step(*start[:2], frames)
    model = started(start)
    assert model.score(X, lengths) == pytest.approx(value, rel=1e-9)
    best = sum(np.log(oracle.best(*start[:2], b)[1]) for b in frames)
    assert model.decode(X, lengths)[0] == pytest.approx(best, rel=1e-9)
    model = started(start, n_iter=1, lambdas_prior=prior, lambdas_weight=prior).fit(X, lengths)
    np.testing.assert_allclose(model.startprob_, new_start, atol=1e-9)
    np.testing.assert_allclose(model.transmat_, A, atol=1e-9)
    rates = oracle.poisson_step(start[2], sequences, marginals, prior, prior)
    np.testing.assert_allclose(model.lambdas_, rates, rtol=1e-8)


@unconverged
def test_matches_peer():
    peer = pytest.importorskip("hmmlearn.hmm").PoissonHMM
    rng = np.random.RandomState(0)
    X, lengths = rng.poisson(5, size=(300, 2)) * rng.randint(1, 4, size=(300, 1)), [100, 1, 199]
    ours, theirs = (cls(3, random_state=4, n_iter=15, tol=0.0).fit(X, lengths) for cls in (PoissonHMM, peer))
    np.testing.assert_allclose(ours.lambdas_, theirs.lambdas_, atol=1e-8)
    np.testing.assert_allclose(ours.transmat_, theirs.transmat_, atol=1e-8)
    np.testing.assert_allclose(ours.monitor_.history, list(theirs.monitor_.history), rtol=1e-10)
    assert (ours.predict(X, lengths) == theirs.predict(X, lengths)).all()
    assert ours.aic(X, lengths) == pytest.approx(theirs.aic(X, lengths))


@unconverged
@pytest.mark.parametrize("prior", [0.0, 2.0])
def test_optimality(prior):
    rng = np.random.default_rng(0)
    for seed in range(20):
        X = rng.poisson(rng.uniform(1, 9, size=(40, 1)), size=(40, 2))
        model = PoissonHMM(
            3,
            random_state=seed,
            n_iter=25,
            tol=0.0,
            lambdas_prior=prior,
            lambdas_weight=prior,
            transmat_prior=1 + prior,
        ).fit(X, [15, 25])
        assert "never fell" in model.certificate_
        assert ("log-prior" in model.certificate_) == (prior > 0)


@unconverged
def test_invariances():
    rng = np.random.default_rng(0)
    start, X = parameters(2, 2, 1), rng.poisson(4.0, size=(60, 2)).astype(float)
    gaps = X.copy()
    gaps[10:20] = np.nan
    model = started(start, n_iter=5).fit(gaps)
    masked = np.ma.masked_array(X, mask=np.isnan(gaps))  # the same rows, masked
    other = started(start, n_iter=5).fit(masked)
    np.testing.assert_array_equal(other.lambdas_, model.lambdas_)
    swapped = started((start[0], start[1], start[2][:, ::-1]), n_iter=5).fit(gaps[:, ::-1])
    np.testing.assert_allclose(swapped.lambdas_[:, ::-1], model.lambdas_, rtol=1e-9)


@unconverged
def test_edge_cases():
    huge = PoissonHMM(2, random_state=0).fit(1e200 * np.arange(1.0, 9.0)[:, None])
    assert np.isfinite(huge.lambdas_).all()
    assert (huge.lambdas_ > 0).all()
    with pytest.raises(DataError, match="at most 1e300"):
        PoissonHMM(2).fit(np.full((4, 1), 1e308))
    with pytest.raises(DataError, match=r"lambdas_prior must be .* shape"):
        PoissonHMM(2, lambdas_prior=[1, 1, 1]).fit([[1], [2], [3]])
    zeros = PoissonHMM(2, random_state=0).fit(np.zeros((10, 1)))  # rates of zero
    assert np.isfinite(zeros.score([[0.0]]))
    assert PoissonHMM(1).fit([[4]]).lambdas_.tolist() == [[4.0]]
    constant = PoissonHMM(3, random_state=0).fit(np.full((6, 2), 5))
    assert np.isfinite(constant.lambdas_).all()
    huge = PoissonHMM(2, random_state=0, n_iter=20).fit([[0], [10**9], [1], [10**9]])
    assert np.isfinite(huge.score([[10**9]]))
    gone = PoissonHMM(2, random_state=0).fit(np.full((5, 2), np.nan))  # nothing was observed
    assert gone.score([[np.nan, np.nan]]) == pytest.approx(0.0, abs=1e-12)
    for bad, message in (([[-1.0]], "negative"), ([[np.inf]], "infinity"), ([["a"]], "could not|numeric|dtype")):
        with pytest.raises(ValueError, match=message):
            PoissonHMM(2).fit(bad)
    with pytest.raises(DataError, match="columns"):
        started(parameters(2, 2, 0)).score([[1, 2, 3]])
    with pytest.raises(DataError, match="lambdas_"):
        started((np.ones(1), np.ones((1, 1)), np.array([[-1.0]]))).score([[1]])
    hand = started((np.ones(1), np.ones((1, 1)), np.zeros((1, 1))))
    assert hand.score([[0]]) == 0.0
    assert hand.score([[1]]) == -np.inf


@unconverged
def test_reproducible():
    X = np.random.RandomState(0).poisson(5, size=(60_000, 2))
    found = []
    for threads in (1, 2):
        with panlearn.threads(threads):
            found.append(PoissonHMM(2, random_state=0, n_iter=2).fit(X, [20] * 3000))
    assert (found[0].lambdas_ == found[1].lambdas_).all()
