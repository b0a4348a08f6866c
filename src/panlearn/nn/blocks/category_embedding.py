"""Categories as learned vectors [guo2016].

    code k of column c  ->  row k of the table E_c, (levels + 1, d_c)

A column with K levels as zeros and ones has K inputs and says that all levels are equally unlike. A vector of a few
numbers for each level is learned with the rest of the network, and like levels come to lie side by side. It is the same
map, one-hot times a matrix, without the multiplications by zero.

Each column has one vector more than levels, the last: it stands for a value that is missing, or that training has not
seen; it starts at 0 and learns from rows with missing values. d_c is min(50, round(1.6 K^0.56)) numbers, the
common rule of thumb. Course note 002 (word vectors are the same device).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def width(levels: int) -> int:
    """Numbers that stand for a category of a column.

    Parameters
    ----------
    levels : int
        Categories there are.

    Returns
    -------
    int
        From 1 to 50.

    Examples
    --------
    >>> [width(levels) for levels in (2, 10, 1000, 100_000)]
    [2, 6, 50, 50]
    """
    return max(1, min(50, round(1.6 * levels**0.56)))


class CategoryEmbedding(nn.Module):
    """Vectors for the codes of several categorical columns, side by side.

    Parameters
    ----------
    levels : sequence of int
        Categories of each column.

    Attributes
    ----------
    width : int
        Numbers a row comes to.
    tables : ModuleList of Embedding
        (levels + 1, width of the column), the last row for missing or new values.

    References
    ----------
    [guo2016]; course notes 002

    Examples
    --------
    A level that was never seen is code `levels`; it says nothing until it has been trained:

    >>> import torch
    >>> embedding = CategoryEmbedding([2])
    >>> embedding(torch.tensor([[2]])).tolist()
    [[0.0, 0.0]]
    """

    def __init__(self, levels: Sequence[int]) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(k + 1, width(k)) for k in levels)
        self.width = sum(width(k) for k in levels)
        with torch.no_grad():
            for weight in self.parameters():
                weight.normal_(0.0, weight.shape[1] ** -0.5)  # length 1, as a one-hot column has
                weight[-1].zero_()

    def forward(self, codes: Tensor) -> Tensor:
        """Vectors of the rows.

        Parameters
        ----------
        codes : Tensor of shape (b, c)
            Whole numbers, 0 to the column's levels.

        Returns
        -------
        Tensor of shape (b, width)
            Floats.
        """
        return torch.cat([table(column) for table, column in zip(self.tables, codes.unbind(1))], 1)
