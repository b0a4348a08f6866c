"""The speed of momentum."""

from panlearn.cli.tour_optimize import examples


def test_terminal_speed_is_that_of_the_geometric_series():
    (row,) = examples()
    assert row.agrees
    assert abs(row.computed - sum(0.9**t for t in range(500))) < 1e-9
