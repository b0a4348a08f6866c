import numpy as np

from panlearn.tree.tree_routing import branch_of, in_subset, node_depths


def test_subset_knows_its_codes_and_no_others():
    words = np.array([9, 2, 0b1001, 1 << 31], dtype=np.uint32)  # a subset of 64 codes from place 1
    members = [code for code in range(64) if in_subset(words, 1, float(code)) == 1]
    assert members == [0, 3, 63]
    for unknown in (np.nan, -1.0, 64.0, 1e300):
        assert in_subset(words, 1, unknown) == -1


def test_branch_of_unknown_codes_is_none():
    branches = np.array([3, 5, -1, 7], dtype=np.int32)
    assert [branch_of(branches, 0, x) for x in (0.0, 1.0, 2.0, 3.0, -1.0, np.nan)] == [5, -1, 7, -1, -1, -1]


def test_depths_follow_children_and_branches():
    left = np.array([1, -1, 3, -1, -1], dtype=np.int32)
    right = np.array([2, -1, 4, -1, -1], dtype=np.int32)
    none = np.full(5, -1, dtype=np.int32)
    np.testing.assert_array_equal(node_depths(left, right, none, np.empty(0, dtype=np.int32)), [0, 1, 1, 2, 2])
