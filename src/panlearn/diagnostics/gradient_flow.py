"""Do gradients arrive? One forward and one backward pass, seen layer by layer and, in recurrent networks, step by step.

The chain rule multiplies what comes back from the loss by one Jacobian a layer (a time step),

    dL/dh_k = (dh_{k+1}/dh_k)' ... (dh_m/dh_{m-1})' dL/dh_m,

and a long product of factors below 1 vanishes, of factors above 1 explodes: the first layers (the early words) learn
nothing, or everything at once [bengio1994], [pascanu2013]. The derivative of the logistic function is at most 1/4, that
of ReLU 0 or 1; residual paths and the cell of an LSTM add a factor of about 1.
Course notes: 001 §8.4, 002, 003 §2.1.4, 004 §3.

    signal          |dL/d output| of a layer: what it receives
    gradient_norm   |dL/d parameters|: what it learns from
    update_ratio    |update| / |parameters|: about 1e-3 is healthy, 1e-6 stands still, 1 forgets
    dead_share      units of a ReLU that are 0 for every row: their gradient is 0, and they do not come back
    zero_share      entries that are 0

The pass is one of training: batch normalisation uses the batch, dropout draws from a fixed seed; running statistics and
gradients of the module are left as they were. Recurrent layers, ours and torch's, are run step by step (same result,
slower), because their kernels do not let dL/dh_t out.
"""

import copy
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from panlearn.core.errors import DataError
from panlearn.diagnostics.empirical_loss import EmpiricalLoss, Loss, empirical_loss, evaluating, grads
from panlearn.diagnostics.layer_watch import LayerWatch, Seen
from panlearn.neural_network.neural_estimator import NeuralEstimator

VANISHED, EXPLODED = 1e-3, 1e3  # first layer (step) relative to the last


class LayerFlow(NamedTuple):
    """A layer in one pass; NaN where something does not apply."""

    name: str  # in the module
    kind: str  # its class
    n_parameters: int
    output_mean: float
    output_std: float
    zero_share: float  # share of outputs that are exactly 0
    dead_share: float  # of a ReLU: share of units that are 0 for every row
    signal: float  # length of the gradient of the loss in the outputs
    weight_norm: float  # length of its parameters
    gradient_norm: float  # length of the gradient in its parameters
    update_ratio: float  # length of the next update relative to its parameters

    @property
    def gradient_rms(self) -> float:
        """Gradient of a typical parameter: comparable between layers of different size."""
        return self.gradient_norm / np.sqrt(self.n_parameters) if self.n_parameters else float("nan")


class StepFlow(NamedTuple):
    """A recurrent layer in one pass, by time step."""

    name: str  # of the layer
    state: str  # "h", or "c" for the cell of an LSTM; ours as it enters a step
    signal: np.ndarray  # (t,) length of dL/dh_t over all rows
    size: np.ndarray  # (t,) length of h_t over all rows


class GradientFlow(NamedTuple):
    """What a backward pass brings to each layer and time step."""

    verdict: str  # "healthy", or what is wrong: "vanishing", "exploding", "dead units", "not finite", with where
    loss: float
    gradient_norm: float  # of all parameters
    layers: tuple[LayerFlow, ...]  # in the order of the forward pass
    steps: tuple[StepFlow, ...]  # recurrent layers; empty if there are none

    def __str__(self) -> str:
        """Table of the layers."""
        head = f"{'layer':24} {'signal':>9} {'gradient':>9} {'update':>9} {'dead':>6} {'output':>16}"
        lines = [f"{self.verdict}; loss {self.loss:.4g}, gradient norm {self.gradient_norm:.3g}", head]
        for layer in self.layers:
            numbers = (layer.signal, layer.gradient_norm, layer.update_ratio)
            cells = " ".join(f"{'' if np.isnan(value) else f'{value:.1e}':>9}" for value in numbers)
            dead = "" if np.isnan(layer.dead_share) else f"{layer.dead_share:.0%}"
            lines.append(f"{layer.name:24} {cells} {dead:>6} {layer.output_mean:7.2g} ± {layer.output_std:<6.2g}")
        for step in self.steps:
            lines.append(f"{step.name}, {step.state}_t: signal {step.signal[0]:.1e} first, {step.signal[-1]:.1e} last")
        return "\n".join(line.rstrip() for line in lines)


def gradient_flow(
    model: Any,
    X: Any,
    y: Any,
    loss: Loss = None,
    *,
    optimizer: float | torch.optim.Optimizer | None = None,
    sample_weight: Any = None,
    training: bool = True,
    random_state: int = 0,
) -> GradientFlow:
    """Follow the gradient of one batch back through a network.

    Parameters
    ----------
    model : Module or fitted neural estimator
        The network; it is not changed.
    X : array, tensor, or tuple of them
        Rows: one batch, as the network takes them.
    y : array of shape (n,) or (n, k)
        Targets.
    loss : str, callable, or None
        A name, a function of outputs and targets, or None: the estimator's own, or the one y suggests.
    optimizer : float or torch.optim.Optimizer, optional
        Whose next update is measured: a learning rate of plain gradient descent, or an optimiser of the module's own
        parameters, with the moments it has. Default: an estimator's learning rate, 0.001 for a module.
    sample_weight : array of shape (n,), optional
        Weights of the rows.
    training : bool
        Whether dropout and batch normalisation act as in training.
    random_state : int
        Seed of dropout.

    Returns
    -------
    GradientFlow
        Layers, time steps and a verdict; print it for a table.

    Raises
    ------
    ValueError
        If the rows cannot be used.

    References
    ----------
    [bengio1994], [glorot2010], [pascanu2013], notes 001 §8.4, 004 §3

    Examples
    --------
    Ten logistic layers let less than a millionth through; with ReLU and He's initialisation it arrives:

    >>> import torch
    >>> def deep(activation):
    ...     layers = [part for _ in range(10) for part in (torch.nn.Linear(16, 16), activation())]
    ...     for linear in layers[::2]:
    ...         _ = torch.nn.init.kaiming_normal_(linear.weight)
    ...     return torch.nn.Sequential(*layers, torch.nn.Linear(16, 1))
    >>> state = torch.manual_seed(0)
    >>> X, y = torch.randn(32, 16), torch.randn(32)
    >>> [gradient_flow(deep(f), X, y).verdict for f in (torch.nn.Sigmoid, torch.nn.ReLU)]
    ['vanishing towards 0', 'healthy']
    """
    risk = empirical_loss(model, X, y, loss, sample_weight=sample_weight, batch_size=2**62)
    update = optimizer if optimizer is not None else _rate(model)
    if isinstance(update, (int, float)) and not update > 0:
        raise DataError(f"optimizer must be a positive learning rate or a torch optimiser, got {update!r}.")
    parameters = risk.parameters
    buffers = [(b, b.clone()) for b in risk.module.buffers()]
    devices = sorted({p.device.index for p in parameters.values() if p.device.type == "cuda"})
    try:
        with torch.random.fork_rng(devices), evaluating(risk.module, training), torch.enable_grad():
            torch.manual_seed(random_state)
            with LayerWatch(risk.module) as watch:
                value = risk.of(next(risk.blocks()))
                gradients = dict(zip(parameters, grads(value, list(parameters.values()))))
    finally:
        with torch.no_grad():
            for buffer, was in buffers:
                buffer.copy_(was)
    moves = _updates(risk, gradients, update)
    layers = tuple(_layer(seen, risk, gradients, moves) for seen in watch.layers)
    steps = tuple(StepFlow(*found) for found in watch.steps())
    norm = float(torch.stack([g.double().norm() for g in gradients.values()]).norm())
    return GradientFlow(_verdict(value.item(), norm, layers, steps), value.item(), norm, layers, steps)


def _rate(model: Any) -> float:
    """Learning rate of an estimator, or a usual one."""
    if not isinstance(model, NeuralEstimator):
        return 1e-3
    return float(model._settings().learning_rate)


def _updates(
    risk: EmpiricalLoss, gradients: dict[str, Tensor], optimizer: float | torch.optim.Optimizer
) -> dict[str, Tensor]:
    """What the next step adds to each parameter; nothing is changed."""
    parameters = risk.parameters
    if not isinstance(optimizer, torch.optim.Optimizer):
        return {name: -optimizer * g for name, g in gradients.items()}
    before = {name: p.detach().clone() for name, p in parameters.items()}
    old = {name: p.grad for name, p in parameters.items()}
    state = copy.deepcopy(optimizer.state_dict())
    try:
        for name, p in parameters.items():
            p.grad = gradients[name].clone()
        optimizer.step()
        return {name: (p.detach() - before[name]).clone() for name, p in parameters.items()}
    finally:
        optimizer.load_state_dict(state)
        with torch.no_grad():
            for name, p in parameters.items():
                p.copy_(before[name])
                p.grad = old[name]


def _layer(seen: Seen, risk: EmpiricalLoss, gradients: dict[str, Tensor], moves: dict[str, Tensor]) -> LayerFlow:
    """Numbers of a layer."""
    own = [name for name in seen.own if name in gradients]
    n = sum(gradients[name].numel() for name in own)
    norm = lambda tensors: float(torch.stack([t.detach().double().norm() for t in tensors]).norm()) if n else np.nan  # noqa: E731
    weight, gradient = norm([risk.parameters[name] for name in own]), norm([gradients[name] for name in own])
    ratio = norm([moves[name] for name in own]) / weight if n and weight else np.nan
    return LayerFlow(
        seen.name or "module",
        seen.kind,
        n,
        seen.mean,
        seen.std,
        seen.zero_share,
        seen.dead_share,
        seen.signal,
        weight,
        gradient,
        ratio,
    )


def _verdict(loss: float, norm: float, layers: tuple[LayerFlow, ...], steps: tuple[StepFlow, ...]) -> str:
    """What is wrong, if anything."""
    if not (np.isfinite(loss) and np.isfinite(norm)):
        return "not finite: the loss or a gradient has overflowed"
    found = []
    learning = [layer for layer in layers if layer.n_parameters and np.isfinite(layer.signal)]
    if len(learning) > 1:
        found += _trend(learning[0].signal, learning[-1].signal, f"towards {learning[0].name}")
    for step in steps:
        ends = (step.signal[-1], step.signal[0]) if "reversed" in step.name else (step.signal[0], step.signal[-1])
        found += _trend(*ends, f"through time in {step.name} ({step.state})")
    dead = [layer for layer in layers if layer.dead_share >= 0.5]
    if dead:
        found.append(f"dead units in {', '.join(layer.name for layer in dead[:3])}")
    return "; ".join(found) or "healthy"


def _trend(first: float, last: float, where: str) -> list[str]:
    """Whether the signal falls or grows on its way back."""
    if first < VANISHED * last:
        return [f"vanishing {where}"]
    return [f"exploding {where}"] if first > EXPLODED * last else []
