"""Two means."""

import numpy as np

from panlearn.cluster.bisection import squared_error, two_means


def test_on_a_line_the_split_is_a_fixed_point_and_often_the_best():
    best = 0
    for seed in range(20):
        x = np.sort(np.random.default_rng(seed).normal(size=30))[:, None]
        side = two_means(x)
        errors = [squared_error(x[:i]) + squared_error(x[i:]) for i in range(1, 30)]
        found = squared_error(x[side]) + squared_error(x[~side])
        assert np.isclose(errors, found).any()
        best += found <= min(errors) * (1 + 1e-12)
    assert best >= 10


def test_equal_rows_have_no_error_and_both_sides_have_rows():
    assert squared_error(np.full((3, 2), 0.1)) == 0.0
    side = two_means(np.array([[0.0, 0.0]] * 50 + [[1e-9, 0.0]]))
    assert side.sum() in (1, 50)
