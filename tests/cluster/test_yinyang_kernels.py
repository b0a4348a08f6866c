"""Kernels of Yinyang's bounds; their labels are tested in test_bounded_assignment.py."""

import numpy as np

from panlearn.cluster.bounded_assignment import BoundedAssignment
from panlearn.cluster.centred_rows import CentredRows
from panlearn.cluster.yinyang_kernels import work_for
from tests.cluster.test_kmeans import data


def test_bounds_hold_after_every_move():
    """Upper bounds are not below, and lower bounds not above the true distances, group by group."""
    rows = CentredRows(data(400, 6, 9))
    bounded, centres = BoundedAssignment(rows, 12, 4), rows.rows(np.arange(12))
    rng = np.random.default_rng(0)
    for _ in range(6):
        bounded.assign(centres)
        distance = np.sqrt(np.square(rows.scaled[:, None] - centres[bounded.order]).sum(axis=2))
        label = bounded.bounds.label
        own = distance[np.arange(400), label]
        assert (bounded.bounds.upper >= own).all()
        distance[np.arange(400), label] = np.inf
        for g in range(bounded.groups):
            assert (bounded.bounds.lower[:, g] <= distance[:, bounded.group == g].min(axis=1)).all()
        centres = centres + 0.02 * rng.normal(size=centres.shape)


def test_memory_fits_the_largest_group():
    work = work_for(7, 3, np.array([0, 2, 7]))
    assert work.member.shape[0] == 2
    assert work.product.shape[0] == 6  # five centres, and one that makes the number even
