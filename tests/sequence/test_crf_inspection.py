"""Weights by name: what has none is no feature, and the heaviest come first."""

import pytest

from panlearn.sequence import CRF

X = [[{"u": 1.0}, {"v": 2.0}, {"u": 0.5, "v": 1.0}], [{"w": 1.0}], [{"v": 1.0}, {"w": 1.0}]]
y = [["a", "b", "a"], ["c"], ["b", "c"]]


def test_the_heaviest_come_first():
    model = CRF(c2=0.1).fit(X, y)
    top = model.top_features(3)
    ranked = sorted(model.state_features_.values(), key=abs, reverse=True)
    assert [weight for _, _, weight in top.states] == ranked[:3]
    assert all(model.state_features_[name, label] == weight for name, label, weight in top.states)
    assert {(a, b): weight for a, b, weight in model.top_features(100).transitions} == model.transition_features_
    own = model.top_features(100, "b")
    assert {label for _, label, _ in own.states} == {"b"} == {label for _, label, _ in own.transitions}
    assert len(own.states) == sum(label == "b" for _, label in model.state_features_)
    with pytest.raises(ValueError, match="label must be one of"):
        model.top_features(3, "q")


def test_zeros_are_no_features():
    X_noise = [[{**token, f"rare{i}{t}": 1.0} for t, token in enumerate(seq)] for i, seq in enumerate(X * 4)]
    model = CRF(c1=1.5, c2=0.01).fit(X_noise, y * 4)
    assert not any(name.startswith("rare") for name in model.attributes_)
    assert model.num_attributes_ == len(model.attributes_) == len({name for name, _ in model.state_features_})
    assert all(model.state_features_.values())
    assert all(model.transition_features_.values())


def test_size_grows_with_the_model():
    small, large = CRF().fit(X, y), CRF(all_possible_states=True).fit(X, y)
    assert 0 < small.size_ < large.size_
