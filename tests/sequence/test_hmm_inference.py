"""Answers of a hidden Markov model: textbook figures, enumeration, long sequences, samples."""

import numpy as np
import pytest

from panlearn.core.errors import DataError
from panlearn.sequence import CategoricalHMM
from panlearn.sequence.categorical_hmm import CategoricalEmissions
from panlearn.sequence.hmm_inference import _scores, require_distribution
from tests.oracles import hmm as oracle


def weather():
    """Rain or sun, told by walks, shopping and cleaning: the example of many textbooks."""
    model = CategoricalHMM(2)
    model.startprob_, model.transmat_ = [0.6, 0.4], [[0.7, 0.3], [0.4, 0.6]]
    model.emissionprob_ = [[0.1, 0.4, 0.5], [0.6, 0.3, 0.1]]
    return model


X = [[0], [1], [2]]


def test_the_textbook_example():
    model = weather()
    value, path = model.decode(X)
    assert np.exp(value) == pytest.approx(0.01344)
    assert path.tolist() == [1, 0, 0]
    total, shares = model.score_samples(X)
    b = oracle.categorical(np.asarray(model.emissionprob_), np.array([0.0, 1.0, 2.0]))
    p, marginals, _ = oracle.posterior(model.startprob_, model.transmat_, b)
    assert total == pytest.approx(np.log(p))
    np.testing.assert_allclose(shares, marginals, rtol=1e-12)
    assert model.decode(X, algorithm="map")[0] == pytest.approx(marginals.max(axis=1).sum())


def test_criteria_count_the_parameters():
    model = weather()
    m = 1 + 2 + 4  # start, transitions, emissions
    assert model.aic(X) == pytest.approx(-2 * model.score(X) + 2 * m)
    assert model.bic(X) == pytest.approx(-2 * model.score(X) + m * np.log(3))


def test_nothing_underflows_in_a_long_sequence():
    model, n = weather(), 100_000
    long = np.zeros((n, 1), dtype=int)
    # all symbols alike: the likelihood grows by the largest eigenvalue of A diag(b) a step
    rate = np.linalg.eigvals(np.asarray(model.transmat_) * np.asarray(model.emissionprob_)[:, 0]).real.max()
    assert model.score(long) / n == pytest.approx(np.log(rate), rel=1e-4)
    shares = model.predict_proba(long)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    assert np.isfinite(model.decode(long)[0])


def test_samples_follow_the_chain():
    model = weather()
    symbols, states = model.sample(40_000, random_state=0)
    assert symbols.shape == (40_000, 1)
    np.testing.assert_allclose(np.bincount(states) / 40_000, model.get_stationary_distribution(), atol=0.02)
    after_rain = states[1:][states[:-1] == 0]
    assert (after_rain == 0).mean() == pytest.approx(0.7, abs=0.02)
    assert (symbols[states == 1] == 0).mean() == pytest.approx(0.6, abs=0.02)
    assert model.sample(3, currstate=1)[1][0] == 1
    stuck = weather()
    stuck.startprob_, stuck.transmat_ = [0.0, 1.0], [[1.0, 0.0], [0.0, 1.0]]
    assert set(stuck.sample(100, random_state=0)[1]) == {1}
    with pytest.raises(DataError, match="n_samples"):
        model.sample(0)


def test_stationary_shares():
    np.testing.assert_allclose(weather().get_stationary_distribution(), [4 / 7, 3 / 7])
    cycle = weather()
    cycle.transmat_ = [[0.0, 1.0], [1.0, 0.0]]
    np.testing.assert_allclose(cycle.get_stationary_distribution(), [0.5, 0.5])


def test_distributions_are_checked():
    require_distribution("p", np.array([[0.5, 0.5], [1.0, 0.0]]))
    with pytest.raises(DataError, match="p must sum to 1"):
        require_distribution("p", np.array([0.5, 0.6]))
    with pytest.raises(DataError, match="p must not be negative"):
        require_distribution("p", np.array([1.5, -0.5]))


@pytest.mark.parametrize("missing", [False, True])
def test_scores_of_symbols_are_looked_up(missing):
    emissions = CategoricalEmissions(np.array([[0.5, 0.0], [0.2, 0.3], [0.3, 0.7]]))
    rows = np.random.default_rng(0).integers(-1 if missing else 1, 3, (50, 1))
    np.testing.assert_array_equal(_scores(rows, emissions, 2), emissions.log_likelihood(rows))
