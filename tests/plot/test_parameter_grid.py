"""The grid of a search: each pair in its cell, the best framed."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib.colors import to_hex
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from panlearn.plot import plot_parameter_grid
from panlearn.plot.style import SECOND

TABLE = {
    "param_C": [1.0, 1.0, 100.0, 100.0],
    "param_gamma": [0.1, 1.0, 0.1, 1.0],
    "mean_test_score": [0.7, 0.8, 0.9, 0.6],
}


def frame_of(axes):
    """Corners of the frame around the best cell."""
    (patch,) = (p for p in axes.patches if to_hex(p.get_edgecolor()) == SECOND)
    return patch.get_bbox()


@pytest.mark.parametrize("kind", [dict, pd.DataFrame, pl.DataFrame])
def test_each_score_stands_at_its_pair(kind):
    axes = plot_parameter_grid(kind(TABLE)).axes[0]
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written == {(1.0, 0.1): "0.70", (1.0, 1.0): "0.80", (100.0, 0.1): "0.90", (100.0, 1.0): "0.60"}
    box = frame_of(axes)
    assert box.x0 < 100 < box.x1
    assert box.y0 < 0.1 < box.y1
    assert (box.x0, box.x1) == pytest.approx((10, 1000))  # half way on the logarithmic axis


def test_a_search_through_a_pipeline():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 2)), rng.integers(0, 2, 40)
    grid = {"logisticregression__C": [0.01, 1.0, 100.0], "logisticregression__tol": [1e-4, 1e-2]}
    search = GridSearchCV(make_pipeline(StandardScaler(), LogisticRegression()), grid).fit(X, y)
    figure = plot_parameter_grid(search, y="tol")
    assert len(figure.axes[0].texts) == 6
    assert f"{search.best_score_:.3f}" in figure.axes[0].get_title(loc="left")


def test_the_best_over_other_parameters_counts_and_failed_fits_are_left_out():
    table = {key: values * 2 for key, values in TABLE.items()}
    table["mean_test_score"] = [0.7, 0.8, 0.9, np.nan, 0.75, np.nan, 0.5, np.nan]
    axes = plot_parameter_grid(table).axes[0]
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written == {(1.0, 0.1): "0.75", (1.0, 1.0): "0.80", (100.0, 0.1): "0.90"}


def test_scales_follow_the_values():
    table = {"param_C": [-1, 0, 1], "param_gamma": [1, 1, 1], "mean_test_score": [1, 2, 3]}
    axes = plot_parameter_grid(table).axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("linear", "linear")
    many = {"param_C": np.logspace(-9, 9, 30), "param_gamma": np.ones(30), "mean_test_score": np.arange(30)}
    axes = plot_parameter_grid(many).axes[0]
    assert axes.get_xscale() == "log"
    assert len(axes.get_xticks()) <= 9
    equal = TABLE | {"mean_test_score": [0.5] * 4}
    plot_parameter_grid(equal).draw_without_rendering()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (GridSearchCV(LogisticRegression(), {}), "call fit first"),
        ({}, "one column 'param_C'"),
        (TABLE | {"mean_test_score": [np.nan] * 4}, "at least one finite score"),
        (TABLE | {"param_gamma": ["scale"] * 4}, "param_gamma must hold numbers"),
        ({"param_a__C": [1], "param_b__C": [1]}, r"got \['param_a__C', 'param_b__C'\]"),
    ],
)
def test_bad_input_is_said(table, message):
    with pytest.raises(ValueError, match=message):
        plot_parameter_grid(table)
