"""How many rows each class shall have: imbalanced-learn's `sampling_strategy`, in its names and meaning.

Upward every class named gets as many rows as the largest has, downward as the smallest has; a share alpha (two classes)
asks for alpha times the largest, or 1/alpha times the smallest; a dictionary says the numbers.
"""

from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

import numpy as np

from panlearn.core.errors import DataError

NAMES = ("auto", "minority", "majority", "not minority", "not majority", "all")


def class_targets(y: np.ndarray, sampling_strategy: Any, *, up: bool) -> dict[Any, int]:
    """Rows that each class to be resampled shall have, in the order of the classes.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Labels.
    sampling_strategy : float, str, dict or callable
        As in imbalanced-learn.
    up : bool
        Whether classes grow or shrink.

    Returns
    -------
    dict
        Label -> number of rows.

    Raises
    ------
    DataError
        If there is one class only, or the strategy asks a class to change in the other direction.
    """
    labels, numbers = np.unique(y, return_counts=True)
    counts = dict(zip(labels.tolist(), numbers.tolist(), strict=True))
    if len(counts) < 2:
        raise DataError(f"The target 'y' needs to have more than 1 class. Got {len(counts)} class instead.")
    if callable(sampling_strategy):
        sampling_strategy = sampling_strategy(y)
    if isinstance(sampling_strategy, Mapping):
        targets = _asked(counts, sampling_strategy)
    elif isinstance(sampling_strategy, Real) and not isinstance(sampling_strategy, bool):
        targets = _by_share(counts, float(sampling_strategy), up)
    else:
        targets = _by_name(counts, sampling_strategy, up)
    for label, wanted in targets.items():
        if wanted < counts[label] if up else wanted > counts[label]:
            raise DataError(
                f"sampling_strategy asks for {wanted} rows of class {label!r}, which has {counts[label]}: "
                f"{'more' if up else 'fewer'} rows are expected; use strategy={'down' if up else 'up'!r} for the other."
            )
    return dict(sorted(targets.items()))


def _asked(counts: dict, wanted: Mapping) -> dict[Any, int]:
    wanted = {getattr(label, "item", lambda label=label: label)(): number for label, number in wanted.items()}
    if unknown := set(wanted) - set(counts):
        raise DataError(f"sampling_strategy names {sorted(unknown, key=str)}, not present in y: {list(counts)[:20]}.")
    if any(int(number) != number or number < 0 for number in wanted.values()):
        raise DataError(f"sampling_strategy must give whole numbers of at least 0. Got {dict(wanted)}.")
    return {label: int(number) for label, number in wanted.items()}


def _by_share(counts: dict, share: float, up: bool) -> dict[Any, int]:
    if not 0 < share <= 1 or len(counts) != 2:
        raise DataError(
            f"A number as sampling_strategy is the share smaller / larger class, in (0, 1], of two classes. Got "
            f"{share} for {len(counts)} classes; a dictionary gives the rows of each class."
        )
    small, large = sorted(counts, key=counts.__getitem__)
    return {small: int(share * counts[large])} if up else {large: int(counts[small] / share)}


def _by_name(counts: dict, name: Any, up: bool) -> dict[Any, int]:
    least, most = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    chosen: dict[str, Callable[[Any], bool]] = {
        "auto": lambda label: label != (most if up else least),
        "minority": lambda label: label == least,
        "majority": lambda label: label == most,
        "not minority": lambda label: label != least,
        "not majority": lambda label: label != most,
        "all": lambda label: True,
    }
    if not isinstance(name, str) or name not in chosen or name == ("majority" if up else "minority"):
        raise DataError(
            f"sampling_strategy must be a number, a dictionary, a function of y, or one of {NAMES}, "
            f"without {'majority' if up else 'minority'!r} when classes {'grow' if up else 'shrink'}. Got {name!r}."
        )
    return {label: counts[most if up else least] for label in counts if chosen[name](label)}
