"""Multilayer perceptron with what was added to it since: normalisation, dropout, shortcuts, learned activations.

    h_0 = x,    h_l = dropout(f(norm(W_l h_{l-1} + b_l))),    z = W_L h_{L-1} + b_L        blocks="plain"

"residual" adds h_{l-1} to h_l, "highway" mixes the two by a gate, wherever both have the same width: the gradient then
has a way to the first layers that no activation weakens (note 004 §6). Batch or layer normalisation stands before the
activation [ioffe2015]; its units have gains of their own, so that the bias before it does nothing.

Universal: one hidden layer, wide enough, comes as near as wanted to any continuous function on a bounded region
[hornik1989]; deep ones need fewer units for functions made of functions (note 001 §5.3, 004 §3).

Cost: b sum_l in_l out_l multiplications a batch of b rows forward, twice that backward.
Course notes: 001 §5, 004 §3, §4 and §6.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from panlearn.nn.activations import activation as make_activation
from panlearn.nn.activations import units_per_output
from panlearn.nn.blocks.highway import Highway
from panlearn.nn.blocks.residual import Residual


class MultilayerPerceptron(nn.Sequential):
    r"""Dense layers with any activation, normalisation, dropout, and shortcuts.

    Parameters
    ----------
    sizes : sequence of int
        Inputs, units of each hidden layer, outputs.
    activation : str, default="relu"
        Any name of `panlearn.nn.activation`.
    dropout : float, default=0.0
        Share of the hidden units dropped in training.
    norm : {None, "batch", "layer"}, default=None
        Normalisation before the activation.
    blocks : {"plain", "residual", "highway"}, default="plain"
        Shortcuts round hidden layers whose input and output have the same width.

    References
    ----------
    [rumelhart1986], [ioffe2015], [srivastava2015], [he2016]; course notes 001 §5, 004 §3-§6

    Examples
    --------
    >>> from panlearn.nn import MultilayerPerceptron
    >>> network = MultilayerPerceptron([20, 64, 64, 2], norm="batch", blocks="residual")
    >>> [type(layer).__name__ for layer in network]
    ['Sequential', 'Residual', 'Linear']
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: str = "relu",
        dropout: float = 0.0,
        norm: str | None = None,
        blocks: str = "plain",
    ) -> None:
        hidden = []
        for inputs, units in pairwise(sizes[:-1]):
            shortcut = blocks != "plain" and inputs == units
            if shortcut and blocks == "highway":
                layers = [Highway(units, activation), *([nn.Dropout(dropout)] if dropout else [])]
                hidden.append(nn.Sequential(*layers))
                continue
            layer = dense(inputs, units, activation, dropout, norm)
            hidden.append(Residual(layer) if shortcut else layer)
        super().__init__(*hidden, nn.Linear(sizes[-2], sizes[-1]))


def dense(inputs: int, units: int, activation: str, dropout: float, norm: str | None) -> nn.Sequential:
    """One hidden layer: linear map, normalisation, activation, dropout.

    Parameters
    ----------
    inputs, units : int
        Widths.
    activation : str
        Its name; "maxout" has several linear units for each of `units`.
    dropout : float
        Share dropped.
    norm : {None, "batch", "layer"}
        Normalisation.

    Returns
    -------
    Sequential
        The layer.
    """
    width = units * units_per_output(activation)
    layers: list[nn.Module] = [nn.Linear(inputs, width)]
    if norm is not None:
        layers.append({"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}[norm](width))
    layers.append(make_activation(activation))
    if dropout:
        layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers)


class TableNetwork(nn.Module):
    """A network on a table: numbers as they are, categories as learned vectors.

    Parameters
    ----------
    embedding : Module
        Codes (b, c) to vectors (b, d).
    body : Module
        On numbers and vectors side by side, (b, p + d).

    Examples
    --------
    >>> import torch
    >>> from panlearn.nn import CategoryEmbedding, MultilayerPerceptron
    >>> embedding = CategoryEmbedding([3, 10])
    >>> network = TableNetwork(embedding, MultilayerPerceptron([4 + embedding.width, 8, 1]))
    >>> network(torch.zeros(5, 4), torch.zeros(5, 2, dtype=torch.int64)).shape
    torch.Size([5, 1])
    """

    def __init__(self, embedding: nn.Module, body: nn.Module) -> None:
        super().__init__()
        self.embedding, self.body = embedding, body

    def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:
        """Outputs before any link.

        Parameters
        ----------
        numbers : Tensor of shape (b, p)
            Numeric columns.
        codes : Tensor of shape (b, c)
            Codes of the categorical columns.

        Returns
        -------
        Tensor of shape (b, K)
            Outputs.
        """
        return self.body(torch.cat([numbers, self.embedding(codes)], 1))
