"""Facts of trees that a pencil can check."""

from fractions import Fraction
from math import log2

import numpy as np
import pytest

from panlearn.cli.tour_tree import DAYS, cost, entropy, examples, gain, gini


def test_every_figure_is_met():
    rows = list(examples())
    assert [(row.quantity, row.expected, row.computed) for row in rows if not row.agrees] == []
    assert {row.note for row in rows} == {"000 §4.2", "000 §4.3", "000 §4.5", "000 §4.6", "002"}


def test_matches_oracle():
    play = DAYS[:, -1]
    assert entropy(play) == pytest.approx(-(9 / 14) * log2(9 / 14) - (5 / 14) * log2(5 / 14))
    assert Fraction(gini(play)).limit_denominator(200) == 1 - Fraction(81, 196) - Fraction(25, 196)
    assert gain(play, play) == pytest.approx(entropy(play))
    assert cost(np.array([4, 0])) == 0
