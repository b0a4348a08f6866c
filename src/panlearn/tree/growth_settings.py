"""What a caller can ask of a tree's growth."""

from typing import NamedTuple

import numpy as np

CRITERIA = ("gini", "entropy", "log_loss", "squared_error", "friedman_mse", "absolute_error", "poisson")


class GrowthSettings(NamedTuple):
    """Criterion, rules that end the growth, and what is drawn at random; the names are scikit-learn's."""

    criterion: str = "gini"  # one of CRITERIA
    splitter: str = "best"  # "random": one threshold drawn evenly between a node's extremes, one random subset
    max_depth: int | None = None  # questions on a path
    min_samples_split: int = 2  # rows of a node that may ask
    min_samples_leaf: int = 1  # rows of a leaf
    min_weight_leaf: float = 0.0  # weight of a leaf
    max_features: int | None = None  # features drawn at each node; None: all
    max_leaf_nodes: int | None = None  # grow where the impurity falls most, up to so many leaves
    min_impurity_decrease: float = 0.0  # by a split, times the node's share of the weight
    monotonic_cst: np.ndarray | None = None  # (p,) int8: 1 the prediction (of class 1) grows with x_j, -1 falls, 0 free
