"""Recurrent layers: what plain networks, LSTM, GRU and Jordan's network share.

    h_t = cell(x_t, h_{t-1}),    t = 1, ..., T

A layer is a cell carried along the steps, once in each direction if it is bidirectional; layers are stacked, with
dropout between them. Names, shapes and order of the parameters are those of torch's modules, so that weights can be
exchanged where the mathematics agrees.

A subclass says how one layer goes through the rows of a batch in one direction (`_scan`); rows lie step by step without
padding (`panlearn.nn.steps`). Course notes: 000 §5, 001 §8, 003 §2.
"""

from abc import abstractmethod
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from panlearn.nn.steps import Steps, pack, steps_of, steps_of_packed, unpack

State = tuple[Tensor, ...]  # one tensor a kind of state: (h,), or (h, c)


class Recurrent(nn.Module):
    """Base of recurrent layers.

    Parameters
    ----------
    input_size, hidden_size : int
        Width I of the input, and H of the hidden state.
    num_layers : int
        Layers, one above the other.
    bias : bool
        Whether gates have biases.
    batch_first : bool
        Whether sequences come as (B, T, I) rather than (T, B, I).
    dropout : float
        Share of outputs of each layer but the last that are set to zero in training.
    bidirectional : bool
        Whether a second cell reads each sequence from its end; outputs stand side by side.
    """

    n_states: ClassVar[int] = 1  # kinds of state: h, or h and c
    n_gates: ClassVar[int] = 1  # blocks of H rows in the weights

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ) -> None:
        super().__init__()
        for name, value in [("input_size", input_size), ("hidden_size", hidden_size), ("num_layers", num_layers)]:
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be an integer of at least 1, got {value!r}.")
        if isinstance(dropout, bool) or not 0 <= dropout <= 1:
            raise ValueError(f"dropout must be a number from 0 to 1, got {dropout!r}.")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout, self.bidirectional = bias, batch_first, float(dropout), bidirectional

    # ---- what a subclass gives

    @abstractmethod
    def _scan(self, rows: Tensor, steps: Steps, layer: int, reverse: bool, state: State) -> tuple[Tensor, State]:
        """Go through the rows (R, I) once; outputs (R, H) and the last state of each sequence, (B, H) each.

        `state` and what is returned are in the order of `steps`; with `reverse` from the last step to the first.
        """

    @property
    def _output_size(self) -> int:
        """Width of what one direction gives."""
        return self.hidden_size

    def _state_sizes(self) -> tuple[int, ...]:
        """Width of each kind of state."""
        return (self.hidden_size,) * self.n_states

    # ---- what all share

    def forward(self, input: Any, hx: Any = None, lengths: Any = None) -> tuple[Any, Any]:
        """Outputs of the last layer at all steps, and the last state of each layer and direction.

        Parameters
        ----------
        input : Tensor of shape (T, B, I), (B, T, I) with `batch_first`, or (T, I); or PackedSequence
            Sequences.
        hx : Tensor of shape (num_layers * directions, B, H), or a tuple of such, optional
            First state; zeros by default.
        lengths : Tensor of shape (B,), optional
            Steps of each sequence, at least 1; all T by default.

        Returns
        -------
        output : as `input`, H * directions wide
            Zeros behind the end of a short sequence.
        state : as `hx`
            After the last step of each sequence, and for the backward direction after its first.

        Raises
        ------
        ValueError
            If a shape, a type of numbers, a length or the state does not fit, or the input holds NaN.
        TypeError
            If the input or a part of the state is no tensor.
        """
        if isinstance(input, PackedSequence):
            if lengths is not None:
                raise ValueError("a PackedSequence knows its lengths: leave out `lengths`.")
            steps = steps_of_packed(input)
            rows, last = self._layers(input.data, steps, self._first_state(hx, steps, input.data, True))
            self._refuse_nan(last, input.data, steps)
            return input._replace(data=rows), self._joined(last, steps, True)
        if not isinstance(input, Tensor):
            raise TypeError(f"input must be a tensor or a PackedSequence, got {type(input).__name__}.")
        if input.ndim not in (2, 3) or input.shape[-1] != self.input_size:
            raise ValueError(
                f"input must have shape (T, B, {self.input_size}) or (T, {self.input_size}), with batch_first=True "
                f"(B, T, {self.input_size}); got {tuple(input.shape)}."
            )
        batched = input.ndim == 3
        padded = input if batched else input.unsqueeze(0 if self.batch_first else 1)
        B, T = padded.shape[:2] if self.batch_first else padded.shape[1::-1]
        steps = steps_of(lengths, T, B)
        given = pack(padded, steps, self.batch_first)
        rows, last = self._layers(given, steps, self._first_state(hx, steps, given, batched))
        self._refuse_nan(last, given, steps)
        output = unpack(rows, steps, T, self.batch_first)
        return output if batched else output.squeeze(0 if self.batch_first else 1), self._joined(last, steps, batched)

    def _layers(self, rows: Tensor, steps: Steps, state: list[State]) -> tuple[Tensor, list[State]]:
        """Go through all layers; one state a layer and direction."""
        last: list[State] = []
        directions = 2 if self.bidirectional else 1
        for layer in range(self.num_layers):
            if layer and self.training and self.dropout:
                rows = nn.functional.dropout(rows, self.dropout)
            found = [
                self._scan(rows, steps, layer, bool(way), state[layer * directions + way]) for way in range(directions)
            ]
            rows = found[0][0] if directions == 1 else torch.cat([found[0][0], found[1][0]], 1)
            last += [after for _, after in found]
        return rows, last

    def _refuse_nan(self, last: list[State], rows: Tensor, steps: Steps) -> None:
        """Name the first NaN of the input; what it is read into stays NaN, so that the last state tells."""
        if rows.device.type != "cpu" or all(state[0].detach().sum().isfinite() for state in last):
            return
        bad = rows.detach().isnan().any(1).nonzero()
        if len(bad):
            row = int(bad[0])
            step = int((steps.starts <= row).sum()) - 1
            place = row - int(steps.starts[step])
            sequence = place if steps.order is None else int(steps.order[place])
            raise ValueError(
                f"input holds NaN at step {step} of sequence {sequence} (counted from 0): fill in or leave out what is "
                "missing."
            )

    def _first_state(self, hx: Any, steps: Steps, rows: Tensor, batched: bool) -> list[State]:
        """State before the first step, one a layer and direction, in the order of `steps`."""
        count, B = self.num_layers * (2 if self.bidirectional else 1), steps.n_sequences
        _same_type("input", rows, next(self.parameters(), rows))
        if hx is None:
            zeros = tuple(rows.new_zeros(B, size) for size in self._state_sizes())
            return [zeros] * count
        kinds = tuple(hx) if self.n_states > 1 and isinstance(hx, (tuple, list)) else (hx,)
        if len(kinds) != self.n_states:
            raise ValueError(f"hx must hold {self.n_states} tensors, got {len(kinds)}.")
        for kind in kinds:
            if not isinstance(kind, Tensor):
                raise TypeError(
                    f"hx must be {'a tensor' if self.n_states == 1 else 'tensors'}, got {type(kind).__name__}."
                )
            _same_type("hx", kind, rows)
        kinds = tuple(kind if batched else kind.unsqueeze(1) for kind in kinds)
        for kind, size in zip(kinds, self._state_sizes()):
            if kind.shape != (count, B, size):
                raise ValueError(f"hx must have shape {(count, B, size)}, got {tuple(kind.shape)}.")
        return [tuple(steps.sorted(kind[i]) for kind in kinds) for i in range(count)]

    def _joined(self, last: list[State], steps: Steps, batched: bool) -> Any:
        """Last states as torch's modules give them."""
        kinds = tuple(torch.stack([steps.unsorted(kind) for kind in each]) for each in zip(*last))
        kinds = kinds if batched else tuple(kind.squeeze(1) for kind in kinds)
        return kinds[0] if self.n_states == 1 else kinds

    def _weights(self, layer: int, reverse: bool) -> dict[str, Tensor]:
        """Parameters of one layer and direction, by the first part of their names: "weight_ih", ..."""
        ending = f"_l{layer}{'_reverse' if reverse else ''}"
        names = (name.removesuffix(ending) for name in self._parameters if name.endswith(ending))
        return {name: getattr(self, name + ending) for name in names}


def _same_type(name: str, x: Tensor, like: Tensor) -> None:
    """As torch's modules, take numbers of one type only: integers and mixtures are more often slips than meant."""
    if x.dtype != like.dtype and not torch.is_autocast_enabled(x.device.type):
        raise ValueError(f"{name} holds {x.dtype}, but {like.dtype} is needed: convert it by .to({like.dtype}).")
