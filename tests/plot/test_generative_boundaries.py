"""Boundaries of generative and discriminative classifiers."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from panlearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from panlearn.plot import plot_generative_boundaries

FLOWERS, SPECIES = load_iris(return_X_y=True)


def test_panels_and_ellipses():
    X = pd.DataFrame(FLOWERS[:, :2], columns=["length", "width"])
    figure = plot_generative_boundaries(X, SPECIES, resolution=30)
    assert [len(axes.patches) for axes in figure.axes] == [6, 6, 6, 0]
    assert figure.axes[0].get_title("left") == "Shared covariance (LDA): 80 % right"
    assert figure.axes[2].get_xlabel() == "length"


def test_ellipses_are_the_densities():
    """Along its axes an ellipse reaches one deviation from the mean."""
    model = QuadraticDiscriminantAnalysis().fit(FLOWERS[:, :2], SPECIES)
    figure = plot_generative_boundaries(FLOWERS[:, :2], SPECIES, {"QDA": model}, resolution=20)
    for k in range(3):
        ellipse = figure.axes[0].patches[2 * k]
        corners = np.asarray(ellipse.get_path().vertices)[:-1:3]  # between them lie handles
        points = ellipse.get_patch_transform().transform(corners)
        away = points - model.means_[k]
        inverse = np.linalg.inv(np.cov(FLOWERS[k == SPECIES, :2].T, ddof=0))
        np.testing.assert_allclose(np.einsum("ij,jk,ik->i", away, inverse, away), 1.0, rtol=0.02)


def test_no_models():
    with pytest.raises(ValueError, match="at least one"):
        plot_generative_boundaries(FLOWERS[:, :2], SPECIES, {})
