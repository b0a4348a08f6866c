"""Partial dependence of a linear model is its line."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression

from panlearn.plot import plot_partial_dependence

X = np.random.default_rng(0).normal(size=(60, 3))


def test_one_feature():
    model = LinearRegression().fit(X, 2 * X[:, 0] + X[:, 1])
    (axes,) = plot_partial_dependence(model, X, 0, rows=False).axes
    x, y = axes.lines[0].get_data()
    np.testing.assert_allclose(np.diff(y) / np.diff(x), 2.0)
    assert len(plot_partial_dependence(model, X, 0).axes[0].lines) == 62  # 60 rows, their mean, the tenths


def test_two_features_and_names():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    model = LinearRegression().fit(frame, X[:, 0] * 2)
    axes = plot_partial_dependence(model, frame, ["a", "b"], grid_resolution=8).axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("a", "b")


def test_a_class_must_be_named():
    data, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=500).fit(data, y)
    assert plot_partial_dependence(model, data, 2, target=1).axes[0].get_ylabel() == "mean probability"
    with pytest.raises(ValueError, match="target must be one of"):
        plot_partial_dependence(model, data, 2)
    with pytest.raises(ValueError, match="one or two"):
        plot_partial_dependence(model, data, [0, 1, 2], target=1)
