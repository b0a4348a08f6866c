"""Curvatures in order, and the way down."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from panlearn.plot import plot_critical_point

Record: Any = SimpleNamespace  # stands for the tuples of panlearn.diagnostics, which need torch


def point(*values, exact=True, p=None):
    return Record(
        verdict="saddle",
        eigenvalues=np.array(values, dtype=float),
        n_negative=sum(v < 0 for v in values),
        n_flat=sum(v == 0 for v in values),
        loss=0.5,
        escape_loss=0.25,
        exact=exact,
        direction=np.zeros(p or len(values)),
        step=np.array([0.0, 2.0]),
    )


def test_marks_are_parted_by_sign():
    axes = plot_critical_point(point(-2, -1, 0, 3)).axes[0]
    assert [np.asarray(line.get_ydata()).tolist() for line in axes.lines[:3]] == [[-2, -1], [0], [3]]
    assert axes.get_title(loc="left") == "saddle: 2 of 4 directions bend down, 1 flat"
    assert axes.get_yscale() == "linear"
    assert plot_critical_point(point(-2, -1, 1, 300)).axes[0].get_yscale() == "symlog"


def test_outermost_eigenvalues_stand_at_their_places():
    axes = plot_critical_point(point(-2, -1, 1, 3, exact=False, p=1000)).axes[0]
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), [1, 2])
    np.testing.assert_array_equal(axes.lines[2].get_xdata(), [999, 1000])
    assert "about 2 of 1000" in axes.get_title(loc="left")


def test_the_slice_tells_of_the_escape():
    along = Record(across=np.array([-1.0, 0, 1]), losses=np.array([0.3, 0.5, 0.25]))
    axes = plot_critical_point(point(-1, 1), along).axes[1]
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), along.losses)
    assert axes.get_title(loc="left") == "loss; escape step of 2: 0.5 → 0.25"
    with pytest.raises(ValueError, match="line"):
        plot_critical_point(point(-1, 1), Record(across=along.across, losses=np.zeros((3, 3))))


def test_no_curvature_at_all():
    figure = plot_critical_point(point(0, 0))
    figure.draw_without_rendering()
    assert "2 flat" in figure.axes[0].get_title(loc="left")
