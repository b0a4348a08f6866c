"""Rows with their targets and weights, and the part of them that is kept aside."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from panlearn.core.errors import DataError
from panlearn.neural_network.inference import subset
from panlearn.neural_network.training.rows import Rows


class Examples(NamedTuple):
    """Rows with their targets, as tensors."""

    rows: Rows
    target: Tensor  # (n, ...)
    weight: Tensor | None  # (n,) of mean 1, or None


def split(examples: Examples, share: float, seed: int, labels: np.ndarray | None = None) -> tuple[Examples, Examples]:
    """Rows to learn from, and rows to stop by.

    Parameters
    ----------
    examples : Examples
        All of them.
    share : float
        Of the rows kept aside, between 0 and 1.
    seed : int
        Of the choice.
    labels : ndarray of shape (n,), optional
        Classes whose shares both parts keep, where there are rows enough of each.

    Returns
    -------
    tuple of Examples
        The rows to learn from, and those kept aside.

    Raises
    ------
    ValueError
        If a part would be empty, or have weight 0.
    """
    from sklearn.model_selection import train_test_split

    n = len(examples.rows)
    if labels is not None:
        counts = np.unique(labels, return_counts=True)[1]
        labels = labels if counts.min() > 1 and len(counts) <= min(np.ceil(share * n), n - np.ceil(share * n)) else None
    chosen, held = train_test_split(np.arange(n), test_size=share, random_state=seed, stratify=labels)
    return _some(examples, np.asarray(chosen)), _some(examples, np.asarray(held))


def _some(examples: Examples, indices: np.ndarray) -> Examples:
    """Examples of some numbers."""
    chosen = torch.from_numpy(indices)
    weight = None if examples.weight is None else examples.weight[chosen]
    if weight is not None and not weight.sum() > 0:
        raise DataError("all rows on one side of the validation split have weight 0: change validation_fraction.")
    return Examples(subset(examples.rows, indices), examples.target[chosen], weight)
