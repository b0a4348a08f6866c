"""Note 000 §4.2: half the entropy and the Gini index are close."""

from typing import Any

import numpy as np

from panlearn.plot import plot_impurity_curves
from panlearn.plot.impurity_curves import entropy_of


def test_half_the_entropy_and_gini_are_close():
    axes: Any = plot_impurity_curves().axes[0]
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    assert np.abs(lines["half the entropy"] - lines["Gini index"]).max() < 0.06
    assert (lines["error"] <= lines["Gini index"]).all()
    np.testing.assert_allclose(entropy_of(np.array([0.0, 9 / 14, 1.0])), [0, 0.940286, 0], atol=1e-6)
