"""Facts of the support vector machine that a pencil can check."""

from fractions import Fraction

import numpy as np
import pytest

from panlearn.cli.tour_svm import FOUR_ROWS, OUTLIER, THREE_ROWS, XOR, dual_variables, examples
from panlearn.svm import SVC


def test_every_figure_is_met():
    rows = list(examples())
    assert [(row.quantity, row.expected, row.computed) for row in rows if not row.agrees] == []
    assert {row.note for row in rows} == {f"000 §2.{k}" for k in range(1, 6)}
    assert not [row for row in rows if row.erratum]


def test_matches_oracle():
    """The multipliers by the linear equations of the KKT conditions, in fractions."""
    K = [[1 + 2 * int(x @ z) + int(x @ z) ** 2 for z in XOR] for x in XOR]
    y = [1, 1, -1, -1]
    alpha = [Fraction(1, 8)] * 4
    assert all(y[i] * sum(alpha[j] * y[j] * K[i][j] for j in range(4)) == 1 for i in range(4))
    quarter = Fraction(1, 4)
    weight = [quarter * (3 - 1), quarter * (3 - 1)]
    b = 1 - weight[0] * 3 - weight[1] * 3
    assert [weight[0] * int(x[0]) + weight[1] * int(x[1]) + b for x in THREE_ROWS] == [1, Fraction(3, 2), -1]


def test_the_multiplier_of_an_outlier_is_its_bound():
    """Its multiplier is C, however deep it lies in the other class; only the hard margin has to give way to it."""
    y = [1, 1, -1, -1, -1]
    for C in (0.01, 0.05, 0.25):
        for distance in (0.5, 1, 1.9):
            moved = np.vstack([FOUR_ROWS, distance * OUTLIER])
            model = SVC(kernel="linear", C=C, tol=1e-8).fit(moved, y)
            assert dual_variables(model, 5)[4] == pytest.approx(C)
    with pytest.raises(ValueError, match="C=inf"):
        SVC(kernel="linear", C=np.inf).fit(np.vstack([FOUR_ROWS, 3 * OUTLIER]), y)
