"""Schedules of torch's, for the tests of ours."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

STEPS = 5  # of a pass


def torch_factors(
    make: Callable[[torch.optim.Optimizer], Any],
    max_epochs: int,
    *,
    per_step: bool = True,
    losses: Sequence[float] = (),
) -> list[float]:
    """Factors of a schedule of torch's, with `STEPS` steps a pass; one that sees losses gets those of the passes."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler, found = make(optimizer), []
    for epoch in range(max_epochs):
        for _ in range(STEPS):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if per_step:
                scheduler.step()
        if not per_step:
            scheduler.step(*losses[epoch : epoch + 1])
    return found
