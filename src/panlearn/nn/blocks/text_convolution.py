"""Convolutional network over words [kim2014], [kalchbrenner2014].

    words -> vectors -> filters over windows of several widths -> pooling -> dropout -> one output a class

Each filter is a detector of a phrase of h words. Pooling says whether, not where, it was found:

    "max"            the best window of each filter: F features a width
    "k_max"          its k best windows, in their order: k F features
    "average"        the mean over its windows
    "dynamic_k_max"  two layers: the best half of the windows, in their order, then filters over those, then the k best

Monotone activations may stand before or behind the choice of the largest; behind it they are computed k times instead
of n + h - 1 times. The average is that of the activations.

Word vectors are learnt ("trainable"), kept ("static"), or both side by side, which share their filters ("both": the sum
of the two channels). A word that was never seen is row 0, nothing until training meets it.

After `update_rows(True)` the table of vectors is no parameter: each batch of training then works on a copy of its own
rows, left in `touched` with their gradient, and whoever trains changes those rows alone. A batch of 50 sentences holds
500 of 20,000 words.

Course note: 004 §6.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from panlearn.nn.activations import activation as activation_module
from panlearn.nn.blocks.dynamic_k_max_pool import DynamicKMaxPool1d
from panlearn.nn.blocks.word_convolution import convolve_words

POOLINGS = ("max", "k_max", "dynamic_k_max", "average")


class Touched(NamedTuple):
    """The rows of the table that a batch used."""

    rows: Tensor  # (u,) int64, each once
    vectors: Tensor  # (u, d) copies; .grad is their gradient after the backward pass


class TextConvolution(nn.Module):
    """Network of Kim, with Kalchbrenner's poolings.

    Parameters
    ----------
    n_words : int
        Rows of the table, the unknown word (row 0) included.
    dimension : int
        Of a word vector.
    n_outputs : int
        Classes.
    widths : sequence of int
        Words in a window.
    n_filters : int
        Filters of each width.
    pooling : str
        "max", "k_max", "dynamic_k_max" or "average".
    k : int
        Scores kept by "k_max", and by the last layer of "dynamic_k_max".
    activation : str or Module
        Behind the filters.
    dropout : float
        Share of the features dropped in training.
    channels : str
        "trainable", "static" or "both".
    spread : float
        Word vectors are drawn in [-spread, spread].

    References
    ----------
    [kim2014], [kalchbrenner2014], note 004 §6

    Examples
    --------
    What stands behind the end of a text plays no part.

    >>> import torch
    >>> network = TextConvolution(10, 4, 2).eval()
    >>> words = torch.tensor([[1, 2, 0, 0], [1, 2, 8, 9]])
    >>> a, b = network(words, torch.tensor([2, 2])).detach()
    >>> bool((a == b).all())
    True
    """

    fixed: Tensor | None

    def __init__(
        self,
        n_words: int,
        dimension: int,
        n_outputs: int,
        *,
        widths: tuple[int, ...] = (3, 4, 5),
        n_filters: int = 100,
        pooling: str = "max",
        k: int = 3,
        activation: str | nn.Module = "relu",
        dropout: float = 0.5,
        channels: str = "trainable",
        spread: float = 0.05,
    ) -> None:
        super().__init__()
        self.widths, self.pooling = tuple(widths), pooling
        self.trained, self.row_updates = channels != "static", False
        self.touched: Touched | None = None
        table = torch.empty(n_words, dimension).uniform_(-spread, spread)
        table[0] = 0.0
        self.table = nn.Parameter(table, requires_grad=self.trained)
        self.register_buffer("fixed", table.clone() if channels == "both" else None)
        reaches = [math.sqrt(6 / (h * (dimension + n_filters))) for h in self.widths for _ in range(h)]  # [glorot2010]
        drawn = torch.empty(len(reaches), n_filters, dimension).uniform_(-1, 1)
        self.filters = nn.Parameter(drawn * torch.tensor(reaches)[:, None, None])
        self.shift = nn.Parameter(torch.zeros(len(self.widths) * n_filters))
        self.activation = activation_module(activation)
        if pooling == "dynamic_k_max":
            self.first = DynamicKMaxPool1d(k, 1, 2)
            self.deeper = nn.ModuleList(nn.Conv1d(n_filters, n_filters, h, padding=h - 1) for h in self.widths)
        self.last = DynamicKMaxPool1d(k)
        self.dropout = nn.Dropout(dropout)
        kept = k if pooling in ("k_max", "dynamic_k_max") else 1
        self.head = nn.Linear(kept * len(self.shift), n_outputs)
        nn.init.zeros_(self.head.bias)

    def set_vectors(self, table: Tensor) -> None:
        """Start from word vectors learnt elsewhere.

        Parameters
        ----------
        table : Tensor of shape (n_words, dimension)
            Copied into the channels; rows of NaN, words without a vector, are drawn with the variance of the others.
        """
        known = ~table.isnan().any(1)
        reach = float((3 * table[known].var(correction=0)).sqrt())  # of a uniform law with that variance [kim2014]
        with torch.no_grad():
            table = table.where(known[:, None], torch.empty_like(table).uniform_(-reach, reach))
            self.table.copy_(table)
            if self.fixed is not None:
                self.fixed.copy_(table)

    def update_rows(self, apart: bool) -> None:
        """Choose whether the table is a parameter, or is changed row by row by whoever trains.

        Parameters
        ----------
        apart : bool
            Row by row.
        """
        self.row_updates = apart and self.trained
        self.table.data, self.table.grad = self.table.detach().clone(), None  # no view of other parameters any more
        self.table.requires_grad_(self.trained and not apart)

    def features(self, words: Tensor, lengths: Tensor) -> Tensor:
        """Pooled features of texts, (b, n_features).

        Parameters
        ----------
        words : Tensor of shape (b, t), int64
            Rows of the table; anything behind the end of a text.
        lengths : Tensor of shape (b,), int64
            Words of each text, at least 1.

        Returns
        -------
        Tensor of shape (b, n_features)
            Features.
        """
        inside = torch.arange(words.shape[1], device=words.device) < lengths[:, None]
        rows, places = words.masked_fill(~inside, 0).unique(return_inverse=True)
        scores = convolve_words(self._vectors(rows), self.filters, self.shift, places, lengths, self.widths)
        if self.pooling == "max":
            return self.activation(scores.max(1).values)
        if self.pooling == "average":
            found = scores > -torch.inf
            return (self.activation(scores.masked_fill(~found, 0.0)) * found).sum(1) / found.sum(1)
        scores = scores.transpose(1, 2)  # (b, c, t)
        if self.pooling == "dynamic_k_max":
            scores = self._deepen(scores, lengths)
        return self.activation(self.last(scores, lengths)[0]).flatten(1)

    def forward(self, words: Tensor, lengths: Tensor) -> Tensor:
        """Outputs (b, n_outputs), before any link; arguments as of `features`.

        Parameters
        ----------
        words : Tensor of shape (b, t), int64
            Rows of the table.
        lengths : Tensor of shape (b,), int64
            Words of each text, at least 1.

        Returns
        -------
        Tensor of shape (b, n_outputs)
            Outputs.
        """
        return self.head(self.dropout(self.features(words, lengths)))

    def _vectors(self, rows: Tensor) -> Tensor:
        """Vectors of some words, the sum of the channels."""
        if self.row_updates and self.training and torch.is_grad_enabled():
            self.touched = Touched(rows, self.table.detach()[rows].requires_grad_())
            vectors = self.touched.vectors
        else:
            vectors = self.table[rows]
        return vectors if self.fixed is None else vectors + self.fixed[rows]

    def _deepen(self, scores: Tensor, lengths: Tensor) -> Tensor:
        """Scores of the second layer, minus infinity behind the end of a row."""
        kept, sizes = self.first(scores, lengths)
        inside = torch.arange(kept.shape[2], device=kept.device) < sizes[:, None, None]
        kept = self.activation(kept) * inside  # zeros outside, whatever the activation makes of them
        groups, answers = kept.chunk(len(self.widths), 1), []
        reach = max(self.widths) - 1
        for h, convolution, group in zip(self.widths, self.deeper, groups):
            deeper = nn.functional.pad(convolution(group), (0, reach - h + 1))
            behind = torch.arange(deeper.shape[2], device=kept.device) >= (sizes + h - 1)[:, None, None]
            answers.append(deeper.masked_fill(behind, -torch.inf))
        return torch.cat(answers, 1)
