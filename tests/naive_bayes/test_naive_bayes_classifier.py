"""What all naive Bayes classifiers share: posteriors, one class, impossible rows, priors."""

import numpy as np
import pytest

from panlearn import naive_bayes
from panlearn.naive_bayes.naive_bayes_classifier import class_priors

MODELS = [getattr(naive_bayes, name) for name in naive_bayes.__all__]
RNG = np.random.default_rng(0)
X, Y = RNG.integers(0, 4, (60, 5)), np.array(["a", "b", "c"] * 20)


@pytest.mark.parametrize("cls", MODELS)
def test_posteriors_come_from_the_joint(cls):
    model = cls().fit(X, Y)
    joint, posterior = model.predict_joint_log_proba(X), model.predict_proba(X)
    np.testing.assert_allclose(posterior.sum(axis=1), 1.0)
    np.testing.assert_allclose(joint - joint[:, :1], np.log(posterior) - np.log(posterior[:, :1]), atol=1e-9)
    np.testing.assert_array_equal(model.predict(X), model.classes_[posterior.argmax(axis=1)])
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), posterior)


@pytest.mark.parametrize("cls", MODELS)
def test_one_class_is_always_predicted(cls):
    model = cls().fit(X, np.full(60, "a"))
    assert set(model.predict(X)) == {"a"}
    np.testing.assert_allclose(model.predict_proba(X), 1.0)


@pytest.mark.parametrize("cls", MODELS)
def test_weights_are_repetitions(cls):
    times = RNG.integers(0, 3, 60)
    weighted = cls().fit(X, Y, times).predict_joint_log_proba(X[times > 0])
    repeated = cls().fit(np.repeat(X, times, axis=0), np.repeat(Y, times))
    np.testing.assert_allclose(repeated.predict_joint_log_proba(X[times > 0]), weighted, atol=1e-9)
    with pytest.raises(ValueError, match="non-zero"):
        cls().fit(X, Y, np.zeros(60))


@pytest.mark.parametrize("cls", MODELS)
def test_batches(cls):
    parts = cls().partial_fit(X[:20], Y[:20], classes=["a", "b", "c", "never"])
    for rows in (slice(20, 30), slice(30, 60)):
        parts.partial_fit(X[rows], Y[rows])
    assert not np.isnan(parts.predict_proba(X)).any()
    if cls is not naive_bayes.ComplementNB:  # the complement of a class without rows is all rows
        np.testing.assert_allclose(parts.predict_proba(X)[:, :3], cls().fit(X, Y).predict_proba(X), atol=1e-9)
    with pytest.raises(ValueError, match="do not exist in the initial classes"):
        parts.partial_fit(X[:1], ["new"])
    with pytest.raises(ValueError, match="classes must be passed"):
        cls().partial_fit(X, Y)


def test_a_row_that_no_class_allows_says_nothing():
    model = naive_bayes.MultinomialNB(alpha=0.0).fit([[1, 0, 0], [0, 1, 0]], [0, 1])
    np.testing.assert_allclose(model.predict_proba([[0, 0, 1]]), [[0.5, 0.5]])


def test_priors():
    np.testing.assert_array_equal(class_priors([0.2, 0.8], np.ones(2)), [0.2, 0.8])
    for wrong, text in (([1.0], "Number of priors"), ([0.5, 0.6], "sum of the priors"), ([1.5, -0.5], "non-negative")):
        with pytest.raises(ValueError, match=text):
            class_priors(wrong, np.ones(2))
