"""Where a loss that is not a number came from.

NaN and infinity spread: one in a batch makes the loss, every gradient and every weight NaN. The origin is the first
place, on the way from the data to the update, where something not finite comes out of something finite. Looked at in
this order:

    inputs, target      the data themselves, or what augmentation made of them
    weights             not finite already: an update overflowed, or the gradient before it was not finite
    layers              forward hooks on the layers that hold no others: finite in, not finite out
    loss                finite outputs for which the loss overflows
    gradient            a finite loss whose derivative is not: sqrt at 0, x / |x|, log of a rounded 0
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from panlearn.core.errors import DataError

if TYPE_CHECKING:
    from panlearn.neural_network.training.batches import Batch
    from panlearn.neural_network.training.run import Run

SLOWER = "lower learning_rate, set clipping, or standardise the inputs"
Finding = tuple[str, str, str]  # origin, layer, and words
ADVICE = (  # the words of scikit-learn's networks
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."
)


class DivergenceError(DataError):
    """Training met NaN or infinity; the message names the place and a remedy.

    Attributes
    ----------
    origin : str
        "inputs", "target", "weights", "layer", "loss" or "gradient": the first that is not finite.
    layer : str
        Name of the layer or parameter, where there is one.
    epoch, batch : int
        Where training stood, counted from 0.

    Examples
    --------
    >>> issubclass(DivergenceError, ValueError)
    True
    """

    def __init__(self, message: str, origin: str = "", layer: str = "", epoch: int = -1, batch: int = -1) -> None:
        super().__init__(message)
        self.origin, self.layer, self.epoch, self.batch = origin, layer, epoch, batch


def explain(run: "Run", number: int) -> DivergenceError:
    """Find where the loss of a batch stopped being finite.

    Parameters
    ----------
    run : Run
        As it stood before the update of that batch.
    number : int
        The batch, counted from the beginning of the epoch.

    Returns
    -------
    DivergenceError
        To be raised.
    """
    batch = _batch(run, number)
    if found := _in_data(batch):
        return _error(run, number, found)
    if found := _in_weights(run):
        return _of_update(run, max(0, number - 1), found)
    return _error(run, number, _in_forward(run, batch))


def check_update(run: "Run") -> None:
    """Look at the gradient of the last batch and at the parameters after it.

    Raises
    ------
    DivergenceError
        If one of them is not finite although the loss was.
    """
    watched = [segment.values for segment in run.segments]
    if not run.precision.scaled:  # float16 leaves out the updates whose gradients overflow
        watched += [segment.gradient for segment in run.segments]
    if all(bool(tensor.isfinite().all()) for tensor in watched):
        return
    found = _in_weights(run)
    if found is None:
        name = next(_not_finite(run, gradients=True))
        found = "gradient", name, f"the gradient of {name} is not finite although the loss is: {SLOWER}"
    raise _of_update(run, max(0, run.batch - 1), found)


def _of_update(run: "Run", number: int, found: Finding) -> DivergenceError:
    """Fault of an update; an infinite input may leave the loss finite (tanh of it is 1) and spoil the gradient."""
    return _error(run, number, _in_data(_batch(run, number)) or found)


def _error(run: "Run", number: int, found: Finding) -> DivergenceError:
    origin, layer, text = found
    place = f"batch {number} of epoch {run.epoch}"
    return DivergenceError(f"Training diverged in {place}: {text}. {ADVICE}", origin, layer, run.epoch, number)


def _batch(run: "Run", number: int) -> "Batch":
    return next(run.batches.epoch(run.epoch, number))


def _in_data(batch: "Batch") -> Finding | None:
    """Inputs, targets and weights of the rows."""
    for k, tensor in enumerate(batch.inputs):
        if (row := _bad_row(tensor)) is not None:
            where = f"input {k}" if len(batch.inputs) > 1 else "the inputs"
            text = f"{where} of row {int(batch.indices[row])} hold NaN or infinity: clean the data, or the augmentation"
            return "inputs", "", text
    for name, tensor in (("target", batch.target), ("weight", batch.weight)):
        if tensor is not None and (row := _bad_row(tensor)) is not None:
            return "target", "", f"the {name} of row {int(batch.indices[row])} is NaN or infinite: clean the data"
    return None


def _bad_row(tensor: Tensor) -> int | None:
    """First row that is not finite."""
    if not tensor.is_floating_point() or not len(tensor):
        return None
    bad = ~tensor.isfinite().flatten(1).all(1) if tensor.ndim > 1 else ~tensor.isfinite()
    return int(bad.nonzero()[0]) if bool(bad.any()) else None


def _in_weights(run: "Run") -> Finding | None:
    """Parameters; the gradients still are those of the update that spoiled them, unless a hand-written pass ran."""
    name = next(_not_finite(run), None)
    if name is None:
        return None
    cause = next(_not_finite(run, gradients=True), None)
    if cause is None:
        return "weights", name, f"{name} is not finite: the last update overflowed; {SLOWER}"
    return "gradient", cause, f"{name} is not finite, since the last gradient of {cause} was not: {SLOWER}"


def _not_finite(run: "Run", gradients: bool = False) -> Iterator[str]:
    """Names of parameters, or of parameters with gradients, that hold NaN or infinity; gradients from the loss down."""
    named = list(run.module.named_parameters())
    for name, parameter in reversed(named) if gradients else named:
        values = parameter.grad if gradients else parameter
        if values is not None and not bool(values.isfinite().all()):
            yield name


def _in_forward(run: "Run", batch: "Batch") -> Finding:
    """Layers, then the loss."""
    found: list[tuple[str, str]] = []

    def watch(name: str) -> Any:
        def hook(layer: nn.Module, inputs: tuple, output: Any) -> None:
            if not found and _finite(inputs) and not _finite((output,)):
                largest = max((float(t.abs().max()) for t in _tensors(inputs) if t.numel()), default=0.0)
                found.append((name, f"{type(layer).__name__}, whose largest input is {largest:.3g}"))

        return hook

    leaves = [(name, layer) for name, layer in run.module.named_modules() if not any(layer.children())]
    handles = [layer.register_forward_hook(watch(name)) for name, layer in leaves]
    try:
        with torch.no_grad(), run.precision.forward():
            output = run.module(*batch.inputs)
    finally:
        for handle in handles:
            handle.remove()
    if found:
        name, kind = found[0]
        wider = "precision='bfloat16', which has a wider range, or " if run.settings.precision == "float16" else ""
        return "layer", name, f"it arises in layer '{name}' ({kind}): {wider}{SLOWER}"
    if not _finite((output,)):
        return "layer", "", f"it arises in {type(run.module).__name__}.forward, between its layers: {SLOWER}"
    largest = float(output.detach().abs().max())
    return "loss", "", f"{run.objective.name} overflows at outputs up to {largest:.3g}: {SLOWER}, or scale the target"


def _tensors(values: Any) -> Iterator[Tensor]:
    """Tensors of floats inside tuples and lists."""
    if isinstance(values, Tensor):
        if values.is_floating_point():
            yield values.detach()
    elif isinstance(values, (tuple, list)):
        for value in values:
            yield from _tensors(value)


def _finite(values: Any) -> bool:
    return all(bool(tensor.isfinite().all()) for tensor in _tensors(values))
