"""What a network says of sequences, one answer a sequence or one a step.

Sequences are visited in the order of their lengths, as many at a time as fill `STEPS` padded steps, so that hardly any
padding is read and a long sequence does not meet many others in memory. A network that carries its state from batch to
batch is asked in the order and the batches of training instead, from zeros.
"""

from collections.abc import Callable, Iterator
from contextlib import nullcontext

import torch
from torch import Tensor, nn

from panlearn.core.errors import DataError
from panlearn.neural_network.training.rows import Rows
from panlearn.neural_network.training.truncated import Memory

STEPS = 1 << 15  # padded steps of a batch
MOST = 4096  # sequences of a batch


def length_batches(lengths: Tensor) -> Iterator[Tensor]:
    """Sequences of like lengths, some at a time, the short ones first.

    Examples
    --------
    >>> [found.tolist() for found in length_batches(torch.tensor([STEPS, 3, STEPS // 2, 2]))]
    [[3, 1], [2], [0]]
    """
    order = lengths.argsort(stable=True)
    ordered, begin = lengths[order], 0
    while begin < len(order):
        some = ordered[begin : begin + MOST]
        fit = int((some * torch.arange(1, len(some) + 1) <= STEPS).sum())
        yield order[begin : begin + max(1, fit)]
        begin += max(1, fit)


def sequence_outputs(
    module: nn.Module,
    rows: Rows,
    device: torch.device,
    link: Callable[[Tensor], Tensor] | None = None,
    *,
    each_step: bool = False,
    memory: Memory | None = None,
    size: int = 1,
) -> Tensor:
    """Answers of a network to all sequences, on the CPU.

    Parameters
    ----------
    module : Module
        Of (padded, lengths); set to evaluation while it answers.
    rows : Rows
        Sequences.
    device : torch.device
        Where the module is.
    link : callable, optional
        Applied to each batch of outputs, (b, k) or (steps, k).
    each_step : bool
        Whether the module answers with (b, t, k) rather than (b, k).
    memory : Memory, optional
        The module's, if it carries states from batch to batch; then `size` sequences are asked at a time, in order.
    size : int
        That number.

    Returns
    -------
    Tensor
        (n, k), or with `each_step` (sum of the lengths, k): the steps of sequence after sequence. In order.

    Raises
    ------
    DataError
        If there are no rows.
    """
    n, lengths = len(rows), rows.lengths()
    if not n or lengths is None:
        raise DataError("Found array with 0 sample(s), while a minimum of 1 is required.")
    starts = lengths.cumsum(0) - lengths
    places, parts = [], []
    training = module.training
    module.eval()
    try:
        with torch.no_grad(), nullcontext() if memory is None else memory.apart():
            for chosen in length_batches(lengths) if memory is None else torch.arange(n).split(size):
                answer = module(*(t.to(device, non_blocking=True) for t in rows.take(chosen)))
                place = chosen
                if each_step:
                    steps = torch.arange(answer.shape[1])
                    inside = steps < lengths[chosen][:, None]
                    answer, place = answer[inside.to(device)], (starts[chosen][:, None] + steps)[inside]
                parts.append((answer if link is None else link(answer)).cpu())
                places.append(place)
        joined = torch.cat(parts)
        return torch.empty_like(joined).index_copy_(0, torch.cat(places), joined)
    finally:
        module.train(training)
