"""Means of a forest: several outputs, scores out of bag."""

import numpy as np
import pytest

from panlearn.ensemble import RandomForestRegressor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3))
Y = np.column_stack([X[:, 0], X[:, 1] ** 2])


def test_several_outputs():
    model = RandomForestRegressor(60, random_state=0, oob_score=True).fit(X, Y)
    assert model.predict(X).shape == model.oob_prediction_.shape == (120, 2)
    each = [1 - np.mean((Y - model.oob_prediction_)[:, k] ** 2) / Y[:, k].var() for k in range(2)]
    assert model.oob_score_ == pytest.approx(np.mean(each))
    assert model.certificate_.startswith(f"out-of-bag score {model.oob_score_:.4g}")


def test_members_are_kept_only_when_asked():
    assert RandomForestRegressor(2).fit(X, Y)._members is None
    model = RandomForestRegressor(3, keep_members=True, random_state=0).fit(X, Y[:, 0])
    counts = [len(set(rows)) for rows in model.estimators_samples_]
    assert len(model._members.rank) == sum(counts)
