import numpy as np

from panlearn.tree.level_order import project, sort_levels


def test_one_target_is_ordered_by_its_mean():
    table = np.array([[2.0, 8.0, 0.0], [1.0, 1.0, 0.0], [4.0, 8.0, 0.0]])
    project(table, 3)
    np.testing.assert_allclose(table[:, 2], [4.0, 1.0, 2.0])


def test_vectors_are_ordered_along_the_first_principal_component():
    rng = np.random.default_rng(0)
    weight = rng.integers(1, 50, 12).astype(float)
    means = rng.normal(size=(12, 1)) * [[3.0, -1.0, 0.5]] + 0.1 * rng.normal(size=(12, 3))
    table = np.column_stack([weight, means * weight[:, None], np.zeros(12)])
    project(table, 12)
    centred = means - np.average(means, axis=0, weights=weight)
    direction = np.linalg.svd(centred * np.sqrt(weight)[:, None])[2][0]
    scores = centred @ direction
    np.testing.assert_allclose(np.abs(table[:, -1]), np.abs(scores), rtol=1e-6, atol=1e-8)


def test_levels_are_sorted_by_score_then_level():
    rng = np.random.default_rng(0)
    for count in (1, 2, 3, 50):
        levels = rng.permutation(60)[:count]
        places = np.full(60, -1)
        places[levels] = np.arange(count)
        table = np.zeros((count, 3))
        table[:, 2] = rng.integers(0, 5, count)
        expected = sorted(levels, key=lambda level: (table[places[level], 2], level))
        sort_levels(levels, places, table, count)
        np.testing.assert_array_equal(levels, expected)
