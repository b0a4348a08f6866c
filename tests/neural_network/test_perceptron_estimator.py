"""What both perceptrons share: solvers, schedules, shortcuts, storage, going on, and clear refusals."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning

import panlearn
from panlearn.neural_network import DivergenceError, MLPClassifier, MLPRegressor
from panlearn.neural_network.training.schedules import SCHEDULES
from panlearn.nn import DenseChain
from panlearn.optimize import RMSProp

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = load_iris(return_X_y=True)


def network(**settings):
    return MLPClassifier(**({"hidden_layer_sizes": (8, 8), "standardize": True, "random_state": 0} | settings))


@pytest.mark.parametrize(
    ("solver", "rate"),
    [
        ("lbfgs", 1.0),
        ("sgd", 0.1),
        ("momentum", 0.1),
        ("nag", 0.1),
        ("adagrad", 0.1),
        ("rmsprop", 0.01),
        ("adadelta", 1.0),
        ("adam", 0.01),
        ("adamw", 0.01),
        (RMSProp(rho=0.9), 0.01),
    ],
)
def test_every_solver_learns(solver, rate):
    assert network(solver=solver, learning_rate_init=rate).fit(X, y).score(X, y) > 0.95


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_sets_the_rate(schedule):
    model = network(solver="sgd", learning_rate=schedule, max_iter=12, batch_size=25).fit(X, y)
    rates = np.array([epoch.learning_rate for epoch in model.history_]) / 1e-3
    if schedule == "invscaling":
        np.testing.assert_allclose(rates, [(1 + 150 * k) ** -0.5 for k in range(12)])
    assert (rates == 1).all() == (schedule in ("constant", "plateau", "adaptive")) or schedule in ("step", "warm_up")


@pytest.mark.parametrize(
    "settings",
    [
        {"batch_norm": True},
        {"layer_norm": True},
        {"blocks": "residual"},
        {"blocks": "highway"},
        {"activation": "maxout"},
        {"activation": "prelu"},
        {"dropout": 0.2},
        {"initialization": "orthogonal"},
    ],
)
def test_every_architecture_learns_and_is_stored(settings, tmp_path):
    model = network(learning_rate_init=0.02, max_iter=40, **settings).fit(X, y)
    assert model.score(X, y) > 0.9
    expected = model.predict_proba(X)
    np.testing.assert_allclose(expected.sum(1), 1)
    for again in (pickle.loads(pickle.dumps(model)), panlearn.load(panlearn.save(model, tmp_path / "m.panlearn"))):
        np.testing.assert_array_equal(again.predict_proba(X), expected)
        np.testing.assert_array_equal(again.coefs_[0], model.coefs_[0])
        again.partial_fit(X, y)  # it can be trained on


def test_plain_chains_take_their_own_gradients():
    assert isinstance(network(max_iter=1).fit(X, y).module_, DenseChain)
    assert not isinstance(network(max_iter=1, batch_norm=True).fit(X, y).module_, DenseChain)


def test_hand_written_gradients_train_as_autograd_does():
    """Without batch normalisation the general module computes the same; only its gradients come from autograd."""

    class General(MLPClassifier):
        def _network(self):
            module = super()._network()
            module.__class__ = type("Chain", (torch.nn.Module,), {"forward": DenseChain.forward})
            return module

    settings = {"hidden_layer_sizes": (8, 8), "activation": "tanh", "max_iter": 5, "random_state": 0}
    own, general = MLPClassifier(**settings).fit(X, y), General(**settings).fit(X, y)
    np.testing.assert_allclose(own.loss_curve_, general.loss_curve_, rtol=1e-10)
    np.testing.assert_allclose(own.coefs_[1], general.coefs_[1], rtol=1e-8)


def test_attributes_match_scikit_learns():
    from sklearn.neural_network import MLPClassifier as Peer

    own, peer = network(max_iter=3, standardize=False).fit(X, y), Peer((8, 8), max_iter=3, random_state=0).fit(X, y)
    for name in ("n_iter_", "n_layers_", "n_outputs_", "t_", "out_activation_", "validation_scores_"):
        assert getattr(own, name) == getattr(peer, name), name
    assert [w.shape for w in own.coefs_] == [w.shape for w in peer.coefs_]
    assert [b.shape for b in own.intercepts_] == [b.shape for b in peer.intercepts_]
    assert own.best_loss_ == min(own.loss_curve_)
    assert own.loss_ == own.loss_curve_[-1]


def test_early_stopping_gives_back_the_best_weights():
    model = network(early_stopping=True, max_iter=60, learning_rate_init=0.05, n_iter_no_change=5).fit(X, y)
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.best_loss_ is None
    assert len(model.validation_scores_) == model.n_iter_ < 60


def test_warm_start_goes_on():
    model = network(warm_start=True, max_iter=5).fit(X, y)
    first = model.coefs_[0].copy()
    losses = list(model.loss_curve_)
    model.fit(X, y)
    assert model.n_iter_ == 5
    assert model.loss_curve_[:5] == losses
    assert model.loss_curve_[5] < losses[0]
    assert model.t_ == 10 * len(X)
    assert not np.array_equal(first, model.coefs_[0])


def test_partial_fit_is_fit_in_parts():
    settings = {"solver": "sgd", "momentum": 0.9, "batch_size": 150, "learning_rate_init": 0.1, "tol": 0.0}
    whole = network(max_iter=20, n_iter_no_change=100, **settings).fit(X, y)
    parts = network(**settings)
    for _ in range(20):
        parts.partial_fit(X, y, classes=[0, 1, 2])
    np.testing.assert_allclose(parts.predict_proba(X), whole.predict_proba(X), rtol=1e-6)
    assert parts.t_ == whole.t_


def test_categories_are_learned():
    rng = np.random.default_rng(0)
    levels = np.array(list("abcdefgh"))
    column = levels[rng.integers(8, size=300)]
    frame = pd.DataFrame({"noise": rng.normal(size=300), "kind": column})
    target = np.isin(column, list("aceg")).astype(int)
    settings = {"hidden_layer_sizes": 8, "learning_rate_init": 0.05, "max_iter": 60}
    model = network(**settings, categorical_features="from_dtype").fit(frame, target)
    assert model.score(frame, target) > 0.98
    assert np.isfinite(model.predict_proba(frame.assign(kind="new"))).all()
    with pytest.raises(ValueError, match="could not convert string"):
        network().fit(frame, target)


@pytest.mark.parametrize("Estimator", [MLPClassifier, MLPRegressor])
def test_edge_cases(Estimator):
    with pytest.raises(ValueError, match=r"hidden_layer_sizes must be > 0.*got"):
        Estimator(hidden_layer_sizes=(5, 0)).fit(X, y)
    with pytest.raises(ValueError, match="batch_norm and layer_norm do the same"):
        Estimator(batch_norm=True, layer_norm=True).fit(X, y)
    with pytest.raises(ValueError, match=r"highway.*has no normalisation"):
        Estimator(batch_norm=True, blocks="highway").fit(X, y)
    with pytest.raises(ValueError, match="validation set is too small"):
        Estimator(early_stopping=True).fit(X[45:54], np.r_[[0] * 4, [1] * 5])
    with pytest.raises(ValueError, match="does not support early_stopping"):
        Estimator(early_stopping=True).partial_fit(X, y)
    with pytest.raises(AttributeError):
        Estimator(solver="lbfgs").partial_fit(X, y)
    assert not hasattr(Estimator(), "coefs_")
    linear = Estimator(hidden_layer_sizes=(), max_iter=2, random_state=0).fit(X, y)
    assert len(linear.coefs_) == 1
    with pytest.warns(UserWarning, match="batch_size"):
        Estimator(batch_size=1000, max_iter=1).fit(X, y)


def test_batch_of_one_with_batch_norm():
    model = network(batch_norm=True, batch_size=149, max_iter=2).fit(X, y)  # 150 rows: the last joins the batch before
    assert np.isfinite(model.predict_proba(X)).all()
    with pytest.raises(ValueError, match="batch_norm needs at least 2 rows"):
        MLPRegressor(batch_norm=True).fit(X[:1], [1.0])


def test_divergence_is_caught():
    with pytest.raises(DivergenceError):
        MLPRegressor(activation="identity", solver="sgd", learning_rate_init=100, random_state=0).fit(1e6 * X, y)


def test_not_converged_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConvergenceWarning, match="Maximum iterations"):
            network(max_iter=2).fit(X, y)
        with pytest.raises(ConvergenceWarning, match="lbfgs failed to converge"):
            network(solver="lbfgs", max_iter=2).fit(X, y)
