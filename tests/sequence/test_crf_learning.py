"""Learning in pieces comes near the optimum of all data; what it cannot do is said."""

import pickle

import numpy as np
import pytest

from panlearn.core.errors import DataError
from panlearn.sequence import CRF, AttributeEncoder, TokenFeatures
from tests.sequence.test_crf import problem


def test_pieces_come_near_the_optimum():
    X, y = problem(200, 6, seed=4)
    best = CRF(c2=1.0).fit(X, y)
    model = CRF("l2sgd", c2=1.0)
    for _ in range(30):
        for a in range(0, 200, 50):
            model.partial_fit(X[a : a + 50], y[a : a + 50], classes=["a", "b", "c"], n_total=200)
    assert model.classes_ == ["a", "b", "c"]
    assert model.n_iter_ == 120
    loss = [-m.log_likelihood(X, y).sum() + sum(w * w for w in m.state_features_.values()) for m in (best, model)]
    assert loss[1] < 1.02 * loss[0]
    assert set(model.state_features_) == set(best.state_features_)


def test_new_attributes_and_labels_may_come_later():
    model = CRF("l2sgd").partial_fit([[["the"], ["dog"]]] * 20, [["D", "N"]] * 20)
    for _ in range(20):
        model.partial_fit([[["dogs"], ["run"]]] * 20, [["N", "V"]] * 20)
        model.partial_fit([[["the"], ["dog"]]] * 20, [["D", "N"]] * 20)
    assert model.classes_ == ["D", "N", "V"]
    assert model.predict([[["the"], ["dog"]], [["dogs"], ["run"]]]).tolist() == [["D", "N"], ["N", "V"]]
    again = pickle.loads(pickle.dumps(model))
    for m in (model, again):
        m.partial_fit([[["a"], ["cat"]]], [["D", "N"]])
    assert again.state_features_ == model.state_features_


def test_other_inputs_in_pieces():
    words, y = [["the", "dog"], ["dogs", "run"]], [["D", "N"], ["N", "V"]]
    model = CRF("l2sgd", features=TokenFeatures(window=0, affixes=None))
    for _ in range(100):
        model.partial_fit(words, y)
    assert model.predict(words).tolist() == y
    assert model.predict([["unseen"]]).shape == (1,)
    encoded = AttributeEncoder().fit_transform([[[w] for w in sentence] for sentence in words])
    model = CRF("l2sgd").partial_fit(encoded, y).partial_fit(encoded, y)
    assert model.predict(encoded).shape == (2,)
    with pytest.raises(DataError, match="encoded"):
        model.partial_fit([[["a"]]], [["D"]])


def test_only_stochastic_gradient_goes_in_pieces():
    with pytest.raises(ValueError, match="l2sgd"):
        CRF().partial_fit([[["a"]]], [["N"]])


def test_weight_zero_is_absence():
    X, y = problem(10)
    X[0], y[0] = [{"odd": 1.0}], ["z"]
    weight = np.r_[0.0, np.ones(9)]
    model = CRF().fit(X, y, sample_weight=weight)
    assert model.classes_ == CRF().fit(X[1:], y[1:]).classes_
    assert "odd" not in model.attributes_


def test_stochastic_gradient_has_the_certificate_of_the_whole_objective():
    X, y = problem(30)
    model = CRF("l2sgd", c2=2.0).fit(X, y)
    best = CRF(c2=2.0, epsilon=1e-6, delta=1e-12).fit(X, y)
    assert best.objective_ <= model.objective_ < 1.01 * best.objective_
    assert 0 < model.gradient_norm_ < 5
    assert "gradient norm" in model.certificate_
