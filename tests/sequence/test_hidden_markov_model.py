"""What all hidden Markov models share: starts, tags, masks, streams, weights, and how the fit is told."""

import logging
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import panlearn
from panlearn.core.errors import DataError
from panlearn.sequence import CategoricalHMM, MultinomialHMM, PoissonHMM
from panlearn.sequence.hidden_markov_model import tags_of
from panlearn.sequence.hmm_monitor import ConvergenceMonitor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(0)
LENGTHS = [40, 1, 59, 20]
DATA = {
    CategoricalHMM: RNG.integers(4, size=(120, 1)),
    MultinomialHMM: RNG.multinomial(5, [0.2, 0.3, 0.5], size=120),
    PoissonHMM: RNG.poisson(4.0, size=(120, 2)),
}
EMISSION = {CategoricalHMM: "emissionprob_", MultinomialHMM: "emissionprob_", PoissonHMM: "lambdas_"}
each = pytest.mark.parametrize("cls", DATA)


def fitted(cls, X=None, **settings) -> Any:
    fit = {k: settings.pop(k) for k in ("lengths", "states", "sample_weight") if k in settings}
    return cls(2, **{"random_state": 0, "n_iter": 5, **settings}).fit(DATA[cls] if X is None else X, **fit)


@each
def test_lists_arrays_streams_and_frames_are_the_same_to_it(cls):
    X = DATA[cls]
    sequences = np.split(X, np.cumsum(LENGTHS)[:-1])

    class Stream:
        def __iter__(self):
            return iter(sequences)

    whole = fitted(cls, lengths=LENGTHS)
    table = pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])
    for other in (fitted(cls, sequences), fitted(cls, Stream()), fitted(cls, table, lengths=LENGTHS)):
        np.testing.assert_array_equal(other.transmat_, whole.transmat_)
        np.testing.assert_array_equal(getattr(other, EMISSION[cls]), getattr(whole, EMISSION[cls]))
        assert other.n_features_in_ == X.shape[1]
    assert fitted(cls, table, lengths=LENGTHS).feature_names_in_[0] == "x0"
    assert whole.score(sequences) == whole.score(X, LENGTHS)


@each
def test_a_stream_that_runs_dry_and_one_with_tags_are_refused(cls):
    with pytest.raises(DataError, match="only once"):
        fitted(cls, iter([DATA[cls]]))

    class Empty:
        def __iter__(self):
            return iter([])

    with pytest.raises(DataError, match="no sequence"):
        fitted(cls, Empty())
    with pytest.raises(DataError, match="iterable"):
        fitted(cls, Empty(), states=[0])


@each
def test_tags_of_all_frames_give_relative_frequencies_at_once(cls):
    states = RNG.integers(2, size=120)
    model = fitted(cls, lengths=LENGTHS, states=states)
    assert model.converged_
    assert model.n_iter_ == 2 or model.n_iter_ == 3
    begins = np.cumsum([0, *LENGTHS[:-1]])
    np.testing.assert_allclose(model.startprob_, np.bincount(states[begins], minlength=2) / 4)
    inside = np.setdiff1d(np.arange(120), begins)
    pairs = np.zeros((2, 2))
    np.add.at(pairs, (states[inside - 1], states[inside]), 1)
    np.testing.assert_allclose(model.transmat_, pairs / pairs.sum(axis=1, keepdims=True), atol=1e-10)
    if cls is PoissonHMM:
        np.testing.assert_allclose(model.lambdas_, [DATA[cls][states == i].mean(axis=0) for i in (0, 1)])


def test_a_few_tags_name_the_states():
    truth = CategoricalHMM(2)
    truth.startprob_, truth.transmat_ = [0.5, 0.5], [[0.9, 0.1], [0.1, 0.9]]
    truth.emissionprob_ = [[0.8, 0.1, 0.1], [0.1, 0.1, 0.8]]
    X, path = truth.sample(3000, random_state=0)
    known: list[Any] = [state if k % 20 == 0 else None for k, state in enumerate(path)]
    for seed in range(5):
        model = CategoricalHMM(2, random_state=seed, n_iter=100).fit(X, states=known)
        np.testing.assert_allclose(model.emissionprob_, truth.emissionprob_, atol=0.05)
    parts = CategoricalHMM(2, random_state=0, n_iter=5).fit([X[:1000], X[1000:]], states=[known[:1000], known[1000:]])
    flat = CategoricalHMM(2, random_state=0, n_iter=5).fit(X, [1000, 2000], states=known)
    assert parts.monitor_.history == flat.monitor_.history


def test_tags_are_checked():
    assert tags_of([0, None, np.nan, -1, 1], 5, 2).tolist() == [0, -1, -1, -1, 1]
    assert tags_of(np.array([True, False]), 2, 2).tolist() == [1, 0]
    assert tags_of([np.array([1, 0]), [None]], 3, 2).tolist() == [1, 0, -1]
    for states, message in (
        ([0, 1], "one entry a frame"),
        (3, "one entry a frame"),
        ("abc", "one entry a frame"),
        ([0, 2, 0], "from 0 to"),
        ([0, 0.5, 0], "whole numbers"),
        ([0, np.inf, 0], "whole numbers"),
        (["rain", "sun", "sun"], "Got 'rain'; number the names"),
        (np.array(["0", "1", "1"]), "Got '0'; number the names"),
    ):
        with pytest.raises(DataError, match=message):
            tags_of(states, 3, 2)


@each
def test_left_right_chains_stay_so(cls):
    drawn = cls().init_params.replace("s", "").replace("t", "")
    model: Any = cls(3, init_params=drawn, random_state=0, transmat_prior=2.0)
    model.startprob_ = [1.0, 0.0, 0.0]
    model.transmat_ = [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]]
    model.fit(DATA[cls], LENGTHS)
    start, transitions = np.asarray(model.startprob_), np.asarray(model.transmat_)
    assert start.tolist() == [1.0, 0.0, 0.0]
    assert (transitions[[0, 1, 2, 2], [2, 0, 0, 1]] == 0).all()
    assert (np.diff(model.predict(DATA[cls][:40])) >= 0).all()
    shares = model.get_stationary_distribution()
    np.testing.assert_allclose(shares, [0, 0, 1], atol=1e-10)


@each
def test_params_says_what_is_updated(cls):
    for letter, name in zip(cls().params, ("startprob_", "transmat_", EMISSION[cls]), strict=True):
        start = fitted(cls, n_iter=0)
        model = cls(2, params=cls().params.replace(letter, ""), init_params="", n_iter=3)
        for each_name in ("startprob_", "transmat_", EMISSION[cls]):
            setattr(model, each_name, getattr(start, each_name))
        model.fit(DATA[cls])
        for each_name in ("startprob_", "transmat_", EMISSION[cls]):
            same = np.array_equal(getattr(model, each_name), getattr(start, each_name))
            assert same is (each_name == name)


@each
def test_more_starts_are_never_worse_and_the_first_is_the_only_one_there_was(cls):
    one, three = fitted(cls, n_iter=8), fitted(cls, n_iter=8, n_init=3)
    assert three.monitor_.history[-1] >= one.monitor_.history[-1]
    assert three.score(DATA[cls]) >= one.score(DATA[cls]) - 1e-6
    hand = cls(2, init_params="", n_init=2, n_iter=3)
    for name in ("startprob_", "transmat_", EMISSION[cls]):
        setattr(hand, name, getattr(one, name))
    assert hand.fit(DATA[cls]).monitor_.history[0] == pytest.approx(one.score(DATA[cls]))


def test_an_empty_state_keeps_its_parameters_and_is_named():
    model = CategoricalHMM(3, init_params="", n_iter=20)
    model.startprob_, model.transmat_ = [0.5, 0.5, 0.0], [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.3, 0.3, 0.4]]
    model.emissionprob_ = [[0.6, 0.4], [0.3, 0.7], [0.1, 0.9]]
    model.fit(RNG.integers(2, size=(50, 1)))
    assert model.empty_states_.tolist() == [2]
    assert "states [2] took no frames" in model.certificate_
    np.testing.assert_allclose(model.transmat_[2], [0.3, 0.3, 0.4])
    np.testing.assert_allclose(model.emissionprob_[2], [0.1, 0.9])
    assert np.isfinite(model.score([[0], [1]]))


def test_more_states_than_frames_ends_in_numbers(caplog):
    with caplog.at_level(logging.WARNING):
        model = CategoricalHMM(20, random_state=0, n_iter=50).fit([[0], [1], [0]])
    assert "degenerate solution" in caplog.text
    for p in (model.startprob_, model.transmat_, model.emissionprob_):
        np.testing.assert_allclose(p.sum(axis=-1), 1.0)
    assert model.score([[0], [1], [0]]) == pytest.approx(0.0, abs=1e-2)


def test_overwritten_parameters_are_told(caplog):
    model = CategoricalHMM(2, random_state=0)
    model.startprob_ = np.array([0.5, 0.5])
    model.fit([[0], [1], [0]])
    assert "'startprob_' attribute is set, it will be overwritten" in caplog.text


@each
@pytest.mark.parametrize("name", ["params", "init_params"])
def test_letters_that_name_no_parameter_are_refused(cls, name):
    assert cls().params == cls().init_params == cls._letters
    with pytest.raises(DataError, match=f"{name} may hold the letters of '{cls._letters}', got 'sxz': 'xz' names no"):
        fitted(cls, **{name: "sxz"})


@each
@pytest.mark.parametrize("X", [3, "abc", {1: 2}, csr_array(np.eye(3)), np.zeros((3, 1), "datetime64[D]")])
def test_what_is_no_array_of_numbers_is_refused(cls, X):
    with pytest.raises(DataError, match="dense array of numbers"):
        fitted(cls, X)


@each
@pytest.mark.parametrize("name", ["startprob_prior", "transmat_prior"])
def test_priors_are_checked(cls, name):
    for bad, message in (([1, 2, 3], "shape"), ([1, -1], "not negative"), ([1, np.nan], "finite")):
        with pytest.raises(DataError, match=f"{name} must be .*{message}"):
            fitted(cls, **{name: bad})
    with pytest.raises(DataError, match="tol must be a number"):
        fitted(cls, tol=np.nan)


def test_rounding_is_no_gain_and_no_fall():
    model = CategoricalHMM(2, n_iter=5, tol=-np.inf, random_state=0).fit(np.zeros((300, 1), dtype=int))
    assert model.certificate_ == "log-likelihood 0, last gain 0.0e+00; it never fell"
    one = CategoricalHMM(2, n_iter=1, random_state=0).fit([[0], [1], [0]])
    assert "one iteration; it never fell" in one.certificate_


@each
def test_small_weights_make_no_state_empty(cls):
    usual = fitted(cls, lengths=LENGTHS, tol=-np.inf)
    small = fitted(cls, lengths=LENGTHS, tol=-np.inf, sample_weight=np.full(4, 1e-30))
    assert small.empty_states_.tolist() == usual.empty_states_.tolist() == []
    np.testing.assert_allclose(small.transmat_, usual.transmat_, rtol=1e-9)


def test_an_interrupted_fit_leaves_all_in_order():
    X = DATA[CategoricalHMM]
    before = fitted(CategoricalHMM)

    class Stopping(ConvergenceMonitor):
        @property
        def converged(self):
            raise KeyboardInterrupt

    model = CategoricalHMM(2, random_state=0, n_iter=5)
    model.monitor_ = Stopping(0.0, 5, False)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    del model._monitor
    np.testing.assert_array_equal(model.fit(X).transmat_, before.transmat_)


@each
def test_fits_in_two_threads_at_once_are_those_of_one(cls):
    alone = [fitted(cls, random_state=seed).transmat_ for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda seed: fitted(cls, random_state=seed).transmat_, range(4)))
    for a, b in zip(alone, found, strict=True):
        np.testing.assert_array_equal(a, b)


@each
def test_weights_are_checked(cls):
    for bad, message in ((np.zeros(4), "non-zero"), ([1, 1, 1, -1], "[Nn]egative"), ([1.0, 2.0], "sample_weight")):
        with pytest.raises(ValueError, match=message):
            fitted(cls, lengths=LENGTHS, sample_weight=bad)


def test_searches_over_lists_of_sequences():
    sequences = np.split(DATA[PoissonHMM], 6)
    search = GridSearchCV(PoissonHMM(random_state=0, n_iter=5), {"n_components": [1, 2]}, cv=3).fit(sequences)
    assert search.best_params_["n_components"] in (1, 2)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@each
def test_one_long_sequence_takes_the_same_steps(cls):
    X = np.tile(DATA[cls], (200, 1))  # longer than a block
    assert len(X) > 20_000
    found = []
    for threads in (1, 2):
        with panlearn.threads(threads):
            found.append(fitted(cls, X, n_iter=2))
    np.testing.assert_array_equal(found[0].transmat_, found[1].transmat_)
    assert found[0].score(X) == pytest.approx(found[0].score_samples(X)[0], rel=1e-12)


@each
def test_saves_clones_and_says_how_good_it_is(cls, tmp_path):
    model = fitted(cls)
    again = panlearn.load(panlearn.save(model, tmp_path / "model.panlearn"))
    np.testing.assert_array_equal(again.predict_proba(DATA[cls]), model.predict_proba(DATA[cls]))
    copy: Any = clone(model)
    assert copy.get_params() == model.get_params()
    assert model.certificate_.startswith("log-likelihood -")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fitted(cls, n_iter=0).n_iter_ == 0
