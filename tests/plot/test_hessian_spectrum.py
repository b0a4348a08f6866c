"""The spectrum of a Hessian."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from panlearn.plot import plot_hessian_spectrum

Record: Any = SimpleNamespace  # stands for the tuples of panlearn.diagnostics, which need torch


def spectrum(*values):
    nodes = np.array(values, dtype=float)
    weights = np.full(len(nodes), 1 / len(nodes))

    def density(grid, width):
        z = (grid[:, None] - nodes) / width
        return np.exp(-0.5 * z**2) @ weights / (width * np.sqrt(2 * np.pi))

    return Record(eigenvalues=nodes, nodes=nodes, weights=weights, density=density)


def test_the_density_is_drawn_on_both_sides_of_zero():
    axes = plot_hessian_spectrum(spectrum(-1, 0, 0, 3), width=0.1).axes[0]
    left, right, ticks = axes.lines[:3]
    assert np.nanmax(np.asarray(left.get_xdata())[np.isfinite(left.get_ydata())]) <= 0
    assert np.nanmin(np.asarray(right.get_xdata())[np.isfinite(right.get_ydata())]) >= 0
    peak = 0.25 / (0.1 * np.sqrt(2 * np.pi))
    assert np.nanmax(left.get_ydata()) == pytest.approx(2 * peak, rel=0.01)
    np.testing.assert_array_equal(ticks.get_xdata(), [-1, 0, 0, 3])
    assert axes.get_title(loc="left") == "eigenvalues −1 to 3; 25% below 0"


@pytest.mark.parametrize("values", [(0.0,), (2.0, 2.0), (0.0, 0.0)])
def test_no_range_still_makes_a_picture(values):
    figure = plot_hessian_spectrum(spectrum(*values))
    figure.draw_without_rendering()
    assert np.isfinite(figure.axes[0].get_xlim()).all()


def test_the_width_is_positive():
    with pytest.raises(ValueError, match="width"):
        plot_hessian_spectrum(spectrum(1, 2), width=0)
