"""Mixed precision: products in 16 bits, parameters and sums in 32 [micikevicius2018].

bfloat16 has the range of float32 and needs nothing else. float16 does not: gradients below 6e-8 would vanish, so the
loss is multiplied by a large number s before the backward pass and the gradients are divided by it after. Where a
gradient overflows, the update is left out and s halved; after `PATIENCE` updates without that, s is doubled.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

from panlearn.core.errors import DataError

TYPES = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}
FIRST_SCALE, PATIENCE = 2.0**16, 2000  # those of torch.amp.GradScaler


class Precision:
    """How forward and backward passes are computed."""

    def __init__(self, name: str, device: torch.device) -> None:
        if name not in TYPES:
            raise DataError(f"precision must be one of {sorted(TYPES)}, got {name!r}.")
        self.dtype, self.device = TYPES[name], device
        self.scale, self.good = (FIRST_SCALE if name == "float16" else 1.0), 0
        self.scaled = name == "float16"
        self.nothing = nullcontext()

    def forward(self) -> AbstractContextManager:
        """Context of the forward pass."""
        return self.nothing if self.dtype is None else torch.autocast(self.device.type, self.dtype)

    def backward(self, loss: Tensor) -> None:
        """Accumulate the gradients of the loss, times `scale`."""
        (loss * self.scale if self.scaled else loss).backward()

    def unscale(self, gradients: list[Tensor]) -> bool:
        """Divide gradients by the scale; whether they may be used."""
        if not self.scaled:
            return True
        for gradient in gradients:
            gradient.div_(self.scale)
        usable = all(bool(gradient.isfinite().all()) for gradient in gradients)
        self.good = self.good + 1 if usable else 0
        if not usable:
            self.scale = max(1.0, self.scale / 2)
        elif self.good == PATIENCE:
            self.scale, self.good = 2 * self.scale, 0
        return usable

    def state(self) -> dict[str, Any]:
        """Scale, and updates since it changed."""
        return {"scale": self.scale, "good": self.good}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up `state`."""
        self.scale, self.good = state["scale"], state["good"]
