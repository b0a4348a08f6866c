"""One leaf with three members of unlike weight."""

import numpy as np

from panlearn.ensemble.quantile_forest import LeafMembers
from panlearn.ensemble.quantile_kernels import find_quantiles


def test_find_quantiles():
    members = LeafMembers(
        target=np.array([1.0, 2.0, 5.0, 9.0]),
        rank=np.array([3, 0, 2], np.uint32),
        weight=np.array([0.5, 0.2, 0.3], np.float32),
        start=np.array([0, 3]),
        tree=np.array([0]),
    )
    out = np.empty((1, 5))
    find_quantiles(members, np.zeros((1, 1), np.int64), np.array([0.0, 0.2, 0.5, 0.51, 1.0]), out)
    assert out[0].tolist() == [1.0, 1.0, 5.0, 9.0, 9.0]
