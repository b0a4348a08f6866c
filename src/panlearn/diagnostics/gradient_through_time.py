"""How far back can a recurrent network learn? The gradient of a loss in each state, step by step.

    delta_{t,k} = dL_t/dz_k = diag(f'(z_k)) U' delta_{t,k+1} = prod_{i=k}^{t-1} (diag(f'(z_i)) U') delta_{t,t}

(note 003 §2.1.3): what an early step hears of a late loss is a product of one Jacobian a step. Where its factors stay
below 1 the gradient vanishes and the network learns from the last few steps only; above 1 it explodes [bengio1994],
[pascanu2013]. A logistic state has factors of at most |U|/4, a hyperbolic tangent of at most |U|; ReLU with U = I
begins with 1 [le2015]; the cell of an LSTM adds a way on which the factor is the forget gate [hochreiter1997]. Other
ways, through h, remain: gates do not rule explosion out, and clipping stays useful (note 000 §5.4 says otherwise).

The loss looks at the last states only, unless another is given, and has a gradient of length 1 there: what is measured
at k steps from the end is the share that has come through k steps. One pass forward and one back, a step at a time:
some ten times the time of the layer's own kernels, and no parameter or gradient of the module is changed.
Course notes: 000 §5, 001 §8.4, 002, 003 §2.1.4, 004 §3.
"""

from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from panlearn.core.errors import DataError
from panlearn.diagnostics.empirical_loss import evaluating
from panlearn.diagnostics.gradient_flow import EXPLODED, VANISHED
from panlearn.diagnostics.recurrent_steps import step_by_step
from panlearn.diagnostics.unrolled_recurrence import Watch
from panlearn.nn.recurrent import Recurrent


class StateGradient(NamedTuple):
    """Gradient in one kind of state of one layer."""

    name: str  # "layer 0", "layer 0 reversed"; of a layer inside a network, its name before that
    state: str  # "h", or "c" for the cell of an LSTM; ours as it enters a step
    norms: np.ndarray  # (t, b) |dL/dh_t| of each sequence, longest first; NaN behind its end, or where none came

    @property
    def signal(self) -> np.ndarray:
        """Root mean square over the sequences at each time step, (t,)."""
        return _root_mean_square(self.norms)

    @property
    def back(self) -> np.ndarray:
        """The same by the number of steps that the gradient has come: from where a sequence ends, back, (t,)."""
        if "reversed" in self.name:
            return self.signal
        lengths = (~np.isnan(self.norms)).cumsum(0).argmax(0) + 1  # past the last step that is known
        step = lengths - 1 - np.arange(len(self.norms))[:, None]
        aligned = np.take_along_axis(self.norms, np.maximum(step, 0), 0)
        return _root_mean_square(np.where(step < 0, np.nan, aligned))

    @property
    def factor(self) -> float:
        """Mean factor of a step back (geometric); NaN for a single step."""
        back = self.back[np.isfinite(self.back)]
        return float((back[-1] / back[0]) ** (1 / (len(back) - 1))) if len(back) > 1 and back[0] else float("nan")

    @property
    def reach(self) -> int:
        """Steps back after which less than a thousandth is left; their number if that does not come."""
        back = self.back[np.isfinite(self.back)]
        lost = np.flatnonzero(back < VANISHED * back[0]) if len(back) else back
        return int(lost[0]) if len(lost) else len(back)


class GradientThroughTime(NamedTuple):
    """What a backward pass brings to each state of recurrent layers."""

    verdict: str  # "healthy", "vanishing" or "exploding" with the layer, "not finite"
    loss: float
    gradient_norm: float  # of all parameters
    states: tuple[StateGradient, ...]  # by layer and direction

    def __str__(self) -> str:
        """Table of the states."""
        head = f"{'state':28} {'last':>9} {'first':>9} {'a step':>8} {'reach':>6}"
        lines = [f"{self.verdict}; loss {self.loss:.4g}, gradient norm {self.gradient_norm:.3g}", head]
        for found in self.states:
            known = found.back[np.isfinite(found.back)]
            ends = f"{known[0]:9.1e} {known[-1]:9.1e}" if len(known) else f"{'':19}"
            name = f"{found.name}, {found.state}"
            lines.append(f"{name:28} {ends} {found.factor:8.3f} {found.reach:6}")
        return "\n".join(lines)


def gradient_through_time(
    module: nn.Module,
    input: Any,
    hx: Any = None,
    lengths: Any = None,
    *,
    loss: Callable[..., Tensor] | None = None,
    training: bool = False,
    random_state: int = 0,
) -> GradientThroughTime:
    """Measure the gradient of a loss in every state of a recurrent layer.

    Parameters
    ----------
    module : Module
        A layer of `panlearn.nn` (RNN, LSTM, GRU, JordanRNN, any variant) or of torch, or a network that holds some.
    input : Tensor
        Sequences, as the module takes them.
    hx : Tensor or tuple of them, optional
        First state, as the module takes it.
    lengths : Tensor of shape (b,), optional
        Steps of each sequence, for layers of `panlearn.nn`.
    loss : callable, optional
        Maps what the module returns, as its arguments, to a number. Default: a random direction of length 1 in the last
        hidden state of each sequence, in the top layer.
    training : bool
        Whether dropout acts as in training.
    random_state : int
        Seed of the direction, and of dropout.

    Returns
    -------
    GradientThroughTime
        By layer and state; print it for a table.

    Raises
    ------
    ValueError
        If the module holds no recurrent layer, the loss is not one number, or does not depend on the states.

    References
    ----------
    [bengio1994], [pascanu2013], [le2015], notes 002, 003 §2.1.4

    Examples
    --------
    A hundred steps back a plain network hears nothing, and an LSTM whose forget gate is open most of it:

    >>> state = torch.manual_seed(0)
    >>> X, plain, gated = torch.randn(100, 8, 4), nn.RNN(4, 32), nn.LSTM(4, 32)
    >>> with torch.no_grad():
    ...     _ = gated.bias_ih_l0[32:64].fill_(6.0)
    >>> gradient_through_time(plain, X).states[0].reach, gradient_through_time(gated, X).states[0].reach
    (11, 100)
    """
    names = [name for name, part in module.named_modules() if isinstance(part, (nn.RNNBase, Recurrent))]
    if not names:
        raise DataError(f"module must hold a recurrent layer, got {type(module).__name__} without one.")
    if isinstance(input, PackedSequence) and any(isinstance(part, nn.RNNBase) for part in module.modules()):
        raise DataError("torch's layers take sequences of one length here: use panlearn.nn, or leave PackedSequence.")
    if loss is None and "" not in names:
        raise DataError("loss must be given for a network around recurrent layers: only theirs has a default.")
    found: dict[tuple[str, str], dict[int, Tensor]] = defaultdict(dict)

    def watcher(name: str, layer: str) -> Watch:
        return lambda state, step, value: found[f"{name} {layer}".strip(), state].__setitem__(step, value)

    arguments = [value for value in (input, hx) if value is not None]
    named = {} if lengths is None else {"lengths": lengths}
    devices = sorted({p.device.index for p in module.parameters() if p.device.type == "cuda"})
    with ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng(devices))
        stack.enter_context(evaluating(module, training))
        stack.enter_context(torch.enable_grad())
        stack.enter_context(step_by_step(module, watcher))
        torch.manual_seed(random_state)
        returned = module(*arguments, **named)
        value = _last_states(module, returned) if loss is None else loss(*_as_arguments(returned))
        return _measure(module, value, found)


def _as_arguments(returned: Any) -> tuple[Any, ...]:
    """Output and state of a layer, or the one output of a network."""
    return tuple(returned) if isinstance(returned, tuple) and not isinstance(returned, PackedSequence) else (returned,)


def _last_states(module: Any, returned: Any) -> Tensor:
    """A random direction of length 1 in the last hidden state of each sequence and direction of the top layer."""
    state = returned[1]
    h = state[0] if isinstance(state, tuple) else state
    top = h[-(2 if module.bidirectional else 1) :]  # (directions, ..., H)
    direction = nn.functional.normalize(torch.randn(top.shape, dtype=torch.float64), dim=-1)
    return (top * direction.to(top)).sum()


def _measure(module: nn.Module, value: Any, found: dict[tuple[str, str], dict[int, Tensor]]) -> GradientThroughTime:
    """Gradients of the value in all states and parameters, by one backward pass."""
    if not isinstance(value, Tensor) or value.numel() != 1 or not value.requires_grad:
        raise DataError(f"loss must return one number that depends on the module, got {value!r:.80}.")
    parameters = [p for p in module.parameters() if p.requires_grad]
    found = {(name, state): found[name, state] for name, _ in found for state in "hc" if (name, state) in found}
    states = [steps[t] for steps in found.values() for t in sorted(steps)]
    gradients = torch.autograd.grad(value.reshape(()), [*parameters, *states], allow_unused=True)
    lengths = [0.0 if g is None else float(g.double().norm()) for g in gradients[: len(parameters)]]
    rest = iter(gradients[len(parameters) :])
    table = tuple(
        StateGradient(name, state, _norms([steps[t] for t in sorted(steps)], rest))
        for (name, state), steps in found.items()
    )
    if all(np.isnan(each.norms).all() for each in table):
        raise DataError("loss must depend on the states of a recurrent layer, but no gradient came to one.")
    norm = float(np.linalg.norm(lengths))
    return GradientThroughTime(_verdict(value.item(), norm, table), value.item(), norm, table)


def _norms(states: list[Tensor], gradients: Any) -> np.ndarray:
    """Length of the gradient in each row of each step, (t, b); NaN where there is no row or no gradient."""
    widest = max(len(state) for state in states)
    norms = np.full((len(states), widest), np.nan)
    for t, gradient in zip(range(len(states)), gradients):
        if gradient is not None:
            rows = gradient.detach().double().norm(dim=-1).cpu().numpy()
            norms[t, : len(rows)] = rows
    return norms


def _verdict(loss: float, norm: float, table: tuple[StateGradient, ...]) -> str:
    """What is wrong, if anything."""
    if not (np.isfinite(loss) and np.isfinite(norm)):
        return "not finite: the loss or a gradient has overflowed"
    found = []
    for each in table:
        back = each.back[np.isfinite(each.back)]
        if len(back) and back[-1] < VANISHED * back[0]:
            found.append(f"vanishing in {each.name} ({each.state})")
        elif len(back) and back[-1] > EXPLODED * back[0]:
            found.append(f"exploding in {each.name} ({each.state})")
    return "; ".join(found) or "healthy"


def _root_mean_square(norms: np.ndarray) -> np.ndarray:
    """Over the sequences that are there, (t,); NaN where there is none."""
    known = ~np.isnan(norms)
    largest = np.max(np.where(known, norms, 0.0), axis=1, keepdims=True)
    scale = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)  # squares neither underflow nor overflow
    squares = np.where(known, norms / scale, 0.0) ** 2
    with np.errstate(invalid="ignore"):
        return scale[:, 0] * np.sqrt(squares.sum(1) / np.where(known.any(1), known.sum(1), np.nan))
