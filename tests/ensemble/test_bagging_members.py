"""A member's draw is scikit-learn's, and its vote a row of probabilities."""

import numpy as np
from sklearn.ensemble import BaggingClassifier as Peer
from sklearn.linear_model import Perceptron
from sklearn.neighbors import KNeighborsClassifier

from panlearn.ensemble.bagging_members import Drawing, fit_member, set_seeds, vote

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 5)), RNG.integers(0, 3, 40)


def test_the_draws_are_those_of_the_peer():
    peer = Peer(KNeighborsClassifier(), 4, max_features=3, max_samples=0.5, random_state=1).fit(X, Y)
    drawing = Drawing(40, 5, 20, 3, True, False, None)
    for seed, features, rows in zip(peer._seeds, peer.estimators_features_, peer.estimators_samples_):
        ours = drawing.draw(seed)
        np.testing.assert_array_equal(ours[0], features)
        np.testing.assert_array_equal(ours[1], rows)
    model, features = fit_member(KNeighborsClassifier(), X, Y, drawing, peer._seeds[0], {})
    np.testing.assert_array_equal(model.predict(X[:, features]), peer.estimators_[0].predict(X[:, features]))


def test_votes():
    probable, plain = KNeighborsClassifier(3).fit(X, Y), Perceptron().fit(X, Y)
    np.testing.assert_allclose(vote(probable, X, 3, {}), probable.predict_proba(X))
    votes = vote(plain, X, 3, {})
    assert (votes.sum(axis=1) == 1).all()
    np.testing.assert_array_equal(votes.argmax(axis=1), plain.predict(X))
    two = KNeighborsClassifier(3).fit(X[Y != 1], Y[Y != 1])  # a sample without class 1
    assert (vote(two, X, 3, {})[:, 1] == 0).all()


def test_seeds():
    one, two = Perceptron(), Perceptron()
    set_seeds(one, 5)
    set_seeds(two, 5)
    assert one.random_state == two.random_state
    assert isinstance(one.random_state, (int, np.integer))
