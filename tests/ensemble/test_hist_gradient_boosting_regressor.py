"""Histogram gradient boosting for numbers."""

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.base
import sklearn.ensemble as peer
from sklearn.metrics import mean_pinball_loss

import panlearn
from panlearn.ensemble import HistGradientBoostingRegressor
from panlearn.ensemble.gradient_boosting.boosted_loss import LogLink, Squared
from tests.oracles.gradient_boosting import Settings, boost

clone: Any = sklearn.base.clone


def data(n=300, p=4, seed=0, values=None):
    """Noisy product; with `values`, few distinct ones, so that bins are exact."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) if values is None else rng.integers(0, values, (n, p)).astype(float)
    return X, X[:, 0] * X[:, 1] + X[:, 2] + rng.normal(size=n) * 0.3


def test_matches_oracle():
    """Trees, gains and missing values, by brute force over all thresholds."""
    X, y = data(120, 3)
    X[np.random.default_rng(1).uniform(size=X.shape) < 0.1] = np.nan
    settings = Settings(max_leaves=8, min_rows=5, l2=0.7)

    def derivatives(raw, y):
        return raw - y, np.ones(len(y))

    raw, trees = boost(X, y, derivatives, 6, 0.2, y.mean(), settings)
    model = HistGradientBoostingRegressor(
        max_iter=6, learning_rate=0.2, max_leaf_nodes=8, min_samples_leaf=5, l2_regularization=0.7
    ).fit(X, y)
    np.testing.assert_allclose(model.predict(X), raw, rtol=1e-6)
    assert model._trees[0][0].n_leaves == 8
    assert trees[0].question[0] == model._trees[0][0].feature[0]


CASES = [(loss, weighted) for loss in ("squared_error", "poisson", "gamma") for weighted in (False, True)]


@pytest.mark.parametrize(("loss", "weighted"), [*CASES, ("absolute_error", False)])
def test_matches_peer(loss, weighted):
    """Where each value has its own bin, trees and predictions are scikit-learn's (but for medians of weighted rows)."""
    X, y = data(250)
    y = np.abs(y) + 0.1
    weight = np.random.default_rng(3).uniform(0.5, 2.0, 250) if weighted else None
    kw = {"loss": loss, "max_iter": 15, "max_leaf_nodes": 7, "min_samples_leaf": 8}
    ours = HistGradientBoostingRegressor(**kw).fit(X, y, weight)
    theirs = peer.HistGradientBoostingRegressor(**kw).fit(X, y, weight)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=2e-4)


def test_test_loss_is_the_peers():
    X, y = data(3000, 8)
    Z, truth = data(2000, 8, seed=1)
    ours, theirs = HistGradientBoostingRegressor().fit(X, y), peer.HistGradientBoostingRegressor().fit(X, y)
    errors = [np.sqrt(np.mean((model.predict(Z) - truth) ** 2)) for model in (ours, theirs)]
    assert errors[0] < 1.02 * errors[1]


@pytest.mark.parametrize("loss", ["squared_error", "poisson", "gamma", "tweedie", "absolute_error", "quantile"])
def test_optimality(loss):
    """Without sampling the training loss of a convex loss never rises; each leaf's gradients shrink."""
    X, y = data(400)
    y = np.abs(y) + 0.05
    quantile = 0.7 if loss == "quantile" else None
    model = HistGradientBoostingRegressor(
        loss=loss, quantile=quantile, max_iter=40, early_stopping=True, validation_fraction=None, tol=0.0
    ).fit(X, y)
    assert (np.diff(model.train_score_) >= -1e-9).all()
    assert model.train_score_[-1] > model.train_score_[0]
    assert model.certificate_.startswith(f"training loss {-model.train_score_[-1]:.4g} with")


def test_one_round_of_squared_error_is_a_tree_of_the_residuals():
    X, y = data(200)
    tree = panlearn.tree.DecisionTreeRegressor(max_leaf_nodes=6, min_samples_leaf=5).fit(X, y - y.mean())
    model = HistGradientBoostingRegressor(max_iter=1, learning_rate=1.0, max_leaf_nodes=6, min_samples_leaf=5).fit(X, y)
    np.testing.assert_allclose(model.predict(X), y.mean() + tree.predict(X), rtol=1e-6)


def test_invariances():
    X, y = data(200)
    model = HistGradientBoostingRegressor(max_iter=10, min_samples_leaf=5)
    first = model.fit(X, y).predict(X)
    rng = np.random.default_rng(2)
    order = rng.permutation(200)
    np.testing.assert_allclose(model.fit(X[order], y[order]).predict(X), first, rtol=1e-6)
    np.testing.assert_allclose(model.fit(np.exp(X), y).predict(np.exp(X)), first, rtol=1e-6)  # only order counts
    np.testing.assert_allclose(model.fit(X * 1e150, y * 1e6).predict(X * 1e150), first * 1e6, rtol=1e-6)
    np.testing.assert_allclose(model.fit(X * 1e-150, y * 1e-9).predict(X * 1e-150), first * 1e-9, rtol=1e-6)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "poisson"])
def test_weights_are_repetitions(loss):
    X, y = data(120)
    y = np.abs(y) + 0.1
    repeats = np.random.default_rng(1).integers(0, 4, 120)
    model = HistGradientBoostingRegressor(loss=loss, max_iter=10, min_samples_leaf=1, max_leaf_nodes=6)
    weighted = clone(model).fit(X, y, repeats.astype(float))
    repeated = clone(model).fit(np.repeat(X, repeats, axis=0), np.repeat(y, repeats))
    kept = repeats > 0  # a row of weight 0 may lie beyond a threshold between the others
    np.testing.assert_allclose(weighted.predict(X[kept]), repeated.predict(X[kept]), rtol=1e-5)


def test_missing_values_go_where_they_gain():
    X, y = data(400)
    y = y + 10 * (np.arange(400) % 5 == 0)
    X[np.arange(400) % 5 == 0, 3] = np.nan
    assert HistGradientBoostingRegressor().fit(X, y).score(X, y) > 0.9
    X[:] = np.nan  # nothing but missing values
    model = HistGradientBoostingRegressor().fit(X, y)
    np.testing.assert_allclose(model.predict(X), y.mean())


@pytest.mark.parametrize("kind", ["pandas", "codes"])
def test_categories(kind):
    """Subsets of many categories, unseen ones as missing, by one split."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 40, 3000)
    y = np.isin(codes, rng.permutation(40)[:20]).astype(float)
    if kind == "pandas":
        X = pd.DataFrame({"a": pd.Categorical([f"level {c}" for c in codes]), "b": rng.normal(size=3000)})
        unseen = pd.DataFrame({"a": pd.Categorical(["never"]), "b": [0.0]})
        model = HistGradientBoostingRegressor(max_iter=1, learning_rate=1.0, max_leaf_nodes=2)
    else:
        X, unseen = np.column_stack([codes.astype(float), rng.normal(size=3000)]), np.array([[99.0, 0.0]])
        model = HistGradientBoostingRegressor(max_iter=1, learning_rate=1.0, max_leaf_nodes=2, categorical_features=[0])
    model.fit(X, y)
    np.testing.assert_allclose(model.predict(X), y, atol=1e-6)
    assert model.is_categorical_.tolist() == [True, False]
    assert np.isfinite(model.predict(unseen)).all()


def test_ten_thousand_categories():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 10_000, 20_000)
    effect = rng.normal(size=10_000)
    X = np.column_stack([codes, rng.normal(size=20_000)]).astype(float)
    y = effect[codes] + X[:, 1]
    model = HistGradientBoostingRegressor(categorical_features=[0], max_iter=20, early_stopping=False).fit(X, y)
    assert model.score(X, y) > 0.3
    assert np.isfinite(model.predict([[1e9, 0.0], [np.nan, 0.0]])).all()


def test_monotone_constraints():
    X, y = data(500, 3)
    y = y + 3 * X[:, 0] - 3 * X[:, 1]
    grid = np.linspace(-3, 3, 50)
    model = HistGradientBoostingRegressor(monotonic_cst=[1, -1, 0]).fit(X, y)
    for row in X[:20]:
        rows = np.tile(row, (50, 1))
        rows[:, 0] = grid
        assert (np.diff(model.predict(rows)) >= -1e-12).all()
        rows = np.tile(row, (50, 1))
        rows[:, 1] = grid
        assert (np.diff(model.predict(rows)) <= 1e-12).all()
    by_name = HistGradientBoostingRegressor(monotonic_cst={"a": 1, "b": -1}).fit(
        pd.DataFrame(X, columns=["a", "b", "c"]), y
    )
    np.testing.assert_array_equal(by_name.predict(pd.DataFrame(X, columns=["a", "b", "c"])), model.predict(X))


def test_interaction_constraints():
    """f(x0 + d, x1 + d) - f(x0 + d, x1) - f(x0, x1 + d) + f(x0, x1) = 0 where the two may not meet."""
    X, y = data(600, 3)
    model = HistGradientBoostingRegressor(interaction_cst=[[0], [1, 2]]).fit(X, y)
    a, b = X.copy(), X.copy()
    a[:, 0] += 0.7
    b[:, 1] += 0.7
    both = a.copy()
    both[:, 1] += 0.7
    difference = model.predict(both) - model.predict(a) - model.predict(b) + model.predict(X)
    np.testing.assert_allclose(difference, 0.0, atol=1e-10)
    for stage in model._trees:
        tree = stage[0]
        used = set(tree.feature[tree.feature >= 0].tolist())
        assert used <= {0} or used <= {1, 2} or tree.n_leaves > 2


@pytest.mark.parametrize("q", [0.1, 0.5, 0.9])
def test_a_quantile_is_covered(q):
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(4000, 1))
    y = rng.exponential(1 + X[:, 0])
    model = HistGradientBoostingRegressor(loss="quantile", quantile=q, max_leaf_nodes=8, max_iter=40).fit(X, y)
    assert abs((y < model.predict(X)).mean() - q) < 0.02
    constant = mean_pinball_loss(y, np.full(4000, np.quantile(y, q)), alpha=q)
    assert mean_pinball_loss(y, model.predict(X), alpha=q) < constant


def test_several_targets_are_fitted_one_by_one():
    X, y = data(300)
    Y = np.column_stack([y, X[:, 0] - y])
    model = HistGradientBoostingRegressor(max_iter=10).fit(X, Y)
    assert model.n_trees_per_iteration_ == 2
    for k in range(2):
        single = HistGradientBoostingRegressor(max_iter=10).fit(X, Y[:, k])
        np.testing.assert_allclose(model.predict(X)[:, k], single.predict(X))
    assert next(iter(model.staged_predict(X))).shape == (300, 2)


def test_tweedie_between_poisson_and_gamma():
    X, y = data(300)
    y = np.exp(y / 4)
    for power, name in ((1.0, "poisson"), (2.0, "gamma")):
        ours = HistGradientBoostingRegressor(loss="tweedie", tweedie_power=power, max_iter=10).fit(X, y)
        named = HistGradientBoostingRegressor(loss=name, max_iter=10).fit(X, y)
        np.testing.assert_allclose(ours.predict(X), named.predict(X), rtol=1e-7)


def test_custom_objectives():
    X, y = data(300)
    named = HistGradientBoostingRegressor(max_iter=10).fit(X, y - y.mean())

    def objective(y, raw):
        return raw - y, np.ones_like(y)

    ours = HistGradientBoostingRegressor(loss=objective, max_iter=10).fit(X, y - y.mean())
    np.testing.assert_allclose(ours.predict(X), named.predict(X), rtol=1e-4, atol=1e-4)
    with pytest.raises(ValueError, match="scoring"):
        HistGradientBoostingRegressor(loss=objective, early_stopping=True).fit(X, y)
    with pytest.raises(ValueError, match="must return a gradient and a Hessian of shape"):
        HistGradientBoostingRegressor(loss=lambda y, raw: (raw[:3], raw)).fit(X, y)
    with pytest.raises(ValueError, match="NaN or infinite"):
        HistGradientBoostingRegressor(loss=lambda y, raw: (raw * np.nan, raw)).fit(X, y)


def test_warm_start_is_from_scratch():
    X, y = data(300)
    for settings in ({}, {"max_features": 0.5}, {"row_sampling": "goss"}, {"dart": 0.2}):
        whole = HistGradientBoostingRegressor(max_iter=12, random_state=0, **settings).fit(X, y)
        parts = HistGradientBoostingRegressor(max_iter=5, random_state=0, warm_start=True, **settings).fit(X, y)
        parts.set_params(max_iter=12).fit(X, y)
        np.testing.assert_allclose(parts.predict(X), whole.predict(X), rtol=1e-6, err_msg=str(settings))
    with pytest.raises(ValueError, match="must be larger than or equal to n_iter_=12"):
        parts.set_params(max_iter=3).fit(X, y)


def test_sampling_and_penalties():
    X, y = data(1000)
    plain = HistGradientBoostingRegressor(max_iter=30).fit(X, y)
    goss = HistGradientBoostingRegressor(max_iter=30, row_sampling="goss", random_state=0).fit(X, y)
    assert goss.score(X, y) > plain.score(X, y) - 0.1
    assert not np.array_equal(goss.predict(X), plain.predict(X))
    none = HistGradientBoostingRegressor(max_iter=5, min_gain=1e9).fit(X, y)
    np.testing.assert_allclose(none.predict(X), y.mean())
    shrunk = HistGradientBoostingRegressor(max_iter=5, l1_regularization=1e6).fit(X, y)
    np.testing.assert_allclose(shrunk.predict(X), y.mean())


def test_edge_cases():
    X, y = data(60)
    one = HistGradientBoostingRegressor().fit(X[:1], y[:1])
    np.testing.assert_allclose(one.predict(X[:1]), y[:1])
    constant = HistGradientBoostingRegressor().fit(X, np.full(60, 3.0))
    assert (constant.predict(X) == 3.0).all()
    flat = HistGradientBoostingRegressor().fit(np.ones((60, 2)), y)
    np.testing.assert_allclose(flat.predict(np.ones((1, 2))), y.mean())
    infinite = HistGradientBoostingRegressor(min_samples_leaf=1).fit([[-np.inf], [0.0], [1.0], [np.inf]], [0, 0, 1, 1])
    np.testing.assert_allclose(infinite.predict([[-np.inf], [np.inf]]), [0, 1], atol=1e-4)
    for loss, bad in (("gamma", 0.0), ("poisson", -1.0), ("tweedie", -1.0)):
        with pytest.raises(ValueError, match=f"loss='{loss}' requires"):
            HistGradientBoostingRegressor(loss=loss).fit(X, np.append(np.abs(y[1:]), bad))
    with pytest.raises(ValueError, match=r"requires non-negative y and sum\(y\) > 0"):
        HistGradientBoostingRegressor(loss="poisson").fit(X, np.zeros(60))
    with pytest.raises(ValueError, match="needs a quantile"):
        HistGradientBoostingRegressor(loss="quantile").fit(X, y)
    with pytest.raises(ValueError, match="at least one non-zero"):
        HistGradientBoostingRegressor().fit(X, y, np.zeros(60))
    with pytest.raises(ValueError, match="NaN"):
        HistGradientBoostingRegressor().fit(X, np.append(y[1:], np.nan))
    for bad in ({"learning_rate": 0.0}, {"max_bins": 256}, {"dart": 1.0}, {"loss": "cubic"}, {"tweedie_power": 3}):
        with pytest.raises(ValueError, match=f"The '{next(iter(bad))}' parameter"):
            HistGradientBoostingRegressor(**bad).fit(X, y)


def test_works_with_others(tmp_path):
    X, y = data(150)
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    model = HistGradientBoostingRegressor(max_iter=5).fit(frame, y)
    assert model.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    expected = model.predict(frame)
    for again in (
        pickle.loads(pickle.dumps(model)),
        panlearn.load(panlearn.save(model, tmp_path / "m.panlearn")),
    ):
        np.testing.assert_array_equal(again.predict(frame), expected)
    single = HistGradientBoostingRegressor(max_iter=5).fit(X.astype(np.float32), y)
    np.testing.assert_allclose(single.predict(X.astype(np.float32)), expected, rtol=0.05, atol=0.05)
    np.testing.assert_allclose(list(model.staged_predict(frame))[-1], expected)
    assert isinstance(model._loss, Squared)
    assert isinstance(HistGradientBoostingRegressor(loss="gamma").fit(X, np.exp(y))._loss, LogLink)


def test_reproducible():
    X, y = data(400)
    model = HistGradientBoostingRegressor(max_iter=10, max_features=0.5, row_sampling="goss", random_state=3)
    first = model.fit(X, y).predict(X)
    np.testing.assert_array_equal(clone(model).fit(X, y).predict(X), first)
    with panlearn.threads(1):
        np.testing.assert_array_equal(clone(model).fit(X, y).predict(X), first)
    assert not np.array_equal(clone(model).set_params(random_state=4).fit(X, y).predict(X), first)
