"""Slices of a loss."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from panlearn.plot import plot_loss_landscape

Record: Any = SimpleNamespace  # stands for the tuples of panlearn.diagnostics, which need torch

STEPS = np.linspace(-1, 1, 7)
PLANE = STEPS[:, None] ** 2 + STEPS**2


def test_a_line():
    axes = plot_loss_landscape(Record(across=STEPS, up=np.empty(0), losses=STEPS**2, centre=0.0)).axes[0]
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), STEPS**2)


def test_contours_of_a_plane_hold_equal_shares_of_the_points():
    figure = plot_loss_landscape(Record(across=STEPS, up=STEPS, losses=PLANE, centre=0.0), levels=4)
    figure.draw_without_rendering()
    assert figure.axes[0].get_title(loc="left") == "loss; 0 at the mark"
    contours = figure.axes[0].collections[-1]
    assert len(contours.get_paths()) == len(np.unique(np.quantile(PLANE, [0.2, 0.4, 0.6, 0.8])))


def test_losses_that_are_not_finite_leave_the_rest():
    losses = np.where(PLANE > 1, np.inf, PLANE)
    plot_loss_landscape(Record(across=STEPS, up=STEPS, losses=losses, centre=0.0)).draw_without_rendering()
    with pytest.raises(ValueError, match="smaller extent"):
        plot_loss_landscape(Record(across=STEPS, up=STEPS, losses=np.full((7, 7), np.nan), centre=0.0))


def test_a_constant_loss():
    figure = plot_loss_landscape(Record(across=STEPS, up=STEPS, losses=np.ones((7, 7)), centre=1.0))
    figure.draw_without_rendering()
    assert figure.axes[0].collections


def test_it_draws_where_it_is_told():
    figure = Figure()
    axes = figure.subplots(1, 2)
    line = Record(across=STEPS, up=np.empty(0), losses=STEPS, centre=0.0)
    assert plot_loss_landscape(line, ax=axes[1]) is figure
    assert not axes[0].lines
    assert axes[1].lines
