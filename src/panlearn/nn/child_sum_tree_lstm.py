"""Child-sum Tree-LSTM [tai2015]: the states of the children are summed, so there may be any number, in any order.

    s = Σ_k h_k,      f_k = σ(W_f x + U_f h_k + b_f)

It suits dependency trees, where a word has few or many dependants and each node has a word as input, and acyclic
graphs. Course note: 003 §2.4.
"""

from typing import Any

from torch import Tensor

from panlearn.nn.forest import Forest
from panlearn.nn.tree_lstm import TreeLSTM


class ChildSumTreeLSTM(TreeLSTM):
    """Tree-LSTM whose nodes have any number of children in any order.

    Parameters
    ----------
    input_size, hidden_size : int
        Width I of the input, and H of the states.
    bias : bool
        Whether gates have biases.
    device, dtype : optional
        Of the parameters.

    Attributes
    ----------
    weight_ih : Parameter of shape (4 H, I)
        Weights of the input in the gates i, f, g, o.
    weight_hh : Parameter of shape (4 H, H)
        Weights of the children's states: of their sum in i, g, o, of each one's own in its f.
    bias_ih, bias_hh : Parameter of shape (4 H,)
        Biases; two of them, as in `torch.nn.LSTMCell`, whose state dict is the same.

    References
    ----------
    [tai2015], note 003 §2.4

    Examples
    --------
    Brothers may change places.

    >>> import torch
    >>> from panlearn.nn import ChildSumTreeLSTM, Forest
    >>> cell, words = ChildSumTreeLSTM(3, 4), torch.randn(3, 3)
    >>> root = lambda words: cell(words, Forest.of_parents([-1, 0, 0]))[0][0]
    >>> torch.allclose(root(words), root(words[[0, 2, 1]]))
    True
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, *, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, 0, bias, device, dtype)

    def _forget_rows(self, given: Tensor, bias: Tensor, forest: Forest) -> Tensor:
        if len(given):
            return given[forest.parents] + bias
        return bias.expand(len(forest.parents), -1)
