"""A panel for each machine."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from panlearn.plot import plot_kernel_comparison
from panlearn.svm import SVC

X, Y = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]]), np.array([0, 0, 1, 1])


def test_one_panel_a_machine_titled_by_its_support_vectors():
    machines = {kernel: SVC(kernel=kernel, C=1000.0).fit(X, Y) for kernel in ("linear", "rbf")}
    machines["a logistic regression"] = LogisticRegression().fit(X, Y)
    figure = plot_kernel_comparison(machines, X, Y, columns=2)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        f"linear\n{len(machines['linear'].support_)} support vectors",
        "rbf\n4 support vectors",
        "a logistic regression",
    ]
    assert len({round(axes.get_position().x0, 3) for axes in figure.axes}) == 2


def test_no_machine_is_said():
    with pytest.raises(ValueError, match="at least one machine"):
        plot_kernel_comparison({}, X, Y)
