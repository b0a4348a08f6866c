"""The network of a classifier of trees: word vectors, a cell at every node, one output a class at every node.

    x = E[word],     h = cell(x, the children's states),     z = V (m ∘ h) + d

In training the outputs of all nodes are given, since all may be labelled; else those of the roots. After
`update_rows(True)` the table of vectors is no parameter: each batch works on a copy of its own rows, left in `touched`
with their gradient, as in `panlearn.nn.blocks.text_convolution`.

Course note: 003 §2.4.
"""

import torch
from torch import Tensor, nn

from panlearn.core.errors import DataError
from panlearn.nn.blocks.text_convolution import Touched
from panlearn.nn.child_sum_tree_lstm import ChildSumTreeLSTM
from panlearn.nn.forest import Forest
from panlearn.nn.nary_tree_lstm import NaryTreeLSTM
from panlearn.nn.recursive_network import RecursiveNetwork

CELLS = ("nary", "child_sum", "recursive", "tensor")


class TreeNetwork(nn.Module):
    """Classifier of all nodes of trees.

    Parameters
    ----------
    n_words, embedding_size : int
        Rows and columns of the table of word vectors; row 0 is the unknown word.
    n_outputs : int
        Classes.
    cell : str
        "nary", "child_sum", "recursive" or "tensor"; the last two take states as wide as word vectors.
    hidden_size : int
        Width of the states.
    n_children : int
        Positions of children, which "child_sum" does not need.
    dropout : float
        Share of the word vectors' and of the states' components dropped in training.
    """

    def __init__(
        self,
        n_words: int,
        embedding_size: int,
        n_outputs: int,
        *,
        cell: str = "nary",
        hidden_size: int = 150,
        n_children: int = 2,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.trained, self.row_updates = True, False
        self.touched: Touched | None = None
        table = torch.empty(n_words, embedding_size).uniform_(-0.05, 0.05)
        table[0] = 0.0
        self.table = nn.Parameter(table)
        if cell == "nary":
            self.cell: nn.Module = NaryTreeLSTM(embedding_size, hidden_size, n_children)
        elif cell == "child_sum":
            self.cell = ChildSumTreeLSTM(embedding_size, hidden_size)
        elif embedding_size == hidden_size:
            self.cell = RecursiveNetwork(hidden_size, n_children, tensor=cell == "tensor")
        else:
            raise DataError(
                f"cell={cell!r} has states as wide as word vectors: hidden_size must be {embedding_size}, got "
                f"{hidden_size}."
            )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden_size, n_outputs)
        nn.init.zeros_(self.head.bias)

    def set_vectors(self, table: Tensor) -> None:
        """Start from word vectors learnt elsewhere.

        Parameters
        ----------
        table : Tensor of shape (n_words, embedding_size)
            Rows of NaN, words without a vector, keep the numbers drawn for them.
        """
        with torch.no_grad():
            self.table.copy_(torch.where(table.isnan(), self.table, table))

    def update_rows(self, apart: bool) -> None:
        """Choose whether the table is a parameter, or is changed row by row by whoever trains.

        Parameters
        ----------
        apart : bool
            Row by row.
        """
        self.row_updates = apart
        self.table.data, self.table.grad = self.table.detach().clone(), None  # no view of other parameters any more
        self.table.requires_grad_(not apart)

    def forward(self, words: Tensor, parents: Tensor, lengths: Tensor) -> Tensor:
        """Outputs before any link: of all nodes (b, m, K) in training, else of the roots (b, K).

        Parameters
        ----------
        words : Tensor of shape (b, m), int64
            Row of the table of each node, -1 where there is no word.
        parents : Tensor of shape (b, m), int64
            Parent of each node within its tree; -1 for node 0, the root.
        lengths : Tensor of shape (b,), int64
            Nodes of each tree.

        Returns
        -------
        Tensor
            Outputs; zeros behind the last node of a tree.
        """
        h, inside = self.states(words, parents, lengths)
        if not self.training:
            return self.head(h[lengths.cumsum(0) - lengths])
        z = self.head(self.dropout(h))
        return z.new_zeros(*words.shape, z.shape[1]).masked_scatter(inside[:, :, None], z)

    def states(self, words: Tensor, parents: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """States of all nodes; arguments as of `forward`.

        Parameters
        ----------
        words, parents : Tensor of shape (b, m), int64
            The trees.
        lengths : Tensor of shape (b,), int64
            Nodes of each.

        Returns
        -------
        h : Tensor of shape (sum of nodes, H)
            States, tree by tree.
        inside : Tensor of shape (b, m), bool
            Where the nodes stand.
        """
        inside = torch.arange(words.shape[1], device=words.device) < lengths[:, None]
        up, first = parents.cpu(), (lengths.cumsum(0) - lengths).cpu()[:, None]
        forest = Forest.of_parents((up + first.where(up >= 0, 0))[inside.cpu()]).to(words.device)
        flat = words[inside]
        at_leaves = flat[forest.leaves]
        if int((flat >= 0).sum()) > len(at_leaves):  # inner nodes hold words as well
            x = self._vectors(flat.clamp_min(0)) * (flat >= 0)[:, None]
        else:
            x = self._vectors(at_leaves)
        found = self.cell(self.dropout(x), forest)
        return found[0] if isinstance(found, tuple) else found, inside

    def _vectors(self, words: Tensor) -> Tensor:
        """Vectors of some words."""
        if not (self.row_updates and self.training and torch.is_grad_enabled()):
            return self.table[words]
        rows, places = words.unique(return_inverse=True)
        self.touched = Touched(rows, self.table.detach()[rows].requires_grad_())
        return self.touched.vectors[places]
