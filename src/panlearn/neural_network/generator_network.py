"""The network of a generator: what comes next, given all that came before.

    v_t = E[x_t]        h_t = cell(v_t, h_{t-1})        p(x_{t+1} | x_1, ..., x_t) = softmax(W h_t + b)

A text can be made from a vector z (one to many), which enters once, before its first token:

    "input"     in the place of the vector of the first mark, v_0 = A z
    "state"     as the state of each layer before the first step, h_0 = tanh(A z); and c_0 likewise

Course notes: 003 §2, 004 §1.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from panlearn.neural_network.sequence_network import SequenceArchitecture, SequenceNetwork
from panlearn.neural_network.step_objective import Scored
from panlearn.neural_network.training.batches import Batch
from panlearn.neural_network.training.truncated import kinds_of

CONDITIONS = ("input", "state")


class GeneratorNetwork(nn.Module):
    """Scores of the next token.

    Parameters
    ----------
    n_tokens : int
        Tokens, the unknown one (0) and the mark (the last) included.
    architecture : SequenceArchitecture
        Recurrent layers.
    n_features : int
        Width of the vectors that texts are made from; 0 where there are none.
    condition : {"input", "state"}
        Where they enter.
    """

    def __init__(
        self, n_tokens: int, architecture: SequenceArchitecture, n_features: int = 0, condition: str = "input"
    ) -> None:
        super().__init__()
        self.mark, self.condition = n_tokens - 1, condition
        self.tokens = nn.Embedding(n_tokens, architecture.embedding_size)
        nn.init.zeros_(self.tokens.weight[0])  # the unknown token may never be met in training
        self.dropout = nn.Dropout(architecture.dropout)
        self.network = SequenceNetwork(architecture.embedding_size, architecture)
        self.head = nn.Linear(self.network.output_size, n_tokens)
        self.from_features = None
        if n_features:
            one = torch.zeros(1, 1, architecture.embedding_size)
            kinds = kinds_of(self.network.layers(one)[1])
            self.sizes = [(kind.shape[0], kind.shape[2]) for kind in kinds]  # layers, units
            width = sum(n * units for n, units in self.sizes)
            self.from_features = nn.Linear(n_features, width if condition == "state" else architecture.embedding_size)

    def forward(self, tokens: Tensor, lengths: Tensor, features: Tensor | None = None) -> Scored:
        """Scores of the next token at each step.

        Parameters
        ----------
        tokens : Tensor of shape (b, t)
            Read so far.
        lengths : Tensor of shape (b,)
            Of each text.
        features : Tensor of shape (b, 1, p), optional
            What texts are made from.

        Returns
        -------
        Scored
            Scores (b, t, V).
        """
        state = self.first_state(features)
        if state is not None:
            return self.read(tokens, lengths, state, features)[0]
        outputs, _ = self.network(self.vectors(tokens, features), lengths)  # from where a batch before ended, if any
        return Scored(self.head(outputs), lengths, None)

    def read(
        self, tokens: Tensor, lengths: Tensor, state: Any = None, features: Tensor | None = None
    ) -> tuple[Scored, Any]:
        """Scores of the next token at each step, and the state after the last one: to go on where one has stopped."""
        outputs, state = self.network.read(self.vectors(tokens, features), lengths, state)
        return Scored(self.head(outputs), lengths, None), state

    def vectors(self, tokens: Tensor, features: Tensor | None = None) -> Tensor:
        """Vectors of tokens (b, t, d); of a mark at the beginning, what the features say."""
        found = self.tokens(tokens)
        if features is not None and self.from_features is not None and self.condition == "input":
            found = torch.where((tokens == self.mark)[..., None], self.from_features(features), found)
        return self.dropout(found)

    def first_state(self, features: Tensor | None) -> Any:
        """State before the first step; None for zeros."""
        if features is None or self.from_features is None or self.condition != "state":
            return None
        flat = torch.tanh(self.from_features(features[:, 0]))  # (b, all units)
        parts = flat.split([n * units for n, units in self.sizes], 1)
        kinds = tuple(part.unflatten(1, size).transpose(0, 1).contiguous() for part, size in zip(parts, self.sizes))
        return kinds[0] if len(kinds) == 1 else kinds

    def windows(self, batch: Batch) -> Iterator[Batch]:
        """Parts of a batch of training, one update each, see `SequenceNetwork.windows`."""
        return self.network.windows(batch)
