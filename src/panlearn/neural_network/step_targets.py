"""Numbers for each step of sequences as one tensor, and losses over it.

Targets of n sequences are padded to (n, T, k) with NaN, which is what a loss passes over. The loss of a batch is the
mean over all its steps, and with weights w_i of the sequences

    sum_i w_i sum_t loss_it / sum_i T_i
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from panlearn.core.errors import DataError
from panlearn.neural_network.sequence_rows import number_sequences
from panlearn.neural_network.training.objective import Objective


def padded_targets(y: Any) -> tuple[Tensor, bool]:
    """Targets of the steps.

    Parameters
    ----------
    y : list of array-like of shape (T_i,) or (T_i, k), or array of shape (n, T) or (n, T, k)
        Numbers.

    Returns
    -------
    target : Tensor of shape (n, T, k), float32
        NaN behind the end of a sequence.
    flat : bool
        Whether y came as (T_i,).

    Raises
    ------
    DataError
        If y is no list of sequences, or is not finite: sequence and step are named.

    Examples
    --------
    >>> target, flat = padded_targets([[1.0, 2.0], [3.0]])
    >>> target[:, :, 0].tolist(), flat
    ([[1.0, 2.0], [3.0, nan]], True)
    """
    first = next(iter(y), None) if hasattr(y, "__iter__") else y
    if not hasattr(first, "__len__") or isinstance(first, str):
        raise DataError("pooling=None needs a value at each step: y must be a list of arrays (T_i,) or (T_i, k).")
    arrays, flat = number_sequences(y, "y")
    target = torch.full((len(arrays), max(map(len, arrays)), arrays[0].shape[1]), torch.nan)
    for row, array in zip(target, arrays):
        row[: len(array)] = torch.from_numpy(np.require(array, requirements="W"))
    return target, flat


def known_steps(target: Tensor) -> Tensor:
    """Targets of all steps, sequence after sequence, (sum of T_i, k)."""
    return target[~target[:, :, 0].isnan()]


def steps_there(target: Tensor) -> Tensor:
    """Steps of each sequence, (n,)."""
    return (~target[:, :, 0].isnan()).sum(1)


def over_steps(objective: Objective) -> Objective:
    """Mean of a loss over the steps of all sequences of a batch; what is padded does not count.

    Examples
    --------
    >>> from panlearn.neural_network.training.objective import OBJECTIVES
    >>> squared = over_steps(OBJECTIVES["squared_error"])
    >>> y = torch.tensor([[[1.0], [1.0]], [[1.0], [torch.nan]]])
    >>> float(squared(torch.zeros(2, 2, 1), y)), float(squared(torch.zeros(2, 2, 1), y, torch.tensor([2.0, 0.5])))
    (0.5, 0.75)
    """

    def loss(z: Tensor, y: Tensor, reduction: str = "mean") -> Tensor:
        y = y[:, : z.shape[1]]  # a batch may be shorter than the longest sequence
        known = ~y.isnan()
        losses = objective.loss(z, torch.where(known, y, 0.0), reduction="none") * known
        if reduction == "mean":
            return losses.sum() / known.sum()
        return losses.flatten(1).sum(1) * (len(z) / known.sum())

    return objective._replace(loss=loss)
