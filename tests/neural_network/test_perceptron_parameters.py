"""The parameters are scikit-learn's, with its defaults, and ours after them."""

import inspect

import pytest
from sklearn import neural_network as peer

from panlearn.neural_network import MLPClassifier, MLPRegressor
from panlearn.neural_network.perceptron_parameters import CONSTRAINTS

OURS = [
    "dropout",
    "batch_norm",
    "layer_norm",
    "blocks",
    "initialization",
    "standardize",
    "categorical_features",
]


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_matches_peer(name):
    own = inspect.signature({"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}[name]).parameters
    theirs = inspect.signature(getattr(peer, name)).parameters
    assert list(own) == [*theirs, *OURS]
    assert all(own[key].default == theirs[key].default and own[key].kind == theirs[key].kind for key in theirs)


def test_every_parameter_has_a_constraint():
    assert set(CONSTRAINTS) == set(MLPClassifier().get_params(deep=False))


@pytest.mark.parametrize(
    "bad", [{"alpha": -1}, {"dropout": 1.0}, {"blocks": "dense"}, {"activation": "step"}, {"initialization": "zeros"}]
)
def test_bad_values_name_the_parameter(bad):
    (name,) = bad
    with pytest.raises(ValueError, match=f"'{name}' parameter of MLPClassifier must be"):
        MLPClassifier(**bad).fit([[0.0], [1.0]], [0, 1])
