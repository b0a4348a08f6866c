"""Where a network is computed."""

import os

import torch

from panlearn.core.errors import DataError


def choose_device(name: str | torch.device = "auto") -> torch.device:
    """Device of a name.

    Parameters
    ----------
    name : str or torch.device
        "auto" is CUDA where there is one, else the CPU; under torchrun, each process takes the GPU of its number.

    Returns
    -------
    torch.device
        One that this machine has.

    Raises
    ------
    DataError
        If there is no such device here.

    Examples
    --------
    >>> choose_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        if not torch.cuda.is_available():
            return torch.device("cpu")
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError, TypeError) as error:
        there = ["cpu", *(f"cuda:{k}" for k in range(torch.cuda.device_count()))]
        reason = str(error).partition("\n")[0]
        raise DataError(f"device={name!r} is not to be had here ({reason}): take 'auto', or one of {there}.") from None
    return device
