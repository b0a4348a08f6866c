"""The network of all sequence estimators: vectors of tokens, if there are tokens, and recurrent layers.

    x_t = E[token_t], or the frame itself        h_t = cell(x_t, h_{t-1})        outputs h_1, ..., h_T; last state h_T

What stands on the outputs (a class from the last, a label at each, a character model) is the estimator's. Dropout acts
on the vectors of tokens, between layers, and on the outputs; `recurrent_dropout` on the state as it enters the
recurrent product, one mask a sequence [gal2016]. Course notes: 003 §2, 004 §1.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

import panlearn.nn as recurrent
from panlearn.core.errors import DataError
from panlearn.neural_network.training.batches import Batch
from panlearn.neural_network.training.truncated import Memory, Truncation, kinds_of, read_back, time_windows

VARIANTS = {
    "lstm": ("standard", "peephole", "coupled", "layer_norm", "ordered"),
    "gru": ("standard", "reset_before"),
    "rnn": ("standard", "relu", "sigmoid", "identity"),
    "jordan": ("standard",),
}


class SequenceArchitecture(NamedTuple):
    """Parameters of the recurrent part of an estimator."""

    cell: str = "lstm"  # "lstm", "gru", "rnn" or "jordan"
    variant: Any = "standard"  # of that cell, see `VARIANTS`; for "lstm" also a tuple of those that go together
    hidden_size: int = 128
    num_layers: int = 1
    bidirectional: bool = False
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    embedding_size: int = 100  # of the vectors of tokens
    output_size: int | None = None  # "jordan": width of what is fed back; None for hidden_size


class SequenceNetwork(nn.Module):
    """Recurrent layers over frames or tokens.

    Parameters
    ----------
    n_inputs : int
        Numbers a step, or tokens there are.
    architecture : SequenceArchitecture
        The layers.
    tokens : bool, default=False
        Whether inputs are numbers of tokens, (b, t), rather than frames, (b, t, p).

    Attributes
    ----------
    output_size : int
        Width D of the outputs.

    Examples
    --------
    >>> network = SequenceNetwork(3, SequenceArchitecture(hidden_size=4, bidirectional=True))
    >>> outputs, last = network(torch.ones(2, 5, 3), torch.tensor([5, 2]))
    >>> outputs.shape, last.shape, bool((outputs[1, 2:] == 0).all())
    (torch.Size([2, 5, 8]), torch.Size([2, 8]), True)
    """

    def __init__(self, n_inputs: int, architecture: SequenceArchitecture, tokens: bool = False) -> None:
        super().__init__()
        self.architecture = architecture
        self.truncation, self.memory = Truncation(), None
        self.embedding = nn.Embedding(n_inputs, architecture.embedding_size) if tokens else None
        if self.embedding is not None:
            self.embedding.weight.data[0] = 0.0  # what stands for unknown tokens may never be seen in training
        self.layers = recurrent_layers(architecture.embedding_size if tokens else n_inputs, architecture)
        self.dropout = nn.Dropout(architecture.dropout)
        width = architecture.hidden_size
        if architecture.cell == "jordan" and architecture.output_size:
            width = architecture.output_size
        self.output_size = width * (2 if architecture.bidirectional else 1)

    def forward(self, padded: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs at all steps, and the last state of the last layer.

        Parameters
        ----------
        padded : Tensor of shape (b, t) or (b, t, p)
            Tokens or frames.
        lengths : Tensor of shape (b,)
            Steps of each sequence, at least 1.

        Returns
        -------
        outputs : Tensor of shape (b, t, D)
            Zeros behind the end of a sequence.
        last : Tensor of shape (b, D)
            Of each direction after the last step it reads.
        """
        memory = self.memory if self.memory is not None and (self.training or self.memory.kept) else None
        first = None if memory is None else memory.read(len(padded))
        if self.training and self.truncation.window and not self.truncation.each_step:
            outputs, state = read_back(self.read, padded, lengths, self.truncation, first)
        else:
            outputs, state = self.read(padded, lengths, first)
        if memory is not None:
            memory.write(state, len(padded))
        return outputs, self.dropout(self.last(state))

    def read(self, padded: Tensor, lengths: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Outputs (b, t, D) and the state of all layers, from a first state: to go on where one has stopped.

        Parameters
        ----------
        padded, lengths : Tensor
            As for `forward`.
        state : Tensor or tuple of Tensor, optional
            What an earlier call returned, (layers * directions, b, H) each.

        Returns
        -------
        outputs, state
            As described.
        """
        vectors = padded if self.embedding is None else self.dropout(self.embedding(padded))
        outputs, state = self.layers(vectors, state, lengths=lengths)
        return self.dropout(outputs), state

    def truncate(self, truncation: Truncation) -> None:
        """Set how far gradients reach back, and whether the state is carried from batch to batch.

        Parameters
        ----------
        truncation : Truncation
            What is wanted.

        Raises
        ------
        DataError
            If layers read from the end as well: there is no state to carry before the end is known.
        """
        if self.architecture.bidirectional and (truncation.window or truncation.stateful):
            raise DataError(
                "bidirectional=True reads sequences from their end as well, which a window in time has not seen: set "
                "bptt_window=None and stateful=False, or bidirectional=False."
            )
        self.truncation = truncation
        if truncation.stateful or (truncation.window and truncation.each_step):
            with torch.inference_mode(False), torch.no_grad():
                like = next(self.layers.parameters())
                one = like.new_zeros(1, 1, self.layers.input_size)
                self.memory = Memory(kinds_of(self.layers(one)[1]), truncation.size, truncation.stateful)

    def windows(self, batch: Batch, *, timed: bool = False) -> Iterator[Batch]:
        """Parts of a batch of training, one update each; the state is carried from one to the next.

        Parameters
        ----------
        batch : Batch
            Inputs (padded, lengths, ...).
        timed : bool, default=False
            Whether further inputs have a time axis too, see `time_windows`.

        Yields
        ------
        Batch
            The batch itself, or windows of it.
        """
        memory, truncation = self.memory, self.truncation
        if memory is None:
            yield batch
            return
        if not truncation.stateful or int(batch.indices[0]) == 0:
            memory.clear()
        memory.places = None
        if not (truncation.window and truncation.each_step):
            yield batch
            return
        for memory.places, part in time_windows(batch, truncation.window, timed=timed):
            yield part
        memory.places = None

    def set_vectors(self, table: np.ndarray) -> None:
        """Start from given vectors of tokens.

        Parameters
        ----------
        table : ndarray of shape (tokens, embedding_size)
            Rows of NaN are tokens without one; they are drawn with the variance of the others.
        """
        assert self.embedding is not None
        known = torch.from_numpy(table)
        missing = known.isnan()
        spread = float(known[~missing].std())
        with torch.no_grad():
            self.embedding.weight.copy_(torch.where(missing, torch.randn_like(known) * spread, known))

    def last(self, state: Any) -> Tensor:
        """State of the last layer, both directions side by side, (b, D)."""
        hidden = state if isinstance(state, Tensor) else state[0]
        return torch.cat([hidden[-2], hidden[-1]], 1) if self.architecture.bidirectional else hidden[-1]


def recurrent_layers(n_inputs: int, architecture: SequenceArchitecture) -> Any:
    """Build the layers that an architecture names."""
    a = architecture
    check_variant(a.cell, a.variant)
    sizes = (n_inputs, a.hidden_size)
    common: dict[str, Any] = {
        "num_layers": a.num_layers,
        "batch_first": True,
        "dropout": a.dropout if a.num_layers > 1 else 0.0,
        "bidirectional": a.bidirectional,
        "recurrent_dropout": a.recurrent_dropout,
    }
    if a.cell == "lstm":
        return recurrent.LSTM(*sizes, **common, variant=a.variant)
    if a.cell == "gru":
        return recurrent.GRU(*sizes, **common, reset_after=a.variant == "standard")
    if a.cell == "jordan":
        return recurrent.JordanRNN(*sizes, a.output_size or a.hidden_size, **common)
    if a.variant == "identity":
        return recurrent.RNN(*sizes, **common, nonlinearity="relu", init="identity")
    return recurrent.RNN(*sizes, **common, nonlinearity="tanh" if a.variant == "standard" else a.variant)


def check_variant(cell: str, variant: Any) -> None:
    """Raise a DataError if a cell is not known or has no such variant."""
    known = VARIANTS.get(cell)
    if known is None:
        raise DataError(f"cell must be one of {sorted(VARIANTS)}, got {cell!r}.")
    parts = variant if cell == "lstm" and isinstance(variant, (tuple, list)) and variant else [variant]
    odd = next((part for part in parts if part not in known), None)
    if odd is not None or variant is None:
        raise DataError(f'variant of cell="{cell}" must be one of {list(known)}, got {variant!r}.')
