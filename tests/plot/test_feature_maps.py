"""Pictures of feature maps."""

from typing import Any

import numpy as np
import pytest

from panlearn.plot import plot_feature_maps


def test_the_maps_that_vary_most_are_shown():
    maps = np.zeros((20, 4, 4))
    maps[7], maps[3] = np.eye(4), 2 * np.eye(4)
    figure: Any = plot_feature_maps(np.eye(8), maps, limit=2)
    sheet = figure.axes[1].images[0].get_array()
    assert figure.axes[1].get_title(loc="left") == "2 of 20 maps of 4 x 4"
    np.testing.assert_array_equal(sheet[:, :4, 0], np.eye(4))


def test_shape_is_checked():
    with pytest.raises(ValueError, match="maps must have the shape"):
        plot_feature_maps(np.eye(8), np.eye(4))
