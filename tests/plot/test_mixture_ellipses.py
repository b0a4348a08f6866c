"""Ellipses of a Gaussian mixture."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Ellipse

from panlearn.mixture import GaussianMixture
from panlearn.plot import figure_svg, plot_mixture_ellipses
from tests.oracles.missing_gaussian import as_matrices

RNG = np.random.default_rng(0)
X = np.vstack([RNG.normal(size=(40, 3)) * [1, 2, 1], RNG.normal([9, 0, 4], 1.0, (60, 3))])


def ellipses(figure):
    return [patch for patch in figure.axes[0].patches if isinstance(patch, Ellipse)]


@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
def test_every_point_of_an_ellipse_has_its_mahalanobis_distance(kind):
    mixture = GaussianMixture(2, covariance_type=kind, random_state=0).fit(X)
    drawn = ellipses(plot_mixture_ellipses(mixture, X, features=(2, 0), deviations=(1.5,)))
    matrices = as_matrices(mixture.covariances_, kind, 2, 3)
    for c, ellipse in enumerate(drawn):
        points = ellipse.get_patch_transform().transform(ellipse.get_path().vertices)
        on = points[[0, 3, 6, 9, 12]] - mixture.means_[c][[2, 0]]  # ends of the Bezier pieces lie on the curve
        covariance = matrices[c][np.ix_([2, 0], [2, 0])]
        distances = np.sqrt(np.einsum("ij,ij->i", on, np.linalg.solve(covariance, on.T).T))
        np.testing.assert_allclose(distances, 1.5, rtol=1e-6)


def test_unsure_rows_are_hollow_and_half_rows_are_ticks():
    rows = np.vstack([X, [[4.5, 0.0, 2.0], [9.0, np.nan, 4.0], [np.nan, 0.5, np.nan]]])
    table = pd.DataFrame(rows, columns=["a", "b", "c"])
    mixture = GaussianMixture(2, covariance_type="tied", random_state=0).fit(table)
    figure = plot_mixture_ellipses(mixture, table)
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("a", "b")
    drawn = {line.get_marker(): 0 for line in axes.lines}
    for line in axes.lines:
        drawn[line.get_marker()] += np.size(line.get_xdata())
    assert drawn == {"o": 101, "|": 1, "_": 1}
    sure = mixture.predict_proba(table[:101]).max(axis=1) >= 0.9
    assert sum(np.size(line.get_xdata()) for line in axes.lines if line.get_fillstyle() == "none") == (~sure).sum()
    assert "component 1" in figure_svg(figure, label="mixture")


def test_more_components_than_colours_change_the_line():
    mixture = GaussianMixture(6, random_state=0).fit(X)
    looks = {(e.get_edgecolor(), e.get_linestyle()) for e in ellipses(plot_mixture_ellipses(mixture, X))}
    assert len(looks) == 6


def test_columns_must_fit():
    mixture = GaussianMixture(random_state=0).fit(X)
    with pytest.raises(ValueError, match="the 3 columns"):
        plot_mixture_ellipses(mixture, X[:, :2])
    with pytest.raises(ValueError, match="two different columns"):
        plot_mixture_ellipses(mixture, X, features=(1, 1))
