"""Facts of note 002 on evaluation."""

import numpy as np

from panlearn.cli.tour_evaluation import examples


def test_every_figure_is_met():
    rows = list(examples())
    assert [(row.quantity, row.expected, row.computed) for row in rows if not row.agrees] == []
    assert {row.note for row in rows} == {"002 evaluation", "002 error sources"}


def test_matches_oracle():
    """The variance of the fitted line, by the trace of its hat matrix, and the bias by projecting the truth."""
    x = np.linspace(-1, 1, 20)
    A = np.column_stack([np.ones(20), x])
    hat = A @ np.linalg.pinv(A)
    left = x**2 - hat @ x**2
    found = {row.quantity: row for row in examples()}
    assert f"{np.trace(hat) / 20:.2f}" == found["variance, 2/n"].expected
    assert f"{left @ left / 20:.2f}" == found["bias², var(x²)"].expected
