import numpy as np

from panlearn.tree.split_classes import Classes
from panlearn.tree.split_medians import Medians
from panlearn.tree.split_sums import Sums
from panlearn.tree.split_vectors import Vectors
from panlearn.tree.statistic_choice import choose_statistic

ONES = np.ones(6)


def chosen(criterion, y, classes, weight=ONES):
    return choose_statistic(criterion, np.asarray(y), weight, np.asarray(classes), 6)


def test_kinds():
    y = np.array([0, 1, 0, 1, 1, 0])
    for criterion, targets, classes, kind, width in (
        ("gini", y, [2], Sums, 1),
        ("log_loss", y, [3], Classes, 3),
        ("gini", np.stack([y, y], axis=1), [2, 2], Classes, 4),
        ("friedman_mse", y * 1.5, [1], Sums, 1),
        ("poisson", np.stack([y, y], axis=1) * 1.0, [1, 1], Vectors, 2),
        ("absolute_error", y * 1.0, [1], Medians, 1),
    ):
        stat, numbers = chosen(criterion, targets, classes)
        assert isinstance(stat, kind)
        assert numbers == width


def test_whole_targets_stay_whole():
    stat, _ = chosen("squared_error", [10.0, 11.0, 10.0, 14.0, 10.0, 10.0], [1])
    assert isinstance(stat, Sums)
    np.testing.assert_array_equal(stat.y[:, 1], np.rint(stat.y[:, 1]))
    stat, _ = chosen("squared_error", [0.5, 1.0, 2.0, 3.0, 4.0, 5.0], [1])
    assert isinstance(stat, Sums)
    np.testing.assert_allclose(stat.y[:, 1].mean(), 0.0, atol=1e-12)


def test_table_of_logarithms_for_whole_weights_only():
    y = [0, 1, 2, 0, 1, 2]
    whole, _ = chosen("entropy", y, [3], ONES * 2)
    assert isinstance(whole, Classes)
    np.testing.assert_allclose(whole.table[:4], [0.0, 0.0, 2 * np.log(2), 3 * np.log(3)])
    real, _ = chosen("entropy", y, [3], ONES * 0.3)
    assert isinstance(real, Classes)
    assert real.table.size == 0
