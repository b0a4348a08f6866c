"""What the plain network, GRU and Jordan's network have in common: parameters, noise, types, and torch's own kernels.

Parameters are drawn from U(-1/√H, 1/√H) in the order of torch's modules: the same seed gives the same weights.
Half-precision numbers are computed with in float32, for a sum over many steps would lose them, and given back as they
came. On a CUDA device layers that torch has are torch's, whose kernels (cuDNN) take the rows as they lie here.
"""

import math
from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from panlearn.nn.recurrent import Recurrent, State
from panlearn.nn.recurrent_noise import Noise, draw_noise, noise_settings
from panlearn.nn.steps import Steps

SIZES = ("input_size", "hidden_size", "output_size")
USUAL: dict[str, Any] = {
    "num_layers": 1,
    "nonlinearity": "tanh",
    "output_nonlinearity": "tanh",
    "bias": True,
    "batch_first": False,
    "dropout": 0.0,
    "bidirectional": False,
    "reset_after": True,
    "recurrent_dropout": 0.0,
    "zoneout": 0.0,
    "init": None,
}


class RecurrentLayer(Recurrent):
    """Base of layers with one kind of state.

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional
        As `Recurrent`.
    recurrent_dropout : float
        Share of the state left out of the recurrent product, the same units at all steps of a sequence.
    zoneout : float
        Probability that a unit keeps its value at a step.
    """

    def __init__(self, *sizes: Any, recurrent_dropout: float = 0.0, zoneout: float = 0.0) -> None:
        super().__init__(*sizes)
        self._noise = noise_settings(recurrent_dropout, zoneout)
        self.recurrent_dropout, self.zoneout = float(recurrent_dropout), float(zoneout)

    # ---- what a subclass gives

    @abstractmethod
    def _shapes(self, inputs: int) -> dict[str, tuple[int, ...]]:
        """Parameters of a layer and direction with this many inputs, in torch's order."""

    def _fused(self) -> Any:
        """Torch's function for the whole stack of layers on a GPU; None if it has none."""
        return None

    # ---- what all share

    def _make_parameters(self, device: Any, dtype: Any) -> None:
        directions = 2 if self.bidirectional else 1
        for layer in range(self.num_layers):
            shapes = self._shapes(directions * self._output_size if layer else self.input_size)
            for ending in ("", "_reverse")[:directions]:
                for name, shape in shapes.items():
                    parameter = nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
                    self.register_parameter(f"{name}_l{layer}{ending}", parameter)
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            parameter.uniform_(-bound, bound)

    def _draw(self, steps: Steps, gates: Tensor) -> Noise:
        return draw_noise(self._noise, steps, gates, self._state_sizes(), self.training)

    def _layers(self, rows: Tensor, steps: Steps, state: list[State]) -> tuple[Tensor, list[State]]:
        fused = self._fused() if rows.is_cuda and not any(self._noise) else None
        return super()._layers(rows, steps, state) if fused is None else self._by_torch(fused, rows, steps, state)

    def _by_torch(self, fused: Any, rows: Tensor, steps: Steps, state: list[State]) -> tuple[Tensor, list[State]]:
        """All layers at once; the rows of torch's packed sequences lie as ours do."""
        settings = self.bias, self.num_layers, self.dropout, self.training, self.bidirectional
        first = torch.stack([h for (h,) in state])
        output, last = fused(rows, steps.sizes, first, list(self.parameters()), *settings)
        return output, [(h,) for h in last]

    def extra_repr(self) -> str:
        """Sizes, and what is not as usual."""
        sizes = [str(getattr(self, name)) for name in SIZES if hasattr(self, name)]
        said = [f"{name}={getattr(self, name)!r}" for name, x in USUAL.items() if getattr(self, name, x) != x]
        return ", ".join(sizes + said)


def widened(*given: Tensor | None) -> tuple[Any, ...]:
    """Tensors of one type to compute with, at least float32."""
    dtype = torch.float32
    for x in given:
        dtype = dtype if x is None else torch.promote_types(dtype, x.dtype)
    return tuple(None if x is None else x.to(dtype) for x in given)
