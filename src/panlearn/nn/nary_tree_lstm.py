"""N-ary Tree-LSTM [tai2015]: each child has a position with weights of its own.

    s = (h_1, ..., h_n),      f_k = σ(W_f x + U_fk s + b_fk)

A child that is not there has state 0. The forget gate of one child sees the others, so that the left branch may
silence the right one: "not" before an adjective. It suits binarised constituency trees, whose leaves are the words.
Course note: 003 §2.4.
"""

from typing import Any

from torch import Tensor

from panlearn.nn.forest import Forest
from panlearn.nn.tree_lstm import TreeLSTM


class NaryTreeLSTM(TreeLSTM):
    """Tree-LSTM whose nodes have up to n children, each in its position.

    Parameters
    ----------
    input_size, hidden_size : int
        Width I of the input, and H of the states.
    n_children : int
        Positions, n.
    bias : bool
        Whether gates have biases.
    device, dtype : optional
        Of the parameters.

    Attributes
    ----------
    weight_ih : Parameter of shape (4 H, I)
        Weights of the input in the gates i, f, g, o.
    weight_hh : Parameter of shape ((3 + n) H, n H)
        Weights of the children's states, side by side, in i, f_1, ..., f_n, g, o.
    bias_ih : Parameter of shape (4 H,)
        Biases.
    bias_hh : Parameter of shape ((3 + n) H,)
        Biases, for each position's forget gate another one. With n = 1 the state dict is that of `torch.nn.LSTMCell`.

    References
    ----------
    [tai2015], note 003 §2.4

    Examples
    --------
    With one child a node, it is the LSTM.

    >>> import torch
    >>> from panlearn.nn import Forest, NaryTreeLSTM
    >>> tree, chain = NaryTreeLSTM(3, 4, 1), torch.nn.LSTMCell(3, 4)
    >>> chain.load_state_dict(tree.state_dict())
    <All keys matched successfully>
    >>> first, second = torch.randn(2, 3)
    >>> h, c = tree(torch.stack([first, second]), Forest.of_parents([1, -1]))
    >>> torch.allclose(h[1], chain(second, chain(first))[0], atol=1e-6)
    True
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        n_children: int = 2,
        bias: bool = True,
        *,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if isinstance(n_children, bool) or not isinstance(n_children, int) or n_children < 1:
            raise ValueError(f"n_children must be an integer of at least 1, got {n_children!r}.")
        super().__init__(input_size, hidden_size, n_children, bias, device, dtype)

    @property
    def n_children(self) -> int:
        """Positions, n."""
        return self._n_children

    def extra_repr(self) -> str:
        """Sizes, for `repr`.

        Returns
        -------
        str
            They.
        """
        return super().extra_repr().replace(f"{self.hidden_size}", f"{self.hidden_size}, {self.n_children}", 1)

    def _forget_rows(self, given: Tensor, bias: Tensor, forest: Forest) -> Tensor:
        n_inner, (n, H) = forest.n_nodes - forest.n_leaves, bias.shape
        if len(given):
            return (given[forest.n_leaves :, None] + bias).view(-1, H)
        return bias.expand(n_inner, n, H).reshape(-1, H)
