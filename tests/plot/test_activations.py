"""Activation functions and their slopes."""

import numpy as np
import pytest

from panlearn.plot import plot_activations

z = np.linspace(-3, 3, 61)


def test_curves_hold_the_values():
    curves = {f"f{k}": (k * z, np.full_like(z, k)) for k in range(6)}
    figure = plot_activations(z, curves)
    assert len(figure.axes) == 6
    np.testing.assert_array_equal(figure.axes[3].lines[0].get_ydata(), 3 * z)
    np.testing.assert_array_equal(figure.axes[3].lines[1].get_ydata(), np.full(61, 3))
    assert figure.axes[2].get_title(loc="left") == "f2: slope 2 to 2"
    assert figure.get_supxlabel() == "z"


def test_one_panel_is_enough_and_none_is_not():
    assert len(plot_activations(z, {"tanh": (np.tanh(z), 1 - np.tanh(z) ** 2)}).axes) == 1
    with pytest.raises(ValueError, match="there must be one curve"):
        plot_activations(z, {})
    with pytest.raises(ValueError, match="at the 61 places of z"):
        plot_activations(z, {"relu": (z[1:], z)})
