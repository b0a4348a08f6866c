"""The mean loss of a network over some rows, as a function of its parameters: what every diagnosis looks at.

    L(theta) = (1/n) sum_i w_i l(f_theta(x_i), y_i)

theta is the vector of all parameters that can learn (`requires_grad`), end to end in the module's own order; frozen
ones are constants. The network is set to evaluation meanwhile: dropout is off and batch normalisation uses its running
statistics, so that L is one function, and the same as predictions are made with. Rows are visited in blocks, whose
means add up.

Course notes: 001 §5, §7.3.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from panlearn.core.errors import DataError
from panlearn.neural_network.neural_estimator import NeuralEstimator
from panlearn.neural_network.training.objective import OBJECTIVES, Objective

Loss = str | Objective | Callable[[Any, Tensor], Tensor] | None


class Block(NamedTuple):
    """Some of the rows."""

    inputs: tuple[Tensor, ...]  # arguments of the module
    target: Tensor
    weight: Tensor | None
    share: float  # of all rows


class EmpiricalLoss(NamedTuple):
    """A module, rows, and a loss: a function of the module's parameters."""

    module: nn.Module
    inputs: tuple[Tensor, ...]  # arguments of the module, n rows each
    target: Tensor  # (n, ...)
    weight: Tensor | None  # (n,) of mean 1
    loss: Callable[..., Tensor]  # (output, target, weight) -> mean over the rows
    batch_size: int = 4096  # rows of a block

    @property
    def parameters(self) -> dict[str, nn.Parameter]:
        """Parameters that can learn, by name."""
        return {name: p for name, p in self.module.named_parameters() if p.requires_grad}

    def blocks(self) -> Iterator[Block]:
        """Rows, a block at a time."""
        n = len(self.target)
        for start in range(0, n, self.batch_size):
            part = slice(start, start + self.batch_size)
            weight = None if self.weight is None else self.weight[part]
            target = self.target[part]
            yield Block(tuple(t[part] for t in self.inputs), target, weight, len(target) / n)

    def of(self, block: Block) -> Tensor:
        """Return the block's part of the mean loss, with its graph."""
        return block.share * self.loss(self.module(*block.inputs), block.target, block.weight)

    def value(self) -> float:
        """Return the mean loss at the present parameters."""
        with evaluating(self.module), torch.inference_mode():
            return sum(self.of(block).item() for block in self.blocks())

    def gradient(self) -> tuple[float, Tensor]:
        """Return the mean loss and its gradient, (p,)."""
        parameters = list(self.parameters.values())
        total, gradient = 0.0, torch.zeros_like(flat(parameters))
        with evaluating(self.module), torch.enable_grad(), twice_differentiable():
            for block in self.blocks():
                loss = self.of(block)
                total += loss.item()
                gradient += flat(grads(loss, parameters))
        return total, gradient


def empirical_loss(
    model: Any, X: Any, y: Any, loss: Loss = None, *, sample_weight: Any = None, batch_size: int = 4096
) -> EmpiricalLoss:
    """Make tensors of the data, and find the loss.

    Parameters
    ----------
    model : Module or fitted neural estimator
        The network.
    X : array, tensor, or tuple of them
        Rows; several are several arguments of the module. An estimator takes what its `fit` takes.
    y : array or tensor of shape (n,) or (n, k)
        Targets; labels 0 to K - 1 for a plain module.
    loss : str, callable, or None
        A name of a loss, a function of outputs and targets to their mean loss (`torch.nn.CrossEntropyLoss()`), or None:
        an estimator's own; for a module cross-entropy if y holds integers, half the squared error otherwise.
    sample_weight : array of shape (n,), optional
        Weights of the rows.
    batch_size : int
        Rows of a block.

    Returns
    -------
    EmpiricalLoss
        The function.

    Raises
    ------
    DataError
        If a loss is not known, no parameter can learn, or rows and targets differ in number.
    """
    if batch_size < 1:
        raise DataError(f"batch_size must be at least 1, got {batch_size}.")
    if isinstance(model, NeuralEstimator):
        risk = _of_estimator(model, X, y, loss, sample_weight)
    elif isinstance(model, nn.Module):
        risk = _of_module(model, X, y, loss, sample_weight)
    else:
        raise DataError(f"model must be a torch module or a fitted neural estimator, got {type(model).__name__}.")
    if not risk.parameters:
        raise DataError("no parameter of the module can learn: set requires_grad of at least one.")
    lengths = {len(t) for t in (*risk.inputs, risk.target)}
    if len(lengths) > 1 or 0 in lengths:
        raise DataError(f"X and y must have the same number of rows, at least 1, got {sorted(lengths)}.")
    return risk._replace(batch_size=batch_size)


def _of_estimator(model: NeuralEstimator, X: Any, y: Any, loss: Loss, sample_weight: Any) -> EmpiricalLoss:
    """Rows and objective as in the estimator's fit."""
    if not hasattr(model, "module_"):
        raise DataError(f"this {type(model).__name__} is not fitted: call fit first.")
    rows, target, weight = model._examples(X, y, sample_weight, reset=False)
    device = next((p.device for p in model.module_.parameters()), torch.device("cpu"))
    inputs = tuple(t.to(device) for t in rows.take(torch.arange(len(rows))))
    objective = model._objective() if loss is None else _named(loss)
    weight = None if weight is None else weight.to(device)
    return EmpiricalLoss(model.module_, inputs, target.to(device), weight, objective)


def _of_module(module: nn.Module, X: Any, y: Any, loss: Loss, sample_weight: Any) -> EmpiricalLoss:
    """Arrays as tensors of the module's kind."""
    like = next(module.parameters(), torch.empty(0))
    integers = any(isinstance(part, nn.Embedding | nn.EmbeddingBag) for part in module.modules())
    inputs = tuple(_tensor(part, "X", like, integers) for part in (X if isinstance(X, tuple) else (X,)))
    target = _tensor(y, "y", like, True)
    weight = None if sample_weight is None else _tensor(sample_weight, "sample_weight", like, False)
    if not len(target) or not all(len(t) == len(target) for t in inputs):
        raise DataError(f"X has {len(inputs[0])} rows, y {len(target)}: they must be as many, and at least 1.")
    if weight is not None and (weight.shape != target.shape[:1] or not bool((weight >= 0).all() and weight.sum() > 0)):
        raise DataError(f"sample_weight must be {len(target)} numbers of at least 0, not all 0.")
    with evaluating(module), torch.no_grad():
        output = module(*(t[:2] for t in inputs))
    found = _named(loss) if loss is not None else OBJECTIVES[_guess(output, target)]
    if isinstance(found, Objective):
        target = _fit_target(found, output, target)
    weight = None if weight is None else weight / weight.mean()
    return EmpiricalLoss(module, inputs, target, weight, found if isinstance(found, Objective) else _Custom(found))


class _Custom(NamedTuple):
    """A user's loss, which knows no weights."""

    loss: Callable[[Any, Tensor], Tensor]

    def __call__(self, output: Any, target: Tensor, weight: Tensor | None) -> Tensor:
        if weight is not None:
            raise DataError("sample_weight needs a loss by name: a function has no place for it.")
        value = self.loss(output, target)
        if value.ndim:
            raise DataError(f"loss must return one number, the mean over the rows, got shape {tuple(value.shape)}.")
        return value


def _named(loss: Loss) -> Any:
    """Loss of a name."""
    if not isinstance(loss, str):
        return loss
    if loss not in OBJECTIVES:
        raise DataError(f"loss must be one of {sorted(OBJECTIVES)} or a function, got {loss!r}.")
    return OBJECTIVES[loss]


def _guess(output: Any, target: Tensor) -> str:
    """Loss that outputs and targets suggest."""
    if not isinstance(output, Tensor):
        raise DataError(f"the module returns a {type(output).__name__}, not a tensor: pass loss=, a function of it.")
    if target.is_floating_point():
        return "squared_error"
    return "cross_entropy" if output.ndim > target.ndim and output.shape[1] > 1 else "binary_cross_entropy"


def _fit_target(objective: Objective, output: Tensor, target: Tensor) -> Tensor:
    """Targets in the shape and the type that a loss wants."""
    if objective.name == "cross_entropy":
        if not target.is_floating_point() and (int(target.max()) >= output.shape[1] or int(target.min()) < 0):
            odd = int(target.min()) if int(target.min()) < 0 else int(target.max())
            raise DataError(f"y holds the label {odd}, the module has {output.shape[1]} outputs: labels 0 to K - 1.")
        return target
    target = target.to(output.dtype)
    return target[:, None] if output.ndim == target.ndim + 1 and output.shape[-1] == 1 else target


def _tensor(value: Any, name: str, like: Tensor, integers: bool) -> Tensor:
    """Numbers as a tensor: fractions in the module's type, integers as they are where they are codes."""
    try:
        tensor = value.detach() if isinstance(value, Tensor) else torch.tensor(np.asarray(value))
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} must hold numbers: {error}. Encode labels as 0 to K - 1.") from None
    if tensor.ndim == 0:
        raise DataError(f"{name} must have rows, got a single number.")
    codes = integers and not tensor.is_floating_point() and not tensor.is_complex()
    tensor = tensor.to(like.device, torch.int64 if codes else like.dtype)
    if not torch.isfinite(tensor).all():
        raise DataError(f"{name} holds NaN or infinity.")
    return tensor


@contextmanager
def evaluating(module: nn.Module, training: bool = False) -> Iterator[None]:
    """Set a module to evaluation (or training), and each part back to what it was afterwards."""
    before = [(part, part.training) for part in module.modules()]
    module.train(training)
    try:
        yield
    finally:
        for part, was in before:
            part.training = was


@contextmanager
def twice_differentiable() -> Iterator[None]:
    """Keep to kernels whose gradients can be differentiated, twice: fused attention and cuDNN's recurrences cannot."""
    with ExitStack() as stack:
        stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        if torch.cuda.is_available():
            stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        yield


def grads(value: Tensor, parameters: Sequence[Tensor], graph: bool = False) -> list[Tensor]:
    """Gradient of a number in each parameter; zeros where it does not depend on one."""
    if not value.requires_grad:
        return [torch.zeros_like(p) for p in parameters]
    found = torch.autograd.grad(value, list(parameters), create_graph=graph, allow_unused=True)
    return [torch.zeros_like(p) if g is None else g for g, p in zip(found, parameters)]


def flat(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors end to end."""
    return torch.cat([t.reshape(-1) for t in tensors])


def unflat(vector: Tensor, like: Sequence[Tensor]) -> list[Tensor]:
    """Parts of a vector in the shapes of some tensors."""
    return [part.view_as(t) for part, t in zip(vector.split([t.numel() for t in like]), like)]


def take_step(model: Any, step: Any) -> None:
    """Add a vector to the parameters of a network, in place.

    Parameters
    ----------
    model : Module or fitted neural estimator
        The network.
    step : array or tensor of shape (p,)
        One number for each parameter that can learn, in the module's order, as a diagnosis returns it.

    Returns
    -------
    None
        The network is changed.

    Raises
    ------
    DataError
        If the step has another length.

    Examples
    --------
    >>> import torch
    >>> layer = torch.nn.Linear(1, 1)
    >>> before = layer.bias.item()
    >>> take_step(layer, [0.0, 0.5])
    >>> round(layer.bias.item() - before, 4)
    0.5
    """
    module = model.module_ if isinstance(model, NeuralEstimator) else model
    parameters = [p for p in module.parameters() if p.requires_grad]
    vector = torch.as_tensor(np.asarray(step)) if not isinstance(step, Tensor) else step
    p = sum(t.numel() for t in parameters)
    if vector.shape != (p,):
        raise DataError(f"step must have the shape ({p},), one number a parameter, got {tuple(vector.shape)}.")
    vector = vector.to(parameters[0].device, parameters[0].dtype)
    with torch.no_grad():
        for parameter, part in zip(parameters, unflat(vector, parameters)):
            parameter.add_(part)
