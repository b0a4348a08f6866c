"""Tree-LSTM: an LSTM cell over the children of a node in the place of the one step before [tai2015].

    i, g, o = σ, tanh, σ of (W x + b + U s),      s = what the children say together
    f_k = σ(W_f x + b_f + what is said for child k)
    c = i ∘ g + Σ_k f_k ∘ c_k,      h = o ∘ tanh(c)

Each child has a forget gate of its own: a node can drop one branch and keep another. On a chain, where each node has
one child, this is the LSTM, and weights of `torch.nn.LSTMCell` load. What the children say together is the sum of
their states (`ChildSumTreeLSTM`: any number, in any order) or those states side by side (`NaryTreeLSTM`: a fixed
number, each in its place).

A forest is worked on level by level (`panlearn.nn.forest`). Cost: 3 (4 + n_children) H² multiply-adds a node and
less for leaves, as the plain LSTM a step, forward and backward together. It fails to help where the trees say no more
than the order of the words, and gradients still shrink along deep trees, if slower than with plain recursion.

Course note: 003 §2.2, §2.4.
"""

import math
from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from panlearn.nn.forest import Forest, check_input
from panlearn.nn.tree_lstm_scan import scan


class TreeLSTM(nn.Module):
    """Base of Tree-LSTMs; parameters and their names are those of `torch.nn.LSTMCell`.

    Parameters
    ----------
    input_size, hidden_size : int
        Width I of the input, and H of the states.
    n_children : int
        Positions of children, n; 0 where their states are summed.
    bias : bool
        Whether gates have biases.
    device, dtype
        Of the parameters.
    """

    def __init__(
        self, input_size: int, hidden_size: int, n_children: int, bias: bool, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        for name, value in [("input_size", input_size), ("hidden_size", hidden_size)]:
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be an integer of at least 1, got {value!r}.")
        self.input_size, self.hidden_size, self.bias, self._n_children = input_size, hidden_size, bias, n_children
        n = max(n_children, 1)
        rows = (3 + n) * hidden_size  # of i, of f for each position, of g, of o
        empty = lambda *shape: nn.Parameter(torch.empty(shape, device=device, dtype=dtype))  # noqa: E731
        self.weight_ih, self.weight_hh = empty(4 * hidden_size, input_size), empty(rows, n * hidden_size)
        self.bias_ih = empty(4 * hidden_size) if bias else None
        self.bias_hh = empty(rows) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters from the uniform law between ±1/√H, as torch's cells do.

        Returns
        -------
        None
        """
        reach = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -reach, reach)

    def forward(self, input: Tensor, forest: Forest) -> tuple[Tensor, Tensor]:
        """States of all nodes.

        Parameters
        ----------
        input : Tensor of shape (N, I), or (number of leaves, I)
            A row for each node; or for each leaf, in the order of their numbers, if inner nodes have no input.
        forest : Forest
            The nodes.

        Returns
        -------
        h, c : Tensor of shape (N, H)
            Hidden and inner states, by the number of the node; those of the roots are `h[forest.roots]`.

        Raises
        ------
        ValueError
            If a shape does not fit, or a node has more children than there are positions.
        """
        check_input(input, forest, self.input_size, self._n_children)
        forest = forest.to(input.device)
        gates, forget = self._gates(input, forest)
        H, n = self.hidden_size, max(self._n_children, 1)
        i, f, g, o = self.weight_hh.split([H, n * H, H, H])
        h, c = scan(gates, forget, torch.cat([i, g, o]), f, forest, self._n_children)
        return h[forest.places], c[forest.places]

    @abstractmethod
    def _forget_rows(self, given: Tensor, bias: Tensor, forest: Forest) -> Tensor:
        """Rows of forget gates from the input's part (N, H) or (0, H), and the biases of the positions (n, H)."""

    def _gates(self, input: Tensor, forest: Forest) -> tuple[Tensor, Tensor]:
        """What input and biases say to the gates i, g, o (N, 3 H), and to the forget gates; in the order of work."""
        H, n = self.hidden_size, max(self._n_children, 1)
        i, f, g, o = self.weight_ih.split(H)
        everywhere = len(input) == forest.n_nodes
        if everywhere:
            input = input[forest.order]
        known = F.linear(input, torch.cat([i, g, o]))
        given = F.linear(input, f) if everywhere else known.new_zeros(0, H)
        if self.bias_ih is None or self.bias_hh is None:
            bias, bias_forget = known.new_zeros(3 * H), known.new_zeros(n, H)
        else:
            ours, theirs = self.bias_ih.split(H), self.bias_hh.split([H, n * H, H, H])
            bias = torch.cat([ours[k] + theirs[k] for k in (0, 2, 3)])
            bias_forget = theirs[1].view(n, H) + ours[1]
        if not everywhere:
            known = torch.cat([known, known.new_zeros(forest.n_nodes - len(input), 3 * H)])
        return known + bias, self._forget_rows(given, bias_forget, forest)

    def extra_repr(self) -> str:
        """Sizes, for `repr`."""
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")
