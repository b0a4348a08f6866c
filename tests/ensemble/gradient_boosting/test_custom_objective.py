"""Objectives of the user."""

from typing import Any

import numpy as np
from sklearn._loss import HalfPoissonLoss

from panlearn.ensemble.gradient_boosting.custom_objective import CustomObjective


def test_shapes_and_starts():
    seen = []

    def function(y, raw):
        seen.append(raw.shape)
        return np.zeros_like(raw), np.ones_like(raw)

    for columns, shape in ((1, (5,)), (3, (5, 3))):
        loss: Any = CustomObjective(function, columns)
        g, h = loss.derivatives(np.zeros((5, columns)), np.zeros(5))
        assert g.shape == h.shape == (5, columns)
        assert seen[-1] == shape
        np.testing.assert_array_equal(loss.start(np.ones(5), None), np.zeros(columns))
    assert not loss.has_values


def test_an_object_is_used_whole():
    y, raw = np.array([1.0, 2.0, 4.0]), np.array([[0.1], [0.2], [0.3]])
    peer, loss = HalfPoissonLoss(), CustomObjective(HalfPoissonLoss(), 1)
    assert loss.has_values
    np.testing.assert_allclose(loss.start(y, None), np.log(y.mean()))
    np.testing.assert_allclose(loss.values(raw, y), peer.loss(y_true=y, raw_prediction=raw[:, 0].copy()))
    np.testing.assert_allclose(loss.inverse(raw), np.exp(raw))


def test_curvatures_are_made_positive():
    loss: Any = CustomObjective(lambda y, raw: (raw, -np.ones_like(raw)), 1)
    assert (loss.derivatives(np.ones((4, 1)), np.ones(4))[1] > 0).all()
