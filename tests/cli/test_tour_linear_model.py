"""Every figure that chapter 1 of note 003 prints."""

import numpy as np
import pytest

from panlearn.cli.tour_linear_model import SIX_STUDENTS, TEN_STUDENTS, examples, half_squares


def test_every_printed_figure_is_met():
    rows = list(examples())
    assert [(row.quantity, row.expected, row.computed) for row in rows if not row.agrees] == []
    assert [sum(row.note == note for row in rows) for note in ("003 §1.3", "003 §1.4")] == [16, 16]


def test_the_misprints_are_the_two_known_ones():
    assert [(row.expected, row.erratum) for row in examples() if row.erratum] == [
        ("79.09", "it is 79.10"),
        ("0.33", "it is 0.34"),
    ]


def test_matches_oracle():
    """The normal equations, written out."""
    X, y = np.column_stack([np.ones(10), TEN_STUDENTS[:, :2]]), TEN_STUDENTS[:, 2]
    plain = np.linalg.solve(X[:6].T @ X[:6], X[:6].T @ y[:6])
    X, y = np.column_stack([np.ones(6), SIX_STUDENTS[:, :6]]), SIX_STUDENTS[:, 6]
    shrunk = np.linalg.solve(X[:3].T @ X[:3] + 0.1 * np.eye(7), X[:3].T @ y[:3])
    computed = [row.computed for row in examples() if row.quantity.startswith("w*")]
    assert computed == pytest.approx([*plain, *shrunk], rel=1e-6)


def test_the_loss_has_its_half():
    assert half_squares(np.array([1.0, 2.0]), np.array([3.0, 2.0])) == 2.0
