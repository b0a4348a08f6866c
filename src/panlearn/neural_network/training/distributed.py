"""Data-parallel training: several processes, one model, each its share of every batch.

    torchrun --nproc-per-node 4 script.py

Every process runs the whole script on the whole data. Process r of w takes rows [r b / w, (r + 1) b / w) of a batch of
b and computes its gradient g_r, the mean over its b_r rows; the flat gradients are added up by one `all_reduce`,

    g = sum_r (b_r / b) g_r

which is the gradient of the whole batch, and every process makes the same update. Parameters and buffers start as those
of process 0. Results equal those of one process but for rounding, as long as rows do not meet inside the network: batch
normalisation sees only a process's share of a batch, and dropout draws other numbers in each process.

Process 0 alone writes files. On the CPU processes talk through gloo, on CUDA through NCCL, a GPU a process.
"""

import os
from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch import distributed as dist

from panlearn.core.errors import DataError


class Group(NamedTuple):
    """The processes that train together; one, if nobody said otherwise."""

    rank: int = 0  # number of this process
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0

    def add(self, tensors: Iterable[Tensor]) -> None:
        """Replace each tensor by its sum over the processes."""
        if self.size > 1:
            for tensor in tensors:
                dist.all_reduce(tensor)

    def from_first(self, value: Any) -> Any:
        """What process 0 has."""
        if self.size == 1:
            return value
        held = [value]
        dist.broadcast_object_list(held, src=0)
        return held[0]

    def all_of(self, value: Any) -> list[Any]:
        """What each process has."""
        if self.size == 1:
            return [value]
        held: list[Any] = [None] * self.size
        dist.all_gather_object(held, value)
        return held

    def any(self, value: bool) -> bool:
        """Whether it holds in some process."""
        return any(self.all_of(bool(value)))

    @torch.no_grad()
    def same_module(self, module: nn.Module) -> None:
        """Give every process the parameters and buffers of process 0."""
        if self.size > 1:
            for tensor in (*module.parameters(), *module.buffers()):
                held = tensor.detach().contiguous()  # a copy, where the memory format is another
                dist.broadcast(held, src=0)
                tensor.copy_(held)


ALONE = Group()


def current_group(device: torch.device) -> Group:
    """Processes started by torchrun; joins them at the first call.

    Parameters
    ----------
    device : torch.device
        Where gradients lie; decides how processes talk.

    Returns
    -------
    Group
        Of one process outside torchrun.

    Raises
    ------
    DataError
        If this torch was built without the means.
    """
    if not dist.is_available():
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            raise DataError("this torch was built without torch.distributed: run the script with python, not torchrun.")
        return ALONE
    if not dist.is_initialized():
        if int(os.environ.get("WORLD_SIZE", "1")) == 1 or "MASTER_ADDR" not in os.environ:
            return ALONE
        if device.type == "cuda":
            torch.cuda.set_device(device)  # NCCL exchanges objects through the current one
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return Group(dist.get_rank(), dist.get_world_size())


def require_same(group: Group, facts: dict[str, Any]) -> None:
    """Refuse to train where processes hold other data or settings: they would wait for each other, or mix two fits.

    Raises
    ------
    DataError
        If a fact differs between processes.
    """
    for name, values in ((name, [held[name] for held in group.all_of(facts)]) for name in facts):
        if any(value != values[0] for value in values):
            raise DataError(
                f"processes that train together differ in their {name}: {values}. Each has to run the whole script on "
                "the same rows; the engine shares out the batches. Fix random_state, and load the data in one order."
            )
