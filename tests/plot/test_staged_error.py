"""Error by round."""

import pytest

from panlearn.plot import plot_staged_error


def test_the_best_round_is_named():
    figure = plot_staged_error({"training rows": [3.0, 2.0, 1.0], "held-out rows": [3.0, 2.5, 2.8]}, metric="deviance")
    assert figure.axes[0].get_title(loc="left") == "deviance, at best 2.500 in round 2"
    assert "round 3" in plot_staged_error({"a": [3, 2, 1], "b": [1, 2, 3]}, best="a").axes[0].get_title(loc="left")
    with pytest.raises(ValueError, match="finite"):
        plot_staged_error({"a": [float("nan")]})
    with pytest.raises(ValueError, match="best must be one of"):
        plot_staged_error({"a": [1.0]}, best="b")
