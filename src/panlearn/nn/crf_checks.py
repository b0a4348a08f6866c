"""What a chain layer is given, and what comes of it: each error names what is wrong and where.

Shapes and the range of the tags are checked before anything is computed. That no tagging is allowed, or not the given
one, shows in its log-probability of -inf; NaN and +inf are looked for where the scores are read anyway.
"""

import numpy as np
import torch
from torch import Tensor

from panlearn.core.errors import DataError
from panlearn.nn.crf_layout import Layout, Potentials

LARGEST = 1e25  # in size of a score, where `panlearn.nn.crf_tensors.FLOOR` stands for -inf


def check_shapes(n_tags: int, emissions: Tensor, tags: Tensor | None, mask: Tensor | None) -> None:
    """Emissions (…, …, L), and tags and mask of their first two dimensions."""
    if emissions.dim() != 3:
        raise ValueError(f"emissions must have dimension of 3, got {emissions.dim()}")
    if emissions.shape[2] != n_tags:
        raise ValueError(f"expected last dimension of emissions is {n_tags}, got {emissions.shape[2]}; score each tag")
    if not emissions.is_floating_point():
        raise ValueError(f"emissions must be floating-point numbers, got {emissions.dtype}; call `.float()`")
    for name, given in (("tags", tags), ("mask", mask)):
        if given is not None and given.shape != emissions.shape[:2]:
            raise ValueError(
                f"the first two dimensions of emissions and {name} must match, "
                f"got {tuple(emissions.shape[:2])} and {tuple(given.shape)}"
            )
    if tags is not None and (tags.is_floating_point() or tags.dtype == torch.bool):
        raise ValueError(f"tags must be whole numbers, got {tags.dtype}; call `.long()`")


def check_tags(n_tags: int, tags: Tensor) -> None:
    """Tags of the frames that count are 0 … L − 1."""
    low, high = (int(x) for x in tags.aminmax())
    if low < 0 or high >= n_tags:
        got = low if low < 0 else high
        raise ValueError(f"tags must be in the range [0, {n_tags - 1}], got {got}; mask the frames that have no tag")


def check_allowed(log_likelihood: Tensor) -> None:
    """The given tags have a probability."""
    value = log_likelihood.detach().cpu().numpy()
    if np.isfinite(value).all():
        return
    s = int(np.flatnonzero(~np.isfinite(value))[0])
    if value[s] == -np.inf:
        raise DataError(
            f"the tags of sequence {s} of the batch are forbidden, by the constraints or by a score of -inf: correct "
            "the tags, or loosen the constraints"
        )
    raise DataError(f"the scores of sequence {s} of the batch are too large to be added up: scale them down")


def check_possible(log_partition: Tensor) -> None:
    """Each sequence has a tagging."""
    check_impossible(log_partition.detach().cpu().numpy())


def check_impossible(total: np.ndarray) -> None:
    """The same of an array; not -inf, nor too large to be a number."""
    if np.isfinite(total).all():
        return
    s = int(np.flatnonzero(~np.isfinite(total))[0])
    if total[s] == -np.inf:
        raise DataError(
            f"sequence {s} of the batch has no tagging that is allowed, every one meets a score of -inf: loosen the "
            "constraints, or correct the emissions"
        )
    raise DataError(f"the scores of sequence {s} of the batch are too large to be added up: scale them down")


def check_numbers(potentials: Potentials, layout: Layout) -> None:
    """No NaN and no +inf among the scores of frames that count and of the chain."""
    for x in potentials:
        top = x.detach().amax() if x.numel() else None
        if top is not None and not bool(top < torch.inf):
            explain_numbers(potentials, layout)
            return


def explain_numbers(potentials: Potentials, layout: Layout) -> None:
    """Raise, if a score is NaN or +inf, an error that says which."""
    for name, x in zip(("start_transitions", "transitions", "end_transitions"), potentials[1:]):
        if not bool((x.detach() < torch.inf).all()):
            raise DataError(f"{name} of the layer hold NaN or +inf: training has diverged, lower the learning rate")
    wrong = ~(potentials.emissions.detach() < torch.inf).all(-1).reshape(layout.shape)
    if layout.mask is not None:
        wrong = wrong & layout.mask
    if wrong.any():
        s, t = wrong.nonzero()[0].tolist()
        raise DataError(
            f"the emissions of sequence {s} of the batch hold NaN or +inf at frame {t}: correct the network or its "
            "input, or mask the frame"
        )


def check_size(x: Tensor) -> None:
    """Scores for the tensor operations, where `FLOOR` stands for -inf, are far from it."""
    finite = torch.where(torch.isneginf(x.detach()), 0.0, x.detach())
    if finite.numel() and bool(finite.abs().amax() > LARGEST):
        raise DataError(
            f"a score exceeds {LARGEST:g} in size, too large for sums on this device: scale the scores down"
        )
