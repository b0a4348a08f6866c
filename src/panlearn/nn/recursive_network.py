"""Recursive network: one layer applied at every node of a tree, to its children side by side [goller1996].

    a = (h_1, ..., h_n),     h = f(W a + b)                                  [socher2011]
    h = f(aᵀ V a + W a + b),   (aᵀ V a)_k = Σ_de V_kde a_d a_e               tensor term [socher2013]

The states of leaves are their inputs: word vectors. On a chain it is the plain recurrent network, and like that one it
forgets: gradients pass through one f' and one W a level. The tensor lets one child's vector act on the other's as a
matrix does ("not" on "good"); it costs H (n H)² numbers, so it takes small H (25 to 35 in the paper).

A forest is worked on level by level (`panlearn.nn.forest`): one product a level. Cost: 3 n H² multiply-adds an inner
node, forward and backward together, and n² H³ for each pass over the tensor. For long trees take a Tree-LSTM.

Course note: 003 §2.4.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from panlearn.nn.forest import Forest, check_input
from panlearn.nn.recursive_scan import FUNCTIONS, scan


class RecursiveNetwork(nn.Module):
    """Recursive network over trees whose nodes have up to n children, each in its position.

    Parameters
    ----------
    hidden_size : int
        Width H of the states, and of the input.
    n_children : int
        Positions, n; a child that is not there has state 0.
    nonlinearity : {"tanh", "relu", "sigmoid"}
        What is applied at inner nodes, f.
    tensor : bool
        Whether there is the tensor term.
    bias : bool
        Whether there is a bias.
    device, dtype : optional
        Of the parameters.

    Attributes
    ----------
    weight : Parameter of shape (H, n H)
        Weights of the children.
    bias : Parameter of shape (H,)
        Bias, or None.
    tensor : Parameter of shape (H, n H, n H)
        V, or None.

    References
    ----------
    [goller1996], [socher2011], [socher2013], note 003 §2.4

    Examples
    --------
    A sum over the leaves, if both blocks of the matrix are the identity and f does nothing to positive numbers.

    >>> import torch
    >>> from panlearn.nn import Forest, RecursiveNetwork
    >>> network = RecursiveNetwork(1, nonlinearity="relu", bias=False)
    >>> _ = torch.nn.init.ones_(network.weight)
    >>> forest = Forest.of_parents([-1, 0, 0, 2, 2])
    >>> network(torch.tensor([[1.0], [2.0], [3.0]]), forest).flatten().tolist()
    [6.0, 1.0, 5.0, 2.0, 3.0]
    """

    def __init__(
        self,
        hidden_size: int,
        n_children: int = 2,
        nonlinearity: str = "tanh",
        tensor: bool = False,
        bias: bool = True,
        *,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        for name, value in [("hidden_size", hidden_size), ("n_children", n_children)]:
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be an integer of at least 1, got {value!r}.")
        if nonlinearity not in FUNCTIONS:
            raise ValueError(f"nonlinearity must be one of {sorted(FUNCTIONS)}, got {nonlinearity!r}.")
        self.hidden_size, self.n_children, self.nonlinearity = hidden_size, n_children, nonlinearity
        width = n_children * hidden_size
        empty = lambda *shape: nn.Parameter(torch.empty(shape, device=device, dtype=dtype))  # noqa: E731
        self.weight = empty(hidden_size, width)
        self.bias = empty(hidden_size) if bias else None
        self.tensor = empty(hidden_size, width, width) if tensor else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weights from the uniform law between ±1/√(n H), the tensor's between ±1/(2 n H).

        Returns
        -------
        None
        """
        width = self.weight.shape[1]
        for parameter, reach in [(self.weight, width**-0.5), (self.bias, width**-0.5), (self.tensor, 0.5 / width)]:
            if parameter is not None:
                nn.init.uniform_(parameter, -reach, reach)

    def forward(self, input: Tensor, forest: Forest) -> Tensor:
        """States of all nodes.

        Parameters
        ----------
        input : Tensor of shape (number of leaves, H), or (N, H)
            States of the leaves, in the order of their numbers; or a row for each node, of which those of inner nodes
            are added inside f.
        forest : Forest
            The nodes.

        Returns
        -------
        Tensor of shape (N, H)
            States, by the number of the node; those of the roots are `h[forest.roots]`.

        Raises
        ------
        ValueError
            If a shape does not fit, or a node has more children than there are positions.
        """
        check_input(input, forest, self.hidden_size, self.n_children)
        forest = forest.to(input.device)
        if len(input) == forest.n_nodes:
            given = input[forest.order]
        else:
            given = F.pad(input, (0, 0, 0, forest.n_nodes - len(input)))
        if self.bias is not None:
            inner = torch.arange(forest.n_nodes, device=input.device) >= forest.n_leaves
            given = given + inner[:, None] * self.bias
        h = scan(given, self.weight, self.tensor, forest, self.nonlinearity)
        return h[forest.places]

    def extra_repr(self) -> str:
        """Sizes, for `repr`.

        Returns
        -------
        str
            They.
        """
        extra = "" if self.tensor is None else ", tensor=True"
        return f"{self.hidden_size}, {self.n_children}, {self.nonlinearity!r}{extra}"
