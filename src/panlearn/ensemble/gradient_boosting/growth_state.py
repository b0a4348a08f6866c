"""A tree while it grows: records that all threads of a team see, and the rules they follow.

Named fields of a few arrays of records: a kernel that takes a few arrays compiles several times faster than one that
takes tuples of many. Sums, penalties and gains are in units of the quantised gradients (`gradients.py`).
"""

from typing import NamedTuple

import numpy as np

BEST_FIRST, DEPTH_WISE, DEPTH_FIRST = 0, 1, 2  # which leaf is split next
ROOT, FINISHED = -1, -2  # of `current`, beside the node that is being split
NO_LIMIT = 1 << 40
WORDS = 8  # uint32 words of a set of codes

NODE = np.dtype(
    [
        *((name, "i8") for name in ("feature", "code", "missing_left", "left", "right")),  # -1: a leaf
        *((name, "i8") for name in ("start", "stop", "side")),  # rows: order[side, start:stop]
        *((name, "i8") for name in ("depth", "slot")),  # slot: of its histogram, -1: not kept
        *((name, "i8") for name in ("g", "h", "rows", "left_g", "left_h", "left_rows")),  # sums, and those going left
        *((name, "f8") for name in ("gain", "lower", "upper", "value")),  # bounds of the value, for its descendants
        ("subset", "u4", (WORDS,)),  # codes that go left, of a category
    ]
)
RULES = np.dtype(
    [
        *((name, "i8") for name in ("g_shift", "h_shift", "h_mask", "c_mask")),  # fields of a packed sum
        *((name, "f8") for name in ("min_hessian", "l1", "l2", "min_gain")),
        *((name, "i8") for name in ("min_rows", "max_leaves", "max_depth", "order")),
        ("bounded", "i8"),  # there are monotone constraints
        ("node_fraction", "f8"),  # share of the allowed columns that is tried at a node
        ("support", "f8"),  # rows that a category needs to be sorted; also added to its rows in the sorting
        ("seed", "i8"),
    ]
)
COLUMN = np.dtype(
    [
        *((name, "i8") for name in ("n_codes", "has_missing", "is_category")),
        ("monotone", "i8"),  # -1, 0, 1
        ("allowed", "i8"),  # this tree may use it
        ("spread", "i8"),  # a bin has several codes
        ("ends", "u1", (256,)),  # 1 at the last code of a bin
    ]
)
STATE = np.dtype(
    [
        *((name, "i8") for name in ("n_nodes", "n_leaves", "n_open", "n_free")),
        ("current", "i8"),  # node that is being split
        ("subtract", "i8"),  # the larger child takes over its parent's histogram
        ("full", "i8"),  # stopped for want of room for nodes
        ("goes_left", "u1", (256,)),  # codes that go left at the current node
    ]
)
JOB = np.dtype([(name, "i8") for name in ("node", "slot", "build", "scan")])  # what is done for a child
FOUND = np.dtype(
    [("gain", "f8"), *((name, "i8") for name in ("tried", "code", "missing_left")), ("subset", "u4", (WORDS,))]
)


class Growing(NamedTuple):
    """Arguments of the kernel, in its order; written by the first thread where nothing else is said."""

    by_row: np.ndarray  # (n, p) uint8
    by_column: np.ndarray  # (p, n) uint8
    packed: np.ndarray  # (n,) int64
    columns: np.ndarray  # (p,) COLUMN
    groups: np.ndarray  # (q, p) bool, columns that may be used together; no row: all may
    rules: np.ndarray  # (1,) RULES
    state: np.ndarray  # (1,) STATE
    nodes: np.ndarray  # (capacity,) NODE
    members: np.ndarray  # (capacity, q) bool, groups that hold all columns asked above a node
    stacks: np.ndarray  # (2, max(capacity, slots)) int64: leaves that can be split; free histograms
    jobs: np.ndarray  # (2,) JOB: for the smaller and for the larger child
    found: np.ndarray  # (2, p) FOUND, best splits of the two; written by all
    order: np.ndarray  # (2, m) int32, rows; written by all
    hist: np.ndarray  # (slots + 2, p * 256) int64; the last two are not kept; written by all
    partial: np.ndarray  # (threads, p * 256) int64, histograms of parts of the rows; written by all
    lefts: np.ndarray  # (8 * threads,) int64, rows of each thread's part that go left; written by all
