"""Updates of a small network, for the tests of optimisers."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn


def steps(module: nn.Module, count: int, update: Callable[[], object]) -> np.ndarray:
    """Parameters after so many updates on one batch."""
    x = torch.randn(12, 4, generator=torch.Generator().manual_seed(1), dtype=next(module.parameters()).dtype)
    for _ in range(count):
        for p in module.parameters():
            if p.grad is not None:
                p.grad.zero_()
        module(x).square().sum().backward()
        update()
    return torch.cat([p.detach().flatten() for p in module.parameters()]).double().numpy()
