"""Decision regions: the boundary is where predictions change, slack is what it is in the formula."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib.figure import Figure
from scipy.sparse import csr_matrix
from sklearn.datasets import load_iris, make_moons
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from panlearn.plot import figure_svg, plot_decision_regions
from panlearn.svm import SVC, SVR, LinearSVC, OneClassSVM

SQUARE = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
SIDES = np.array([0, 0, 1, 1])


def iris() -> tuple[np.ndarray, np.ndarray]:
    data: Any = load_iris()
    return data.data, data.target


def moons() -> tuple[np.ndarray, np.ndarray]:
    X, y = make_moons(60, noise=0.1, random_state=0)
    return np.asarray(X), np.asarray(y)


def drawn(axes, label) -> np.ndarray:
    """Coordinates of the marks or the line of that name."""
    (line,) = (line for line in axes.lines if line.get_label() == label)
    return line.get_xydata()


def filled(axes) -> list[Any]:
    return [c for c in axes.collections if len(c.get_facecolor())]


def contours(axes, width, dashed) -> list[Any]:
    """The contour lines of one look."""
    found = [c for c in axes.collections if not len(c.get_facecolor()) and c.get_linewidths()[0] == width]
    return [segment for c in found if (c.get_linestyles()[0][1] is not None) == dashed for segment in c.get_paths()]


def test_boundary_and_margins_are_where_the_formula_says():
    machine = SVC(kernel="linear", C=100).fit(SQUARE, SIDES)  # w = (1, 0), b = 0
    axes = plot_decision_regions(machine, SQUARE, SIDES).axes[0]
    (boundary,) = contours(axes, 1.2, dashed=False)
    np.testing.assert_allclose(boundary.vertices[:, 0], 0, atol=1e-3)
    at = np.concatenate([path.vertices[:, 0] for path in contours(axes, 1.0, dashed=True)])
    np.testing.assert_allclose(np.abs(at), 1, atol=1e-3)
    assert {round(x) for x in at} == {-1, 1}


def test_regions_hold_the_points_that_are_predicted_so():
    X, y = iris()
    X = X[:, :2]
    machine = SVC().fit(X, y)
    axes = plot_decision_regions(machine, X, y).axes[0]
    regions = filled(axes)
    assert len(regions) == 3
    predicted = machine.predict(X)
    inside = np.array([[any(p.contains_point(x) for p in c.get_paths()) for c in regions] for x in X])
    assert np.mean(inside[np.arange(len(X)), predicted]) > 0.98  # a row on the line may fall on either side of it
    assert inside.sum(axis=1).max() == 1


def test_support_vectors_are_ringed_behind_a_scaler_too():
    X, y = moons()
    machine: Any = make_pipeline(StandardScaler(), SVC()).fit(X, y)
    axes = plot_decision_regions(machine, X, y).axes[0]
    np.testing.assert_array_equal(drawn(axes, "support vector"), X[machine[-1].support_])
    other = plot_decision_regions(machine, X[:30] + 1, y[:30]).axes[0]
    assert "support vector" not in [line.get_label() for line in other.lines]
    without = plot_decision_regions(machine, X, y, support_vectors=False).axes[0]
    assert "support vector" not in [line.get_label() for line in without.lines]


@pytest.mark.parametrize("scaled", [False, True])
def test_slack_ends_on_the_margin_and_is_as_long_as_the_formula_says(scaled):
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(-2, 0.5, (12, 2)), rng.normal(2, 0.5, (12, 2)), [[1.5, 1.0]]]) * [1.0, 2.0]
    y = np.array(["no"] * 12 + ["yes"] * 12 + ["no"])
    machine: Any = SVC(kernel="linear", C=1.0)
    machine = (make_pipeline(StandardScaler(), machine) if scaled else machine).fit(X, y)
    axes = plot_decision_regions(machine, X, y, slack=True).axes[0]
    f = machine.decision_function(X) * np.where(y == "yes", 1, -1)
    start, foot = drawn(axes, "slack: ξ/‖w‖ long")
    row = np.flatnonzero((start == X).all(axis=1))[0]
    np.testing.assert_allclose(machine.decision_function([foot]), -1 if y[row] == "no" else 1, atol=1e-6)
    if not scaled:
        length = np.linalg.norm(foot - start)
        np.testing.assert_allclose(length, (1 - f[row]) / np.linalg.norm(machine.coef_), rtol=1e-6)
    worst = 1 - f.min()
    assert [text.get_text() for text in axes.texts] == [f"ξ = {worst:.3g}"]
    assert axes.get_aspect() == 1.0


@pytest.mark.parametrize("machine", [SVC(kernel="rbf"), KNeighborsClassifier(2)])
def test_slack_of_a_machine_that_is_not_linear_is_refused(machine):
    with pytest.raises(ValueError, match="slack=True needs a linear machine of two classes"):
        plot_decision_regions(machine.fit(SQUARE, SIDES), SQUARE, SIDES, slack=True)


def test_one_class():
    X, _ = moons()
    machine = OneClassSVM(nu=0.2, gamma=1.0).fit(X)
    axes = plot_decision_regions(machine, X).axes[0]
    np.testing.assert_array_equal(drawn(axes, "inlier"), X[machine.predict(X) == 1])
    np.testing.assert_array_equal(drawn(axes, "outlier"), X[machine.predict(X) == -1])
    assert "f = ±1" not in [line.get_label() for line in axes.lines]


@pytest.mark.parametrize(
    "machine",
    [LinearSVC(), LogisticRegression(), KNeighborsClassifier(1), DecisionTreeClassifier(), SVC()],
    ids=lambda machine: type(machine).__name__,
)
@pytest.mark.parametrize("classes", [2, 3])
def test_any_classifier(machine, classes):
    X, y = iris()
    X, y = X[y < classes][:, 2:], y[y < classes]
    figure = plot_decision_regions(machine.fit(X, y), X, y, resolution=40)
    assert len(drawn(figure.axes[0], "1")) == 50
    assert figure_svg(figure).startswith("<svg")


def test_predictions_alone_are_enough():
    class Side:
        classes_ = np.array(["left", "right"])

        def __sklearn_is_fitted__(self):
            return True

        def fit(self, X, y):
            return self

        def predict(self, X):
            return self.classes_[(X[:, 0] > 0).astype(int)]

        def __sklearn_tags__(self):
            return SVC().__sklearn_tags__()

    axes = plot_decision_regions(Side(), SQUARE, np.array(["left", "left", "right", "right"])).axes[0]
    (line, *_) = contours(axes, 1.2, dashed=False)
    np.testing.assert_allclose(line.vertices[:, 0], 0, atol=0.02)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_data_frames_name_the_axes(frame):
    X = frame({"length": SQUARE[:, 0], "width": SQUARE[:, 1]})
    axes = plot_decision_regions(SVC().fit(X, SIDES), X, SIDES).axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("length", "width")


def test_sparse_rows_and_a_finished_search():
    search = GridSearchCV(SVC(), {"C": [1, 10]}, cv=2).fit(SQUARE, SIDES)
    axes = plot_decision_regions(search, csr_matrix(SQUARE), SIDES).axes[0]
    np.testing.assert_array_equal(drawn(axes, "0"), SQUARE[:2])


def test_rows_without_a_label_are_dots():
    labels = np.array([0, -1, 1, -1])
    axes = plot_decision_regions(SVC().fit(SQUARE, SIDES), SQUARE, labels).axes[0]
    np.testing.assert_array_equal(drawn(axes, "no label"), SQUARE[[1, 3]])


def test_axes_of_others_are_drawn_into():
    figure = Figure()
    axes = figure.add_subplot()
    machine = SVC().fit(SQUARE, SIDES)
    assert plot_decision_regions(machine, SQUARE, SIDES, ax=axes) is figure
    assert filled(axes)
    assert not figure.legends


def test_constant_feature_and_a_single_row():
    X = np.array([[0.0, 5.0], [1.0, 5.0]])
    machine = SVC(kernel="linear").fit(X, [0, 1])
    low, high = plot_decision_regions(machine, X, [0, 1]).axes[0].get_ylim()
    assert low < 5 < high
    plot_decision_regions(machine, X[:1], [0], slack=True).draw_without_rendering()


@pytest.mark.parametrize(
    ("machine", "X", "y", "error", "message"),
    [
        (SVR().fit(SQUARE, SIDES), SQUARE, SIDES, TypeError, "got SVR: see plot_residuals"),
        (LinearRegression().fit(SQUARE, SIDES), SQUARE, SIDES, TypeError, "draws classifiers"),
        (SVC().fit(np.eye(3), [0, 1, 1]), np.eye(3), [0, 1, 1], ValueError, "plane of two features"),
        (SVC().fit(SQUARE, SIDES), SQUARE, SIDES[:2], ValueError, "a label for each of the 4 rows"),
        (SVC().fit(SQUARE, SIDES), SQUARE, ["a", "b", "a", "b"], ValueError, "some of them among the classes"),
        (SVC().fit(SQUARE, SIDES), SQUARE[:, 0], SIDES, ValueError, "plane of two features"),
        (KNeighborsClassifier(1).fit(np.c_[:12, :12], range(12)), SQUARE, None, ValueError, "at most 10 classes"),
    ],
)
def test_bad_input_is_said(machine, X, y, error, message):
    with pytest.raises(error, match=message):
        plot_decision_regions(machine, X, y)


def test_resolution_is_checked():
    with pytest.raises(ValueError, match="resolution must be at least 2"):
        plot_decision_regions(SVC().fit(SQUARE, SIDES), SQUARE, SIDES, resolution=1)
